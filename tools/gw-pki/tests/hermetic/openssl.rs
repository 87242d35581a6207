//! PKIs that openssl made, in forms that this project's own never have; and what openssl says of what the tool makes.

use std::fs;
use std::path::Path;
use std::process::Command;

use k8s_openapi::ByteString;
use serde_json::json;
use tempfile::TempDir;

use crate::scene::*;

const SERVER: &str = "subjectAltName=DNS:openshell,DNS:openshell.openshell.svc,\
    DNS:openshell.openshell.svc.cluster.local,DNS:localhost,DNS:host.docker.internal,IP:127.0.0.1\n\
    extendedKeyUsage=serverAuth\nbasicConstraints=CA:FALSE\n";
const CLIENT: &str = "extendedKeyUsage=clientAuth\nbasicConstraints=CA:FALSE\n";
const AUTHORITY: &str = "basicConstraints=critical,CA:TRUE\nkeyUsage=keyCertSign\n";

/// Words of openssl that make a key in `key.pem`.
const RSA: &[&str] = &[
    "genpkey",
    "-algorithm",
    "RSA",
    "-pkeyopt",
    "rsa_keygen_bits:2048",
    "-out",
    "key.pem",
];
const RSA_SHORT: &[&str] = &[
    "genpkey",
    "-algorithm",
    "RSA",
    "-pkeyopt",
    "rsa_keygen_bits:1024",
    "-out",
    "key.pem",
];
const RSA_PKCS1: &[&str] = &["genrsa", "-traditional", "-out", "key.pem", "2048"];
const EC_SEC1: &[&str] = &["ecparam", "-name", "prime256v1", "-genkey", "-out", "key.pem"];
const EC_384: &[&str] = &[
    "genpkey",
    "-algorithm",
    "EC",
    "-pkeyopt",
    "ec_paramgen_curve:P-384",
    "-out",
    "key.pem",
];
const ED25519: &[&str] = &["genpkey", "-algorithm", "ED25519", "-out", "key.pem"];

struct Workshop(TempDir);

/// PEM texts.
struct Made {
    certificate: Vec<u8>,
    key: Vec<u8>,
}

fn openssl(folder: &Path, words: &[&str]) {
    let output = Command::new("openssl")
        .args(words)
        .current_dir(folder)
        .output()
        .expect("openssl is installed");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "openssl {words:?}: {said}");
}

impl Workshop {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn openssl(&self, words: &[&str]) {
        openssl(self.0.path(), words);
    }

    fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.0.path().join(name)).unwrap()
    }

    fn write(&self, name: &str, content: &[u8]) {
        fs::write(self.0.path().join(name), content).unwrap();
    }

    /// A certificate by `issuer`, or by itself, with human-readable text before it, as `openssl x509 -text` has it.
    fn certificate(&self, key: &[&str], extensions: &str, issuer: Option<&Made>) -> Made {
        self.openssl(key);
        self.write("extensions", extensions.as_bytes());
        let subject = format!("/CN={:08x}", rand::random::<u32>());
        self.openssl(&[
            "req",
            "-new",
            "-key",
            "key.pem",
            "-subj",
            &subject,
            "-out",
            "request.pem",
        ]);
        let mut words = vec![
            "x509",
            "-req",
            "-in",
            "request.pem",
            "-days",
            "300",
            "-text",
            "-out",
            "certificate.pem",
        ];
        words.extend(["-extfile", "extensions"]);
        match issuer {
            Some(issuer) => {
                self.write("ca.pem", &issuer.certificate);
                self.write("ca-key.pem", &issuer.key);
                words.extend(["-CA", "ca.pem", "-CAkey", "ca-key.pem", "-CAcreateserial"]);
            }
            None => words.extend(["-signkey", "key.pem"]),
        }
        self.openssl(&words);
        Made {
            certificate: self.read("certificate.pem"),
            key: self.read("key.pem"),
        }
    }
}

fn secret(name: &str, secret_type: &str, values: &[(&str, &[u8])]) -> serde_json::Value {
    let data: serde_json::Map<_, _> = values
        .iter()
        .map(|(key, value)| {
            let value = serde_json::to_value(ByteString(value.to_vec())).unwrap();
            ((*key).to_owned(), value)
        })
        .collect();
    json!({ "metadata": { "name": name }, "type": secret_type, "data": data })
}

