//! The command line and the document, without any cluster.

use std::path::Path;
use std::process::Command;

use tool_document::{Run, check, reasons_in_help, run};

const SCHEMA: &str = include_str!("../schema.json");

fn tool(arguments: &[&str], home: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gw-pki"));
    command
        .args(arguments)
        .env_remove("KUBECONFIG")
        .env_remove("OPENSHELL_GATEWAY")
        .env("XDG_CONFIG_HOME", home);
    command
}

fn checked(arguments: &[&str]) -> Run {
    let home = tempfile::tempdir().unwrap();
    let run = run(tool(arguments, home.path()));
    check(&run, SCHEMA);
    run
}

#[test]
fn the_committed_schema_is_the_printed_one() {
    let printed = tool(&["--schema"], Path::new("/")).output().unwrap().stdout;
    assert_eq!(String::from_utf8(printed).unwrap(), SCHEMA);
}

#[test]
fn a_wrong_command_line_is_a_usage_error() {
    for wrong in [
        &["reconcile", "--unknown"][..],
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
fn a_wrong_gateway_name_is_refused_before_any_call() {
    let api = cluster_fixture::FakeApi::with_namespace("openshell");
    let kubeconfig = api.kubeconfig().to_str().unwrap();
    let run = checked(&["reconcile", "--kubeconfig", kubeconfig, "--gateway", "../x"]);
    assert_eq!((run.code, run.reason()), (2, "invalid_gateway_name"));
}

#[test]
fn an_api_server_that_is_not_there_is_unreachable() {
    let api = cluster_fixture::FakeApi::start();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::copy(api.kubeconfig(), file.path()).unwrap();
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
    let listed = reasons_in_help(tool(&["reconcile"], Path::new("/")));
    for reason in [
        "usage",
        "timed_out",
        "interrupted",
        "invalid_gateway_name",
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
    ] {
        assert!(
            listed.iter().any(|word| word == reason),
            "{reason} is not in {listed:?}"
        );
    }
}
