//! The command line of the real program, without a cluster.

use std::process::Command;

use cluster_fixture::unreachable_kubeconfig;
use tool_document::contract::Contract;
use tool_document::{check, run, without_standard_input};
const TOOL: Contract = Contract {
    program: env!("CARGO_BIN_EXE_gw-wait"),
    schema: include_str!("../schema.json"),
    verbs: &[
        "api",
        "namespace",
        "node",
        "rollout",
        "secret",
        "grpc",
        "tcp",
        "sandbox",
        "sandboxes",
    ],
    wrong: &[
        &[],
        &["sunrise"],
        &["grpc", "--address", "nowhere"],
        &["grpc", "--address", "h:0"],
        &["grpc", "--plaintext", "--tls-ca-cert", "f"],
        &["grpc", "--plaintext", "--tls-no-verify"],
        &["grpc", "--through", "service/x"],
        &["grpc", "--through", "x", "--published", "h:1"],
        &["rollout", "daemonset/x"],
        &["rollout", "--abort-on", "Rain"],
        &["rollout", "--abort-on", "CrashLoopBackOff=0"],
        &["tcp", "--abort-on", "NodePressure"],
        &["node", "--abort-on", "ImagePullBackOff"],
        &["node", "--since", "yesterday"],
        &["grpc", "--abort-on", "ImagePullBackOff=60"],
        &["secret"],
        &["tcp", "--address", "nowhere"],
        &["sandbox", "--id", "i"],
        &["sandboxes", "--workload", "daemonset/x"],
        &["sandboxes", "--abort-on", "CrashLoopBackOff"],
        &["sandboxes", "--since", "yesterday"],
        &["grpc", "--tls-ca-cert", "f", "--tls-client-cert", "f"],
        &["grpc", "--gateway", "no/name"],
        &["exited", "--pid", "0"],
    ],
    reasons: &[
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
        "process_gone",
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
    ],
    on_gateway: &[&["grpc"]],
    on_docker: &[&["tcp", "--abort-on", "GatewayExited"]],
    on_kubernetes: &[&["namespace"]],
};

tool_document::contract_tests!(TOOL);

fn tool() -> (Command, tempfile::TempDir) {
    let home = tempfile::tempdir().expect("a folder");
    let mut command = Command::new(TOOL.program);
    command
        .env("XDG_CONFIG_HOME", home.path())
        .env("HOME", home.path());
    command.env_remove("KUBECONFIG").env_remove("OPENSHELL_GATEWAY");
    (command, home)
}

#[test]
fn what_it_cannot_work_with_is_refused_at_once() {
    for (arguments, code, reason) in [
        (&["sandboxes", "--no-wait"][..], 78, "kubeconfig_invalid"),
        (
            &[
                "sandbox",
                "--id",
                "i",
                "--plaintext",
                "--token-file",
                "/nonexistent",
            ][..],
            78,
            "token_invalid",
        ),
        (&["node"][..], 78, "kubeconfig_invalid"),
        (&["rollout"][..], 78, "kubeconfig_invalid"),
        (
            &["grpc", "--plaintext", "--abort-on", "ContainerExited"][..],
            78,
            "kubeconfig_invalid",
        ),
        (
            &[
                "tcp",
                "--abort-on",
                "GatewayExited",
                "--docker-host",
                "unix:///nonexistent",
            ][..],
            69,
            "docker_unreachable",
        ),
        (
            &["grpc", "--plaintext", "--through", "openshell"][..],
            78,
            "kubeconfig_invalid",
        ),
        (&["secret", "s"][..], 78, "kubeconfig_invalid"),
        (&["grpc"][..], 78, "bundle_invalid"),
        (
            &["grpc", "--tls-ca-cert", "/etc/hostname"][..],
            78,
            "bundle_invalid",
        ),
        (&["api"][..], 78, "kubeconfig_invalid"),
        (
            &["api", "--kubeconfig", "/nonexistent"][..],
            78,
            "kubeconfig_invalid",
        ),
        (
            &["api", "--kubeconfig", "/etc/hostname"][..],
            78,
            "kubeconfig_invalid",
        ),
    ] {
        let (mut command, _home) = tool();
        command.args(arguments);
        let ended = run(command);
        assert_eq!(
            (ended.code, ended.reason()),
            (code, reason),
            "{arguments:?}: {}",
            ended.stderr
        );
        assert!(ended.stderr.contains("; next: "), "{}", ended.stderr);
        check(&ended, TOOL.schema);
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
    check(&ended, TOOL.schema);
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
