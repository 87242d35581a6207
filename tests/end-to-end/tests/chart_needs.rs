//! What charts of today need of a cluster: hooks that are Jobs, a Lease, a kind with two versions behind a conversion webhook, and
//! server-side apply.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::process::Command;
use std::sync::Arc;

use end_to_end::{Ended, LentPrograms, TestGateway, repository, skipped_without_docker, until};
use rcgen::{CertificateParams, KeyPair};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use serde_json::{Value, json};

/// A conversion webhook on this machine. It answers as long as the test's process lives.
struct Webhook {
    port: u16,
    certificate: String,
}

impl Webhook {
    fn started() -> Self {
        let key = KeyPair::generate().expect("a key");
        let names = vec!["needs-webhook.openshell.svc".to_owned()];
        let made = CertificateParams::new(names)
            .and_then(|params| params.self_signed(&key))
            .expect("a certificate");
        let secret = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions of TLS")
            .with_no_client_auth()
            .with_single_cert(vec![made.der().clone()], secret)
            .expect("a certificate and its key");
        let config = Arc::new(config);
        let listener = TcpListener::bind("0.0.0.0:0").expect("a port of this machine");
        let port = listener.local_addr().expect("its address").port();
        std::thread::spawn(move || {
            for socket in listener.incoming().flatten() {
                let config = Arc::clone(&config);
                std::thread::spawn(move || {
                    let connection = ServerConnection::new(config).expect("a connection");
                    // A caller that hangs up has what it wanted.
                    let _ = converse(StreamOwned::new(connection, socket));
                });
            }
        });
        Self {
            port,
            certificate: made.pem(),
        }
    }
}

/// HTTP/1.1 with a body of a known length, request by request.
fn converse<S: Read + Write>(stream: S) -> std::io::Result<()> {
    let mut reader = BufReader::new(stream);
    loop {
        let mut length = 0;
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line)? == 0 {
                return Ok(());
            }
            if line == "\r\n" {
                break;
            }
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse().unwrap_or(0);
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        let answer = converted(&serde_json::from_slice(&body)?).to_string();
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
            answer.len()
        );
        let writer = reader.get_mut();
        writer.write_all((head + &answer).as_bytes())?;
        writer.flush()?;
    }
}

/// A ConversionReview's answer: `spec.size` of v1alpha1 is `spec.capacity` of v1beta1.
fn converted(review: &Value) -> Value {
    let request = &review["request"];
    let wanted = &request["desiredAPIVersion"];
    let (from, to) = if wanted == "needs.example/v1beta1" {
        ("size", "capacity")
    } else {
        ("capacity", "size")
    };
    let objects = request["objects"].as_array().cloned().unwrap_or_default();
    let objects: Vec<Value> = objects
        .into_iter()
        .map(|mut object| {
            object["apiVersion"] = wanted.clone();
            if let Some(value) = object["spec"].as_object_mut().and_then(|spec| spec.remove(from)) {
                object["spec"][to] = value;
            }
            object
        })
        .collect();
    json!({
        "apiVersion": review["apiVersion"], "kind": review["kind"],
        "response": {"uid": request["uid"], "result": {"status": "Success"}, "convertedObjects": objects},
    })
}

/// helm in the gateway's container, on the chart that lies there.
fn helm(gateway: &TestGateway, verb: &str) {
    let words = "needs /tmp/needs --namespace openshell --values /tmp/needs.json --wait --timeout 180s";
    gateway.shell(&format!("HOME=/tmp helm {verb} {words}"));
}

#[test]
fn hooks_leases_converted_kinds_and_server_side_apply_work() {
    if skipped_without_docker() {
        return;
    }
    let gateway = TestGateway::started();
    let webhook = Webhook::started();
    let lent = LentPrograms::of_node();
    let mut authority = Command::new("base64");
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("ca");
    fs::write(&file, &webhook.certificate).expect("a file");
    authority.arg("--wrap=0").arg(&file);
    let values = json!({
        "programs": {"mounts": lent.mounts, "volumes": lent.volumes},
        "webhook": {
            "address": gateway.shell("getent ahostsv4 host.docker.internal | head -n 1 | cut -d ' ' -f 1"),
            "port": webhook.port,
            "ca": Ended::of(authority).well().stdout,
        },
    });
    let file = folder.path().join("needs.json");
    fs::write(&file, values.to_string()).expect("a file");
    let chart = repository().join("tests/end-to-end/charts/needs");
    for (from, to) in [(&chart, "needs"), (&file, "needs.json")] {
        let to = format!("{}:/tmp/{to}", gateway.resource());
        gateway.docker(&["cp", from.to_str().expect("plain text"), &to]);
    }

    // Where helm asks no cluster, it takes this node's version for one's.
    gateway.shell("HOME=/tmp helm template needs /tmp/needs --values /tmp/needs.json >/dev/null");
    let revision = || {
        gateway.kubectl(&[
            "-n",
            "openshell",
            "get",
            "configmap",
            "hook",
            "-o",
            "jsonpath={.data.revision}",
        ])
    };
    helm(&gateway, "install");
    assert_eq!(revision(), "1");
    helm(&gateway, "upgrade");
    assert_eq!(revision(), "2");

    let lease = r#"{"spec":{"holderIdentity":"somebody"}}"#;
    gateway.kubectl(&[
        "-n",
        "openshell",
        "patch",
        "lease",
        "needs-leader",
        "--type",
        "merge",
        "-p",
        lease,
    ]);

    gateway.kubectl(&[
        "wait",
        "--for=condition=Established",
        "crd/boxes.needs.example",
        "--timeout=60s",
    ]);
    let create = "kubectl -n openshell create -f - <<'END'\n\
        {\"apiVersion\": \"needs.example/v1alpha1\", \"kind\": \"Box\", \"metadata\": {\"name\": \"box\"}, \"spec\": {\"size\": 3}}\nEND";
    until("the webhook is asked", || {
        let mut command = Command::new("docker");
        command.args(["exec", &gateway.resource(), "sh", "-c", create]);
        Ended::of(command).code == 0
    });
    for (kind, path) in [
        ("boxes.v1beta1.needs.example", "jsonpath={.spec.capacity}"),
        ("boxes.v1alpha1.needs.example", "jsonpath={.spec.size}"),
    ] {
        let value = gateway.kubectl(&["-n", "openshell", "get", kind, "box", "-o", path]);
        assert_eq!(value, "3", "{kind}");
    }

    let apply = |manager: &str, value: &str, flags: &str| {
        let text = format!(
            "echo '{{\"apiVersion\": \"v1\", \"kind\": \"ConfigMap\", \"metadata\": {{\"name\": \"owned\"}}, \"data\": {{\"key\": \"{value}\"}}}}' | \
             kubectl -n openshell apply --server-side --field-manager {manager} {flags} -f - 2>&1"
        );
        let mut command = Command::new("docker");
        command.args(["exec", &gateway.resource(), "sh", "-c", &text]);
        Ended::of(command)
    };
    apply("one", "a", "").well();
    let refused = apply("other", "b", "");
    assert_eq!(refused.code, 1, "{}", refused.stdout);
    assert!(
        refused.stdout.contains(r#"conflict with "one""#),
        "{}",
        refused.stdout
    );
    apply("other", "b", "--force-conflicts").well();
}
