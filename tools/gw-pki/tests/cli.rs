//! The command line of the real program, without a cluster.

use std::process::Command;

use tool_document::contract::Contract;
use tool_document::run;
const TOOL: Contract = Contract {
    program: env!("CARGO_BIN_EXE_gw-pki"),
    schema: include_str!("../schema.json"),
    verbs: &["check", "reconcile", "export"],
    wrong: &[
        &["reconcile", "--unknown"],
        &["unknown"],
        &[],
        &["reconcile", "--docker-host", "x"],
        &["reconcile", "--timeout", "soon"],
        &["reconcile", "--san", "two words"],
        &["reconcile", "--san="],
        &["reconcile", "--lock-fd", "x"],
        &["reconcile", "--rotate", "all"],
        &["reconcile", "--key-type", "rsa"],
        &["reconcile", "--validity", "5"],
        &["reconcile", "--validity", "30s"],
        &["reconcile", "--validity", "90d", "--renew-before", "90d"],
        &["reconcile", "--ca-validity", "90d"],
        &["check", "--rotate", "ca"],
        &["export"],
    ],
    reasons: &[
        "kubeconfig_invalid",
        "api_unreachable",
        "api_error",
        "forbidden",
        "locked",
        "lock_fd_invalid",
        "no_home",
        "client_files_failed",
        "client_files_permission",
        "bundle_invalid",
        "output_refused",
        "secret_immutable",
        "issue_failed",
        "contended",
    ],
    on_gateway: &[],
    on_docker: &[],
    on_kubernetes: &[&["reconcile"], &["check"]],
};

tool_document::contract_tests!(TOOL);

#[test]
fn a_wrong_gateway_name_is_refused_before_any_call() {
    let api = cluster_fixture::FakeApi::with_namespace("openshell");
    let home = tempfile::tempdir().expect("a folder");
    let mut command = Command::new(TOOL.program);
    command
        .args(["reconcile", "--gateway", "../x", "--kubeconfig"])
        .arg(api.kubeconfig())
        .env("XDG_CONFIG_HOME", home.path());
    let run = run(command);
    assert_eq!((run.code, run.reason()), (2, "invalid_gateway_name"));
}
