//! A tool that ends without a document.

use std::os::unix::fs::{PermissionsExt, symlink};
use std::process::Command;

use end_to_end::{Diagnosis, Ended, TestGateway, repository, skipped_without_docker, tool};

#[test]
fn a_tool_that_is_killed_is_named() {
    if skipped_without_docker() {
        return;
    }
    let gateway = TestGateway::unmade();
    // As an installed driver finds its tools.
    let installed = tempfile::tempdir().expect("a folder");
    let programs = installed.path().join("programs");
    std::fs::create_dir(&programs).expect("a folder");
    symlink(repository().join("scripts"), installed.path().join("scripts")).expect("a link");
    for name in ["gw-detect", "gw-doctor"] {
        symlink(tool(name), programs.join(name)).expect("a link");
    }
    let killed = programs.join("gw-node");
    std::fs::write(&killed, "#!/bin/sh\nkill -KILL $$\n").expect("room");
    std::fs::set_permissions(&killed, std::fs::Permissions::from_mode(0o755)).expect("a file of one's own");
    let doctor = || {
        let mut command = Command::new(installed.path().join("scripts/openshell"));
        command
            .args(["doctor", "--gateway", &gateway.name])
            .env("XDG_CONFIG_HOME", gateway.config());
        command
    };

    let found = Diagnosis::of(doctor()).names(&["no_gateway"]);
    let reason = "gw-node ended with 137 and without a document";
    let unread = &found.document["unread"];
    assert_eq!(unread[0]["name"], "container", "{unread}");
    assert_eq!(unread[0]["reason"], reason);
    let told = Ended::of(doctor());
    assert_eq!(told.code, 1, "{}", told.stderr);
    let line = format!("not judged: container: {reason}");
    assert!(
        told.stdout.lines().any(|told| told == line),
        "{}\n{}",
        told.stdout,
        told.stderr
    );
}
