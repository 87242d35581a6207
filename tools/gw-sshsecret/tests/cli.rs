//! The command line and the document, without any cluster.

use std::process::Command;

use tool_document::{Run, check, reasons_in_help, run};

const SCHEMA: &str = include_str!("../schema.json");

fn tool(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gw-sshsecret"));
    command.args(arguments).env_remove("KUBECONFIG");
    command
}

fn checked(arguments: &[&str]) -> Run {
    let run = run(tool(arguments));
    check(&run, SCHEMA);
    run
}

#[test]
fn the_committed_schema_is_the_printed_one() {
    let printed = tool(&["--schema"]).output().unwrap().stdout;
    assert_eq!(String::from_utf8(printed).unwrap(), SCHEMA);
}

#[test]
fn a_wrong_command_line_is_a_usage_error() {
    for wrong in [
        &["reconcile", "--unknown"][..],
        &["unknown"],
        &[],
        &["reconcile", "--gateway", "g"],
        &["reconcile", "--timeout", "soon"],
        &["reconcile", "--adopt", "0123456789ab"],
        &["reconcile", "--adopt=hmac-sha256:0123456789aB"],
        &["check", "--rotate"],
        &["sign", "--time", "-1"],
        &["sign", "--token-file", "-", "--secret-file", "-"],
        &["verify", "--secret-file=-"],
        &["verify", "--skew-seconds", "5m"],
    ] {
        let run = checked(wrong);
        assert_eq!(
            (run.code, run.reason()),
            (2, "usage"),
            "{wrong:?}: {}",
            run.stderr
        );
    }
}

#[test]
fn a_wrong_kubeconfig_is_a_configuration_error() {
    let folder = env!("CARGO_MANIFEST_DIR");
    let cargo_file = format!("{folder}/Cargo.toml");
    for wrong in ["/nonexistent/kubeconfig", folder, &cargo_file] {
        let run = checked(&["reconcile", "--kubeconfig", wrong]);
        assert_eq!((run.code, run.reason()), (78, "kubeconfig_invalid"), "{wrong}");
    }
    let run = checked(&["reconcile"]);
    assert_eq!((run.code, run.reason()), (78, "kubeconfig_invalid"));
}

#[test]
fn an_api_server_that_is_not_there_is_unreachable() {
    let api = cluster_fixture::FakeApi::start();
    let kubeconfig = std::fs::read_to_string(api.kubeconfig()).unwrap();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), kubeconfig).unwrap();
    drop(api);
    let kubeconfig = file.path().to_str().unwrap();
    let run = checked(&["reconcile", "--kubeconfig", kubeconfig, "--timeout", "3s"]);
    assert_eq!(
        (run.code, run.reason()),
        (69, "api_unreachable"),
        "{}",
        run.stderr
    );
    assert_eq!(run.document["changed"], false);
}

#[test]
fn the_help_lists_every_reason() {
    let listed = reasons_in_help(tool(&["reconcile"]));
    for reason in [
        "usage",
        "timed_out",
        "interrupted",
        "kubeconfig_invalid",
        "api_unreachable",
        "api_error",
        "forbidden",
        "handshake_invalid",
        "sandboxes_disagree",
        "sandbox_secret_invalid",
        "adopt_refused",
        "contended",
        "no_random",
        "handshake_missing",
        "secret_immutable",
        "input_failed",
        "line_invalid",
    ] {
        assert!(
            listed.iter().any(|word| word == reason),
            "{reason} is not in {listed:?}"
        );
    }
}