fn scene_of(ca: &[u8], server: &Made, client: &Made) -> Scene {
    let scene = Scene::empty();
    let leaf = |made: &Made| (made.certificate.clone(), made.key.clone());
    let ((certificate, key), (client_certificate, client_key)) = (leaf(server), leaf(client));
    let put = |name: &str, secret_type: &str, values: &[(&str, &[u8])]| {
        let path = format!("{SECRETS}/{name}");
        scene.api.put(&path, secret(name, secret_type, values));
    };
    put(
        OURS[1],
        "kubernetes.io/tls",
        &[("tls.crt", &certificate), ("tls.key", &key)],
    );
    put(OURS[2], "Opaque", &[("ca.crt", ca)]);
    put(
        OURS[3],
        "Opaque",
        &[
            ("tls.crt", &client_certificate),
            ("tls.key", &client_key),
            ("ca.crt", ca),
        ],
    );
    scene
}

fn assert_openssl_verifies(scene: &Scene) {
    let place = tempfile::tempdir().unwrap();
    for (name, value) in [
        ("ca.pem", scene.value(OURS[3], "ca.crt")),
        ("client-ca.pem", scene.value(OURS[2], "ca.crt")),
        ("server.pem", scene.value(OURS[1], "tls.crt")),
        ("client.pem", scene.value(OURS[3], "tls.crt")),
    ] {
        fs::write(place.path().join(name), value.unwrap()).unwrap();
    }
    let strict = ["verify", "-x509_strict", "-purpose"];
    for name in ["openshell", "localhost", "openshell.openshell.svc.cluster.local"] {
        let words = [
            "sslserver",
            "-verify_hostname",
            name,
            "-CAfile",
            "ca.pem",
            "server.pem",
        ];
        openssl(place.path(), &[&strict[..], &words].concat());
    }
    let words = [
        "sslserver",
        "-verify_ip",
        "127.0.0.1",
        "-CAfile",
        "ca.pem",
        "server.pem",
    ];
    openssl(place.path(), &[&strict[..], &words].concat());
    let words = ["sslclient", "-CAfile", "client-ca.pem", "client.pem"];
    openssl(place.path(), &[&strict[..], &words].concat());
}

#[test]
fn what_the_tool_makes_is_verified_by_openssl() {
    let scene = Scene::filled();
    assert_openssl_verifies(&scene);
    assert_eq!(scene.reconcile(&["--rotate", "leaf"]).code, 0);
    assert_openssl_verifies(&scene);
    assert_eq!(
        scene
            .reconcile(&["--rotate", "ca", "--key-type", "ecdsa-p384"])
            .code,
        0
    );
    assert_openssl_verifies(&scene);
}

#[test]
fn every_usual_form_is_adopted() {
    let workshop = Workshop::new();
    for key in [RSA, RSA_PKCS1, EC_SEC1, EC_384, ED25519] {
        let ca = workshop.certificate(key, AUTHORITY, None);
        let server = workshop.certificate(key, SERVER, Some(&ca));
        let client = workshop.certificate(key, CLIENT, Some(&ca));
        let scene = scene_of(&ca.certificate, &server, &client);
        let before = scene.api.dump(SECRETS);
        let run = scene.reconcile(&[]);
        assert_eq!(run.code, 0, "{key:?}: {}", run.stderr);
        assert_eq!(
            actions(&run),
            [("create".to_owned(), "bundle".to_owned())],
            "{key:?}"
        );
        assert_eq!(scene.api.dump(SECRETS), before, "{key:?}: byte for byte");
        scene.assert_connects();
        assert_eq!(scene.run(&["check"]).code, 0);
    }
}

#[test]
fn a_chain_by_way_of_an_intermediate_is_adopted() {
    let workshop = Workshop::new();
    let root = workshop.certificate(EC_SEC1, AUTHORITY, None);
    let between = workshop.certificate(EC_SEC1, AUTHORITY, Some(&root));
    let mut server = workshop.certificate(EC_SEC1, SERVER, Some(&between));
    server.certificate.extend_from_slice(&between.certificate);
    let client = workshop.certificate(EC_SEC1, CLIENT, Some(&root));
    let scene = scene_of(&root.certificate, &server, &client);
    let before = scene.api.dump(SECRETS);
    assert_eq!(scene.reconcile(&[]).code, 0);
    assert_eq!(scene.api.dump(SECRETS), before);
    scene.assert_connects();
}

