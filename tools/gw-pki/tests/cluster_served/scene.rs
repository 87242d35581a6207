//! Runs of the tool on the shared gateway.

use std::process::Command;

use cluster_fixture::SharedGateway;
use tool_document::{Run, check};

pub fn tool(gateway: &SharedGateway, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gw-pki"));
    command
        .args(words)
        .args(["--gateway", &gateway.name, "--timeout", "4m", "--kubeconfig"])
        .arg(gateway.kubeconfig())
        .env("XDG_CONFIG_HOME", &gateway.config);
    command
}

pub fn run(gateway: &SharedGateway, words: &[&str]) -> Run {
    let run = tool_document::run(tool(gateway, words));
    check(&run, include_str!("../../schema.json"));
    run
}
