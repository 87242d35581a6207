//! Faults of this host's side: client files, clock, networks.

use std::fs;
use std::process::Command;

use end_to_end::Ended;

use crate::scene::{Fault, Heal, Scene};

pub fn faults() -> Vec<Fault> {
    vec![
        Fault {
            cause: "kubeconfig_stale",
            object: "/kubeconfig",
            inject: another_port,
            heal: Heal::ByAdvice,
            is_slow: false,
        },
        Fault {
            cause: "client_bundle_differs",
            object: "/mtls",
            inject: another_authority,
            heal: Heal::ByHand(own_authority),
            is_slow: false,
        },
        Fault {
            cause: "clock_skew",
            object: "clock",
            inject: |scene| fs::write(scene.kept.path().join("clock"), "+10m").expect("room"),
            heal: Heal::ByHand(|scene| fs::remove_file(scene.kept.path().join("clock")).expect("the file")),
            is_slow: false,
        },
        Fault {
            cause: "network_duplicate",
            object: "network openshell-cluster-",
            inject: second_network,
            heal: Heal::ByAdvice,
            is_slow: false,
        },
    ]
}

/// As after a start by another tool, which published the API elsewhere.
fn another_port(scene: &Scene) {
    let path = scene.gateway.folder().join("kubeconfig");
    let text = fs::read_to_string(&path).expect("the kubeconfig");
    let own = text
        .lines()
        .find(|line| line.contains("server: https://"))
        .expect("a server");
    fs::write(&path, text.replace(own.trim(), "server: https://127.0.0.1:1")).expect("the kubeconfig");
}

/// As after the gateway was made anew elsewhere.
fn another_authority(scene: &Scene) {
    let own = scene.gateway.folder().join("mtls/ca.crt");
    fs::copy(&own, scene.kept.path().join("ca.crt")).expect("the bundle");
    let key = scene.kept.path().join("other.key");
    let mut openssl = Command::new("openssl");
    openssl
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:P-256",
            "-nodes",
        ])
        .args(["-subj", "/CN=another", "-days", "1", "-keyout"])
        .arg(key)
        .arg("-out")
        .arg(&own);
    Ended::of(openssl).well();
}

fn own_authority(scene: &Scene) {
    fs::copy(
        scene.kept.path().join("ca.crt"),
        scene.gateway.folder().join("mtls/ca.crt"),
    )
    .expect("the bundle");
}

/// The docker command line refuses a second network of a name; Docker itself does not.
fn second_network(scene: &Scene) {
    let body = serde_json::json!({ "Name": scene.gateway.resource() }).to_string();
    let mut curl = Command::new("curl");
    curl.args([
        "--silent",
        "--show-error",
        "--fail",
        "--unix-socket",
        "/var/run/docker.sock",
    ])
    .args(["--header", "content-type: application/json", "--data", &body])
    .arg("http://docker/v1.41/networks/create");
    Ended::of(curl).well();
}
