//! The command line of the real program, without Docker.

use std::process::Command;

use tool_document::contract::Contract;
use tool_document::run;
const TOOL: Contract = Contract {
    program: env!("CARGO_BIN_EXE_gw-detect"),
    schema: include_str!("../schema.json"),
    verbs: &[],
    wrong: &[
        &["--expect", "sleeping"],
        &["--all", "--size"],
        &["--all", "--expect", "serving"],
        &["--all", "--gateway", "g"],
        &["--docker-host", "ssh://-x"],
    ],
    reasons: &[
        "docker_unreachable",
        "docker_permission",
        "docker_host_invalid",
        "docker_error",
        "docker_too_old",
        "no_home",
    ],
    on_gateway: &[&[]],
    on_docker: &[&[]],
    on_kubernetes: &[],
};

tool_document::contract_tests!(TOOL);

#[test]
fn no_docker_is_no_state() {
    let home = tempfile::tempdir().expect("a folder");
    let mut command = Command::new(TOOL.program);
    command
        .env("HOME", home.path())
        .env("DOCKER_HOST", "unix:///nonexistent/docker.sock");
    assert!(run(command).document["state"].is_null());
}
