//! The contract of gw-nodeclean's command line. Nothing here needs a cluster.

use std::process::Command;

use tool_document::{check, reasons_in_help, run};

const SCHEMA: &str = include_str!("../schema.json");

fn tool() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gw-nodeclean"));
    command.env_remove("KUBECONFIG");
    command
}

#[test]
fn the_committed_schema_is_the_printed_one() {
    let printed = tool().arg("--schema").output().expect("the tool runs");
    assert_eq!(String::from_utf8_lossy(&printed.stdout).trim(), SCHEMA.trim());
}

#[test]
fn bad_input_is_refused_at_once() {
    for (arguments, code, reason) in [
        (vec!["--no-such-flag"], 2, "usage"),
        (vec!["--since", "yesterday"], 2, "usage"),
        (vec!["--grace", "40"], 2, "usage"),
        (vec!["--container-created", "2026-01-01T00:00:00Z"], 2, "usage"),
        (vec!["--keep", "n"], 78, "kubeconfig_invalid"),
        (vec!["--kubeconfig", "/nonexistent"], 78, "kubeconfig_invalid"),
    ] {
        let mut command = tool();
        command.args(&arguments);
        let ended = run(command);
        assert_eq!(
            (ended.code, ended.reason()),
            (code, reason),
            "{arguments:?}: {}",
            ended.stderr
        );
        assert!(ended.stderr.contains("; next: "), "{}", ended.stderr);
        assert_eq!(ended.document["changed"], false);
        check(&ended, SCHEMA);
    }
}

#[test]
fn an_api_that_does_not_answer_is_an_error_and_no_empty_cluster() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    drop(listener);
    let folder = tempfile::tempdir().expect("a folder");
    let kubeconfig = folder.path().join("kubeconfig");
    let text = format!(
        "apiVersion: v1\nkind: Config\nclusters: [{{name: c, cluster: {{server: 'https://127.0.0.1:{port}'}}}}]\n\
         users: [{{name: u, user: {{token: t}}}}]\ncontexts: [{{name: x, context: {{cluster: c, user: u}}}}]\ncurrent-context: x\n"
    );
    std::fs::write(&kubeconfig, text).expect("a file");
    let mut command = tool();
    command
        .args(["--keep", "n", "--timeout=1s", "--kubeconfig"])
        .arg(kubeconfig);
    let ended = run(command);
    assert_eq!(
        (ended.code, ended.reason()),
        (69, "api_unreachable"),
        "{}",
        ended.stderr
    );
    check(&ended, SCHEMA);
}

#[test]
fn every_reason_is_in_the_help() {
    let listed = reasons_in_help(tool());
    let sources = [
        include_str!("../src/plan.rs"),
        include_str!("../src/nodes.rs"),
        include_str!("../src/journal.rs"),
        include_str!("../src/rebind.rs"),
        include_str!("../src/bound.rs"),
    ];
    for reason in [
        "no_live_node",
        "bare_pods",
        "volume_not_understood",
        "volumes_skipped",
        "volume_refused",
        "volume_not_bound",
        "journal_invalid",
    ] {
        assert!(
            listed.iter().any(|word| word == reason),
            "{reason} is not in {listed:?}"
        );
        assert!(
            sources.iter().any(|source| source.contains(reason)),
            "{reason} is never reported"
        );
    }
}
