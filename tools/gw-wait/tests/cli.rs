//! The contract of gw-wait's command line. Nothing here needs a cluster.

use std::process::Command;

use cluster_fixture::unreachable_kubeconfig;
use tool_document::{check, reasons_in_help, run, without_standard_input};

const SCHEMA: &str = include_str!("../schema.json");

fn tool() -> (Command, tempfile::TempDir) {
    let home = tempfile::tempdir().expect("a folder");
    let mut command = Command::new(env!("CARGO_BIN_EXE_gw-wait"));
    command
        .env("XDG_CONFIG_HOME", home.path())
        .env("HOME", home.path());
    command.env_remove("KUBECONFIG").env_remove("OPENSHELL_GATEWAY");
    (command, home)
}

#[test]
fn the_committed_schema_is_the_printed_one() {
    let (mut command, _home) = tool();
    let printed = command.arg("--schema").output().expect("the tool runs");
    assert_eq!(String::from_utf8_lossy(&printed.stdout).trim(), SCHEMA.trim());
}

#[test]
fn bad_input_is_refused_at_once() {
    for (arguments, code, reason) in [
        (vec![], 2, "usage"),
        (vec!["sunrise"], 2, "usage"),
        (vec!["grpc", "--address", "nowhere"], 2, "usage"),
        (vec!["grpc", "--address", "h:0"], 2, "usage"),
        (vec!["grpc", "--plaintext", "--tls-ca-cert", "f"], 2, "usage"),
        (vec!["grpc", "--plaintext", "--tls-no-verify"], 2, "usage"),
        (vec!["rollout", "daemonset/x"], 2, "usage"),
        (vec!["rollout", "--abort-on", "Rain"], 2, "usage"),
        (vec!["rollout", "--abort-on", "CrashLoopBackOff=0"], 2, "usage"),
        (vec!["tcp", "--abort-on", "NodePressure"], 2, "usage"),
        (vec!["node", "--abort-on", "ImagePullBackOff"], 2, "usage"),
        (vec!["node", "--since", "yesterday"], 2, "usage"),
        (vec!["grpc", "--abort-on", "ImagePullBackOff=60"], 2, "usage"),
        (vec!["secret"], 2, "usage"),
        (vec!["tcp", "--address", "nowhere"], 2, "usage"),
        (vec!["sandbox", "--id", "i"], 2, "usage"),
        (vec!["sandboxes", "--workload", "daemonset/x"], 2, "usage"),
        (vec!["sandboxes", "--abort-on", "CrashLoopBackOff"], 2, "usage"),
        (vec!["sandboxes", "--since", "yesterday"], 2, "usage"),
        (vec!["sandboxes", "--no-wait"], 78, "kubeconfig_invalid"),
        (
            vec![
                "sandbox",
                "--id",
                "i",
                "--plaintext",
                "--token-file",
                "/nonexistent",
            ],
            78,
            "token_invalid",
        ),
        (vec!["node"], 78, "kubeconfig_invalid"),
        (vec!["rollout"], 78, "kubeconfig_invalid"),
        (
            vec!["grpc", "--plaintext", "--abort-on", "ContainerExited"],
            78,
            "kubeconfig_invalid",
        ),
        (
            vec![
                "tcp",
                "--abort-on",
                "GatewayExited",
                "--docker-host",
                "unix:///nonexistent",
            ],
            69,
            "docker_unreachable",
        ),
        (vec!["secret", "s"], 78, "kubeconfig_invalid"),
        (
            vec!["grpc", "--tls-ca-cert", "f", "--tls-client-cert", "f"],
            2,
            "usage",
        ),
        (vec!["grpc", "--gateway", "no/name"], 2, "invalid_gateway_name"),
        (vec!["grpc"], 78, "bundle_invalid"),
        (
            vec!["grpc", "--tls-ca-cert", "/etc/hostname"],
            78,
            "bundle_invalid",
        ),
        (vec!["api"], 78, "kubeconfig_invalid"),
        (
            vec!["api", "--kubeconfig", "/nonexistent"],
            78,
            "kubeconfig_invalid",
        ),
        (
            vec!["api", "--kubeconfig", "/etc/hostname"],
            78,
            "kubeconfig_invalid",
        ),
    ] {
        let (mut command, _home) = tool();
        command.args(&arguments);
        let ended = run(command);
        assert_eq!(
            (ended.code, ended.reason()),
            (code, reason),
            "{arguments:?}: {}",
            ended.stderr
        );
        assert!(ended.stderr.contains("; next: "), "{}", ended.stderr);
        check(&ended, SCHEMA);
    }
}

#[test]
fn an_api_that_does_not_answer_is_waited_for_and_named_at_the_end() {
    let (mut command, _home) = tool();
    let kubeconfig = unreachable_kubeconfig();
    command
        .args(["api", "--timeout=700ms", "--kubeconfig"])
        .arg(kubeconfig.path());
    let ended = run(command);
    assert_eq!(
        (ended.code, ended.reason()),
        (124, "timed_out"),
        "{}",
        ended.stderr
    );
    assert_eq!(ended.document["last_cause"]["word"], "unreachable");
    assert!(
        ended.document["attempts"].as_u64().expect("a number") > 3,
        "{}",
        ended.document
    );
    check(&ended, SCHEMA);
}

#[test]
fn a_namespace_of_an_api_that_does_not_answer_is_no_absent_namespace() {
    let (mut command, _home) = tool();
    let kubeconfig = unreachable_kubeconfig();
    command
        .args(["namespace", "--timeout=1s", "--kubeconfig"])
        .arg(kubeconfig.path());
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
    let (command, _home) = tool();
    let listed = reasons_in_help(command);
    for reason in [
        "timed_out",
        "bundle_invalid",
        "kubeconfig_invalid",
        "api_unreachable",
        "forbidden",
        "namespace_terminating",
        "client_certificate_expired",
        "image_pull_back_off",
        "crash_loop_back_off",
        "container_exited",
        "gateway_exited",
        "docker_unreachable",
        "node_pressure",
        "token_invalid",
        "token_refused",
        "no_sandbox",
        "too_many_tunnels",
        "sandbox_unreachable",
        "handshake_refused",
        "no_ssh",
        "unexpected_status",
    ] {
        assert!(
            listed.iter().any(|word| word == reason),
            "{reason} is not in {listed:?}"
        );
    }
}

#[test]
fn standard_input_that_does_not_come_is_waited_for_no_longer_than_allowed() {
    let ended = without_standard_input(|| {
        let (mut command, _) = tool();
        command.args(["sandbox", "--id", "s", "--plaintext", "--token-file", "-"]);
        command
    });
    let codes = ended.each_ref().map(|run| (run.code, run.reason()));
    assert_eq!(codes, [(124, "timed_out"), (143, "interrupted")]);
}
