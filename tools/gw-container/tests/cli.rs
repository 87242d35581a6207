//! The command line of the real program, without Docker.

use std::process::Command;

use tool_document::contract::Contract;
use tool_document::without_standard_input;

const TOOL: Contract = Contract {
    program: env!("CARGO_BIN_EXE_gw-container"),
    schema: include_str!("../schema.json"),
    verbs: &["ensure", "stop", "remove"],
    wrong: &[
        &["ensure", "--no-such-flag"],
        &["no-such-verb"],
        &[],
        &["ensure", "--port", "0"],
        &["ensure", "--port", "65536"],
        &["ensure", "--port", "http"],
        &["ensure", "--bind", "here"],
        &["ensure", "--image="],
        &["ensure", "--tls-san", "a,b"],
        &["ensure", "--gateway-host", "a b"],
        &["ensure", "--confinement", "loose"],
        &["ensure", "--lock-timeout", "5"],
        &["ensure", "--lock-fd", "x"],
        &["ensure", "--plaintext", "--no-plaintext"],
        &["ensure", "--gpu", "--no-gpu"],
        &["ensure", "--pull", "sometimes"],
        &["ensure", "--env", "REGISTRY_PASSWORD=x"],
        &["ensure", "--env", "DISABLE_TLS=true"],
        &["ensure", "--env", "=x"],
        &["ensure", "--mount", "/a:/var/lib/rancher/k3s/server"],
        &["ensure", "--mount", "relative"],
        &["ensure", "--extra-host", "db:here"],
        &["ensure", "--dns", "name"],
        &["ensure", "--http-proxy", "http://me:pw@proxy"],
        &["ensure", "--k3s-arg", "a b"],
        &["ensure", "--registry-username", "me"],
        &["ensure", "--docker-host", "ssh://-host"],
        &["stop", "--grace", "soon"],
        &["remove", "--volume"],
        &["backup", "f"],
        &["load", "i"],
    ],
    reasons: &[
        "image_not_given",
        "image_missing",
        "port_taken",
        "volume_missing",
        "bind_unavailable",
        "foreign_container",
        "spec_invalid",
        "volume_image_mismatch",
        "volume_too_old",
        "image_pull_failed",
        "gpu_unavailable",
        "network_ambiguous",
        "registry_password_unreadable",
        "journal_invalid",
        "restore_incomplete",
        "no_subnet",
        "no_api_port",
        "start_failed",
        "container_exited",
        "no_container",
        "not_running",
        "kubeconfig_invalid",
        "api_unreachable",
        "docker_unreachable",
        "docker_permission",
        "docker_host_invalid",
        "docker_conflict",
        "docker_error",
        "docker_too_old",
        "no_home",
        "client_files_failed",
        "client_files_permission",
        "metadata_invalid",
        "locked",
        "lock_fd_invalid",
    ],
    on_gateway: &[&["ensure"], &["stop"], &["remove"]],
    on_docker: &[&["ensure"], &["stop"], &["remove"]],
    on_kubernetes: &[],
};

tool_document::contract_tests!(TOOL);

#[test]
fn standard_input_that_does_not_come_is_waited_for_no_longer_than_allowed() {
    let ended = without_standard_input(|| {
        let mut command = Command::new(TOOL.program);
        command
            .args(["ensure", "--registry-username", "me"])
            .args(["--registry-password-file", "-"]);
        command
    });
    let codes = ended.each_ref().map(|run| (run.code, run.reason()));
    assert_eq!(codes, [(124, "timed_out"), (143, "interrupted")]);
}
