//! The command line of the real program, without Docker.

use std::process::Command;

use cluster_fixture::unreachable_kubeconfig;
use tool_document::contract::Contract;
use tool_document::{check, run};

const TOOL: Contract = Contract {
    program: env!("CARGO_BIN_EXE_gw-detect"),
    schema: include_str!("../schema.json"),
    verbs: &[],
    wrong: &[
        &["--expect", "sleeping"],
        &["--all", "--size"],
        &["--all", "--expect", "serving"],
        &["--all", "--gateway", "g"],
        &["--all", "--context", "c"],
        &["--workload", "daemonset/x"],
        &["--docker-host", "ssh://-x"],
    ],
    reasons: &[
        "docker_unreachable",
        "docker_permission",
        "docker_host_invalid",
        "docker_error",
        "docker_too_old",
        "no_home",
        "cluster_file_invalid",
        "kubeconfig_invalid",
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

/// A gateway's folder names its cluster, and no Docker is asked.
#[test]
fn a_cluster_that_does_not_answer_is_a_state() {
    let home = tempfile::tempdir().expect("a folder");
    let kubeconfig = unreachable_kubeconfig();
    let folder = home.path().join(".config/openshell/gateways/g");
    std::fs::create_dir_all(&folder).expect("room");
    let kept = serde_json::json!({
        "kubeconfig": kubeconfig.path(), "context": "test", "namespace": "team", "endpoint": "http://127.0.0.1:1", "forward_port": 1,
        "spec": { "plaintext": true },
    });
    std::fs::write(folder.join("cluster.json"), kept.to_string()).expect("room");
    let detect = |words: &[&str]| {
        let mut command = Command::new(TOOL.program);
        command
            .args(words)
            .env_remove("OPENSHELL_GATEWAY")
            .env_remove("XDG_CONFIG_HOME")
            .env("HOME", home.path())
            .env("DOCKER_HOST", "unix:///nonexistent/docker.sock");
        let ended = run(command);
        check(&ended, TOOL.schema);
        ended
    };
    let ended = detect(&["--gateway", "g"]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert_eq!(ended.document["state"], "unreachable");
    assert_eq!(ended.document["place"], "cluster");
    assert_eq!(ended.document["endpoint"], "http://127.0.0.1:1");
    assert_eq!(ended.document["cluster"]["answers"], false);
    assert_eq!(detect(&["--gateway", "g", "--expect", "serving"]).code, 1);
    // Who has no Docker may have gateways on clusters.
    let all = detect(&["--all"]);
    assert_eq!(all.code, 0, "{}", all.stderr);
    assert_eq!(all.document["gateways"][0]["gateway"], "g");
    assert!(all.stderr.contains("are not listed"), "{}", all.stderr);
}
