//! Starts that cannot succeed: each says why, and leaves nothing half-made.

use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;

use end_to_end::{Ended, TestGateway, docker, driver, skipped_without_docker, tool};

fn nothing_was_made(gateway: &TestGateway) {
    let resource = gateway.resource();
    let filter = format!("name={resource}");
    for kind in [vec!["ps", "--all"], vec!["volume", "ls"], vec!["network", "ls"]] {
        let listed = docker(&[&kind[..], &["--quiet", "--filter", &filter]].concat());
        assert_eq!(listed, "", "{kind:?} has something of {resource}");
    }
}

#[test]
fn a_port_that_a_process_holds_is_named_before_anything_is_created() {
    if skipped_without_docker() {
        return;
    }
    let gateway = TestGateway::unmade();
    let held = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = held.local_addr().expect("an address").port().to_string();
    let ended = gateway.start(&["--port", &port]);
    assert_eq!(ended.code, 1, "{}", ended.stderr);
    assert!(ended.stderr.contains(&port), "{}", ended.stderr);
    assert!(
        ended.stderr.contains(&std::process::id().to_string()),
        "the holder is not named: {}",
        ended.stderr
    );
    nothing_was_made(&gateway);
}

#[test]
fn an_invalid_name_is_refused_before_any_call() {
    if skipped_without_docker() {
        return;
    }
    let mut command = driver();
    command.args(["status", "--gateway", "no/name"]);
    let ended = Ended::of(command);
    assert_eq!(ended.code, 2, "{}", ended.stderr);
    let mut command = driver();
    command.arg("status").env("OPENSHELL_GATEWAY", "no/name");
    assert_eq!(Ended::of(command).code, 78);
}

#[test]
fn no_docker_is_69_and_says_so() {
    if skipped_without_docker() {
        return;
    }
    let gateway = TestGateway::unmade();
    let ended = gateway.start(&["--docker-host", "unix:///nonexistent/docker.sock"]);
    assert_eq!(ended.code, 69, "{}", ended.stderr);
    assert!(ended.stderr.contains("next: "), "{}", ended.stderr);
    assert!(!gateway.folder().exists(), "client files were made");
}

#[test]
fn docker_without_permission_is_77() {
    if skipped_without_docker() {
        return;
    }
    let home = tempfile::tempdir().expect("a folder");
    std::fs::set_permissions(home.path(), std::fs::Permissions::from_mode(0o777)).expect("a mode");
    let copy = home.path().join("gw-detect");
    std::fs::copy(tool("gw-detect"), &copy).expect("the tool is built");
    let mut command = std::process::Command::new(copy);
    command
        .env("HOME", home.path())
        .env_remove("XDG_CONFIG_HOME")
        .uid(65_534)
        .gid(65_534);
    let ended = Ended::of(command);
    assert_eq!(ended.code, 77, "{}", ended.stderr);
    assert!(ended.stderr.contains("docker"), "{}", ended.stderr);
}

#[test]
fn an_image_that_is_not_there_is_named_and_nothing_is_made() {
    if skipped_without_docker() {
        return;
    }
    let gateway = TestGateway::unmade();
    let ended = gateway.start(&[
        "--image",
        "openshell/no-such-image:1",
        "--port",
        &gateway.port.to_string(),
    ]);
    assert_eq!(ended.code, 1, "{}", ended.stderr);
    assert!(
        ended.stderr.contains("openshell/no-such-image:1"),
        "{}",
        ended.stderr
    );
    nothing_was_made(&gateway);
}

#[test]
fn destroying_off_a_terminal_needs_consent() {
    if skipped_without_docker() {
        return;
    }
    let gateway = TestGateway::unmade();
    docker(&["volume", "create", &gateway.resource()]);
    let ended = gateway.run("destroy", &[]);
    assert_eq!(ended.code, 2, "{}", ended.stderr);
    assert!(ended.stderr.contains("--yes"), "{}", ended.stderr);
    assert_eq!(
        docker(&[
            "volume",
            "ls",
            "--quiet",
            "--filter",
            &format!("name={}", gateway.resource())
        ]),
        gateway.resource()
    );
    gateway.run("destroy", &["--yes"]).well();
    nothing_was_made(&gateway);
}
