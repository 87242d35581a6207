//! The command line of the real program, without Docker.

use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use tool_document::{Run, check, reasons_in_help, run, without_standard_input};

const SCHEMA: &str = include_str!("../schema.json");
const VERBS: [&[&str]; 10] = [
    &["ensure"],
    &["stop"],
    &["remove"],
    &["kubeconfig"],
    &["backup", "f"],
    &["restore", "f"],
    &["load", "i"],
    &["copy", "/proc/self/comm", "/d"],
    &["diagnose"],
    &["tunnel"],
];

/// The program with a home of its own and no Docker.
fn tool(home: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gw-container"));
    command
        .args(arguments)
        .env_clear()
        .env("HOME", home)
        .env("DOCKER_HOST", "unix:///nonexistent/docker.sock");
    command
}

fn ended(arguments: &[&str]) -> Run {
    let home = tempfile::tempdir().unwrap();
    let run = run(tool(home.path(), arguments));
    check(&run, SCHEMA);
    assert!(
        run.stderr.contains("error:") && run.stderr.contains("next:"),
        "{}",
        run.stderr
    );
    let left = std::fs::read_dir(home.path()).unwrap().count();
    assert_eq!(left, 0, "a refused run writes nothing");
    run
}

#[test]
fn the_committed_schema_is_the_programs_own() {
    let output = Command::new(env!("CARGO_BIN_EXE_gw-container"))
        .arg("--schema")
        .output()
        .unwrap();
    let own: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let committed: serde_json::Value = serde_json::from_str(SCHEMA).unwrap();
    assert_eq!(
        own, committed,
        "gw-container --schema > tools/gw-container/schema.json"
    );
}

#[test]
fn a_wrong_command_line_is_2() {
    for arguments in [
        &["ensure", "--no-such-flag"][..],
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
        &["kubeconfig", "--file="],
        &["backup"],
        &["restore"],
        &["restore", "a", "b"],
        &["load"],
        &["copy", "a"],
        &["copy", "/proc/self/comm", "relative"],
        &["copy", "/proc/self/comm", "/a", "--mode", "999"],
        &["diagnose", "--lines", "all"],
    ] {
        let run = ended(arguments);
        assert_eq!(run.code, 2, "{arguments:?}: {}", run.stdout);
    }
}

#[test]
fn a_wrong_name_is_2_from_the_flag_and_78_from_elsewhere() {
    for verb in VERBS {
        let run = ended(&[verb, &["--gateway", "no/name"][..]].concat());
        assert_eq!((run.code, run.reason()), (2, "invalid_gateway_name"), "{verb:?}");
    }
    let home = tempfile::tempdir().unwrap();
    let mut command = tool(home.path(), &["stop"]);
    command.env("OPENSHELL_GATEWAY", "no/name");
    let by_environment = run(command);
    assert_eq!(
        (by_environment.code, by_environment.reason()),
        (78, "invalid_gateway_name")
    );
    std::fs::create_dir_all(home.path().join(".config/openshell")).unwrap();
    std::fs::write(home.path().join(".config/openshell/active_gateway"), "../x").unwrap();
    let by_file = run(tool(home.path(), &["stop"]));
    assert_eq!((by_file.code, by_file.reason()), (78, "invalid_gateway_name"));
}

#[test]
fn no_docker_is_69_and_the_gateway_is_named() {
    for verb in VERBS {
        let run = ended(&[verb, &["--gateway", "g"][..]].concat());
        assert_eq!((run.code, run.reason()), (69, "docker_unreachable"), "{verb:?}");
        assert_eq!(run.document["gateway"], "g");
        assert_eq!(run.document["changed"], false);
    }
}

#[test]
fn no_home_is_78() {
    let home = tempfile::tempdir().unwrap();
    let mut command = tool(home.path(), &["stop"]);
    command.env_remove("HOME");
    let run = run(command);
    assert_eq!((run.code, run.reason()), (78, "no_home"));
    check(&run, SCHEMA);
}

#[test]
fn a_socket_that_this_user_may_not_use_is_77() {
    let home = tempfile::tempdir().unwrap();
    if !std::fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0) {
        println!("skipped: only root can become a user who may not use a socket");
        return;
    }
    std::fs::set_permissions(home.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    // The program's own folder may be closed to other users.
    let program = home.path().join("gw-container");
    // By a process of its own: one that another test starts at this moment would inherit the open copy, which is then busy.
    let copied = Command::new("cp")
        .args([env!("CARGO_BIN_EXE_gw-container").as_ref(), program.as_os_str()])
        .status();
    assert!(copied.unwrap().success());
    let closed = home.path().join("closed");
    std::fs::create_dir(&closed).unwrap();
    std::fs::set_permissions(&closed, std::fs::Permissions::from_mode(0o700)).unwrap();
    let socket = closed.join("docker.sock");
    let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    let mut command = Command::new(program);
    command
        .args(["ensure", "--docker-host", &format!("unix://{}", socket.display())])
        .env_clear()
        .env("HOME", home.path())
        .uid(65_534)
        .gid(65_534);
    let run = run(command);
    assert_eq!(
        (run.code, run.reason()),
        (77, "docker_permission"),
        "{}",
        run.stderr
    );
    assert!(run.document["error"]["hint"].as_str().unwrap().contains("docker"));
    check(&run, SCHEMA);
}

#[test]
fn every_reason_is_in_the_help() {
    let listed = reasons_in_help(Command::new(env!("CARGO_BIN_EXE_gw-container")));
    for reason in [
        "usage",
        "timed_out",
        "image_not_given",
        "image_missing",
        "port_taken",
        "bind_unavailable",
        "foreign_container",
        "spec_invalid",
        "volume_image_mismatch",
        "image_pull_failed",
        "gpu_unavailable",
        "network_ambiguous",
        "registry_password_unreadable",
        "journal_invalid",
        "node_command_failed",
        "source_unreadable",
        "spool_failed",
        "kubeconfig_locked",
        "no_volume",
        "backup_failed",
        "backup_unreadable",
        "backup_invalid",
        "gateway_exists",
        "restore_incomplete",
        "no_subnet",
        "no_api_port",
        "start_failed",
        "container_exited",
        "no_container",
        "not_running",
        "kubeconfig_invalid",
        "api_unreachable",
        "tunnel_port_taken",
        "tunnel_failed",
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
    ] {
        assert!(listed.iter().any(|word| word == reason), "{reason}: {listed:?}");
    }
    let mut unique = listed.clone();
    unique.sort();
    unique.dedup();
    assert_eq!(unique.len(), listed.len(), "a reason is listed twice");
}

#[test]
fn each_verb_has_its_help() {
    for verb in VERBS {
        let output = Command::new(env!("CARGO_BIN_EXE_gw-container"))
            .args([verb[0], "--help"])
            .output()
            .unwrap();
        assert!(output.status.success());
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(text.contains("--help") && text.contains("Exit codes"), "{text}");
    }
}

#[test]
fn standard_input_that_does_not_come_is_waited_for_no_longer_than_allowed() {
    let home = tempfile::tempdir().expect("a folder");
    let words = [
        "ensure",
        "--registry-username",
        "me",
        "--registry-password-file",
        "-",
    ];
    let ended = without_standard_input(|| tool(home.path(), &words));
    let codes = ended.each_ref().map(|run| (run.code, run.reason()));
    assert_eq!(codes, [(124, "timed_out"), (143, "interrupted")]);
}