#[test]
fn every_fault_is_named_and_healed() {
    let workshop = Workshop::new();
    let ca = workshop.certificate(EC_SEC1, AUTHORITY, None);
    let client = workshop.certificate(EC_SEC1, CLIENT, Some(&ca));
    let server = || workshop.certificate(EC_SEC1, SERVER, Some(&ca));
    let with = |extensions: &str| workshop.certificate(EC_SEC1, extensions, Some(&ca));
    let no_names = SERVER.split_once('\n').unwrap().1;
    let encrypted = {
        let made = server();
        workshop.write("plain.pem", &made.key);
        let words = [
            "pkcs8",
            "-topk8",
            "-in",
            "plain.pem",
            "-passout",
            "pass:word",
            "-out",
            "encrypted.pem",
        ];
        workshop.openssl(&words);
        Made {
            key: workshop.read("encrypted.pem"),
            ..made
        }
    };
    let der = {
        let made = server();
        workshop.write("text.pem", &made.certificate);
        workshop.openssl(&["x509", "-in", "text.pem", "-outform", "DER", "-out", "binary.der"]);
        Made {
            certificate: workshop.read("binary.der"),
            ..made
        }
    };
    let cut = {
        let mut made = server();
        made.certificate.truncate(made.certificate.len() - 60);
        made
    };
    let swapped = Made {
        key: server().key,
        ..server()
    };
    let of_ca_form = Made {
        certificate: workshop
            .certificate(
                EC_SEC1,
                &format!("{AUTHORITY}{}", SERVER.split_once('\n').unwrap().0),
                Some(&ca),
            )
            .certificate,
        key: workshop.read("key.pem"),
    };
    let faults: [(&str, Made, &[&str]); 10] = [
        ("no names", with(no_names), &["san_missing"]),
        (
            "for clients",
            with(&SERVER.replace("serverAuth", "clientAuth")),
            &["wrong_usage"],
        ),
        (
            "may not sign",
            with(&format!("{SERVER}keyUsage=keyEncipherment\n")),
            &["wrong_usage"],
        ),
        ("is a CA", of_ca_form, &["wrong_usage"]),
        ("an encrypted key", encrypted, &["invalid_pem"]),
        ("binary", der, &["invalid_pem"]),
        ("cut off", cut, &["invalid_pem"]),
        ("another one's key", swapped, &["key_mismatch"]),
        (
            "by itself",
            workshop.certificate(EC_SEC1, SERVER, None),
            &["incorrect_issuer"],
        ),
        (
            "too short a key",
            workshop.certificate(RSA_SHORT, SERVER, Some(&ca)),
            &["invalid_pem"],
        ),
    ];
    for (name, server, findings) in faults {
        let scene = scene_of(&ca.certificate, &server, &client);
        let checked = scene.run(&["check"]);
        assert_eq!(
            checked.document["certificates"][1]["findings"],
            json!(findings),
            "{name}"
        );
        assert_eq!(checked.code, 1, "{name}");
        let healed = scene.reconcile(&[]);
        assert_eq!(healed.code, 0, "{name}: {}", healed.stderr);
        scene.assert_connects();
        assert_openssl_verifies(&scene);
        assert_eq!(scene.run(&["check"]).code, 0, "{name}");
    }
}

/// A CA that may not be one is trusted by no library: it has to go.
#[test]
fn a_ca_without_its_mark_is_replaced() {
    let workshop = Workshop::new();
    let ca = workshop.certificate(EC_SEC1, "keyUsage=digitalSignature\n", None);
    let server = workshop.certificate(EC_SEC1, SERVER, Some(&ca));
    let client = workshop.certificate(EC_SEC1, CLIENT, Some(&ca));
    let scene = scene_of(&ca.certificate, &server, &client);
    let checked = scene.run(&["check"]);
    assert_eq!(
        checked.document["certificates"][2]["findings"],
        json!(["wrong_usage"])
    );
    assert_eq!(scene.reconcile(&[]).code, 0);
    assert_openssl_verifies(&scene);
}
