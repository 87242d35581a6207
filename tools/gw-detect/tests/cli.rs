//! The contract of gw-detect's command line. Nothing here needs Docker.

use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::process::Command;

use tool_document::{check, reasons_in_help, run};

const SCHEMA: &str = include_str!("../schema.json");

fn tool() -> (Command, tempfile::TempDir) {
    let home = tempfile::tempdir().expect("a folder");
    let mut command = Command::new(env!("CARGO_BIN_EXE_gw-detect"));
    command
        .env("XDG_CONFIG_HOME", home.path())
        .env("HOME", home.path());
    for name in ["OPENSHELL_GATEWAY", "DOCKER_CONTEXT"] {
        command.env_remove(name);
    }
    command.env(
        "DOCKER_HOST",
        format!("unix://{}/docker.sock", home.path().display()),
    );
    (command, home)
}

#[test]
fn the_committed_schema_is_the_printed_one() {
    let (mut command, _home) = tool();
    let printed = command.arg("--schema").output().expect("the tool runs");
    assert_eq!(String::from_utf8_lossy(&printed.stdout).trim(), SCHEMA.trim());
}

#[test]
fn bad_input_is_refused_before_any_call() {
    for (arguments, code, reason) in [
        (vec!["--no-such-flag"], 2, "usage"),
        (vec!["--expect", "sleeping"], 2, "usage"),
        (vec!["--timeout", "soon"], 2, "usage"),
        (vec!["--gateway", "no/name"], 2, "invalid_gateway_name"),
        (vec!["--all", "--size"], 2, "usage"),
        (vec!["--all", "--expect", "serving"], 2, "usage"),
        (vec!["--all", "--gateway", "g"], 2, "usage"),
        (vec!["--docker-host", "ssh://-x"], 2, "docker_host_invalid"),
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
    let (mut command, _home) = tool();
    command.env("OPENSHELL_GATEWAY", "no/name");
    let ended = run(command);
    assert_eq!((ended.code, ended.reason()), (78, "invalid_gateway_name"));
}

#[test]
fn no_docker_is_an_error_and_no_state() {
    let (command, home) = tool();
    let ended = run(command);
    assert_eq!(
        (ended.code, ended.reason()),
        (69, "docker_unreachable"),
        "{}",
        ended.stderr
    );
    assert!(ended.document["state"].is_null());
    check(&ended, SCHEMA);
    assert_eq!(
        std::fs::read_dir(home.path()).expect("a folder").count(),
        0,
        "something was written"
    );
}

#[test]
fn docker_without_permission_is_named() {
    let (mut command, home) = tool();
    let socket = home.path().join("docker.sock");
    let _listener = std::os::unix::net::UnixListener::bind(&socket).expect("a socket");
    std::fs::set_permissions(&socket, std::fs::Permissions::from_mode(0o000)).expect("a mode");
    // Root may open any socket: the tool runs as nobody, from a copy that nobody may run.
    let copy = home.path().join("gw-detect");
    // Another process copies it: a program that this one has open for writing, in whatever thread forks, cannot be run.
    let copied = Command::new("cp")
        .arg(env!("CARGO_BIN_EXE_gw-detect"))
        .arg(&copy)
        .status();
    assert!(copied.expect("cp").success());
    std::fs::set_permissions(home.path(), std::fs::Permissions::from_mode(0o755)).expect("a mode");
    let is_root =
        std::fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0);
    if is_root {
        let mut other = Command::new(&copy);
        other
            .env("HOME", home.path())
            .env("DOCKER_HOST", format!("unix://{}", socket.display()));
        other.uid(65_534).gid(65_534);
        command = other;
    }
    let ended = run(command);
    assert_eq!(
        (ended.code, ended.reason()),
        (77, "docker_permission"),
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
        "usage",
        "docker_unreachable",
        "docker_permission",
        "docker_error",
        "docker_too_old",
        "no_home",
        "invalid_gateway_name",
    ] {
        assert!(
            listed.iter().any(|word| word == reason),
            "{reason} is not in {listed:?}"
        );
    }
}
