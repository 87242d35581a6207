//! `gw-wait sandbox` through the shared gateway, to a sandbox that it makes.

use std::io::Write;
use std::path::PathBuf;
use std::process::Command;

use cluster_fixture::{kubeconfig, run_apart};
use reference_base::client::{ClientTls, GatewayClient};
use serde_json::Value;
use tool_document::{Run, check};

/// The folder of the shared gateway's client files: its kubeconfig is in it.
fn folder() -> Option<PathBuf> {
    Some(kubeconfig()?.parent()?.to_owned())
}

#[test]
fn a_new_sandbox_is_waited_for_until_its_handshake() {
    let Some(folder) = folder() else { return };
    let text = std::fs::read_to_string(folder.join("metadata.json")).expect("metadata");
    let metadata: Value = serde_json::from_str(&text).expect("JSON");
    let endpoint = metadata["gateway_endpoint"]
        .as_str()
        .expect("an endpoint")
        .to_owned();
    let address = endpoint.trim_start_matches("https://").to_owned();
    let client = || {
        let tls = ClientTls::from_folder(&folder.join("mtls")).expect("the client bundle");
        GatewayClient::new(&endpoint, Some(tls)).expect("an endpoint")
    };
    let name = format!("wait-{}", std::process::id());
    let made = run_apart(async || client().make_reachable(&name).await.expect("a sandbox"));
    let wait = |id: &str, token: &str, flags: &[&str]| -> Run {
        let mut file = tempfile::NamedTempFile::new().expect("a file");
        file.write_all(token.as_bytes()).expect("a file");
        let mtls = folder.join("mtls");
        let mut command = Command::new(env!("CARGO_BIN_EXE_gw-wait"));
        command
            .args(["sandbox", "--address", &address, "--id", id, "--token-file"])
            .arg(file.path());
        for (flag, name) in [
            ("ca-cert", "ca.crt"),
            ("client-cert", "tls.crt"),
            ("client-key", "tls.key"),
        ] {
            command.arg(format!("--tls-{flag}")).arg(mtls.join(name));
        }
        command.args(flags);
        let ended = tool_document::run(command);
        check(&ended, include_str!("../schema.json"));
        ended
    };
    let ready = wait(&made.id, &made.token, &["--handshake"]);
    let wrong_token = wait(&made.id, "another", &[]);
    let unknown = wait("no-such-id", &made.token, &[]);
    run_apart(async || {
        let _ = client().delete_sandbox(&made.name).await;
    });
    assert_eq!(ready.code, 0, "{}", ready.stderr);
    println!(
        "a new sandbox: {} attempts, {} ms",
        ready.document["attempts"], ready.document["waited_ms"]
    );
    assert_eq!(
        (wrong_token.code, wrong_token.reason()),
        (77, "token_refused"),
        "{}",
        wrong_token.stderr
    );
    assert_eq!(
        (unknown.code, unknown.reason()),
        (1, "no_sandbox"),
        "{}",
        unknown.stderr
    );
}
