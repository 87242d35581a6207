//! `gw-wait grpc --through` to the shared gateway's server, which the real API server leads to.

use std::process::Command;

use cluster_fixture::SharedGateway;
use tool_document::{check, run};

#[test]
fn the_server_answers_through_its_service() {
    let Some(gateway) = SharedGateway::find() else {
        return;
    };
    let through = |service: &str, timeout: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gw-wait"));
        command
            .args(["grpc", "--through", service, "--timeout", timeout])
            .args([
                "--address",
                "127.0.0.1:1",
                "--gateway",
                &gateway.name,
                "--kubeconfig",
            ])
            .arg(gateway.kubeconfig())
            .env("XDG_CONFIG_HOME", &gateway.config);
        let ended = run(command);
        check(&ended, include_str!("../schema.json"));
        ended
    };
    let ended = through("openshell", "60s");
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let missing = through("no-such-service", "1s");
    assert_eq!(missing.code, 124, "{}", missing.stderr);
    assert_eq!(missing.document["last_cause"]["word"], "no_service");
}
