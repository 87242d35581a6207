//! Docker cannot be used at all.

use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixListener;
use std::process::Command;

use end_to_end::{Diagnosis, TestGateway, run_by, skipped_without_docker};

#[test]
fn docker_that_is_down() {
    if skipped_without_docker() {
        return;
    }
    let gateway = TestGateway::unmade();
    let socket = gateway.config().join("docker.sock");
    // A socket that nobody listens on.
    drop(UnixListener::bind(&socket).expect("a socket"));
    let host = format!("unix://{}", socket.display());
    let found = gateway.doctor(&["--docker-host", &host]).names(&["docker_down"]);
    let next = &found.finding("docker_down")["next"];
    assert!(
        next.as_str().is_some_and(|next| next.contains("start docker")),
        "{next}"
    );
    let absent = format!("unix://{}/none.sock", gateway.config().display());
    gateway
        .doctor(&["--docker-host", &absent])
        .names(&["docker_down"]);
}

#[test]
fn a_user_who_may_not_use_docker() {
    if skipped_without_docker() {
        return;
    }
    let gateway = TestGateway::unmade();
    let socket = gateway.config().join("docker.sock");
    let _listening = UnixListener::bind(&socket).expect("a socket");
    std::fs::set_permissions(&socket, std::fs::Permissions::from_mode(0o000)).expect("a file of one's own");
    let host = format!("unix://{}", socket.display());
    let own = gateway.command("doctor", &["--docker-host", &host]);
    // Root may connect to any socket by one capability.
    let mut command = Command::new("setpriv");
    command.args(["--bounding-set", "-dac_override,-dac_read_search", "--"]);
    if !is_root() {
        command = Command::new("env");
    }
    let found = Diagnosis::of(run_by(command, &own)).names(&["docker_permission"]);
    let next = &found.finding("docker_permission")["next"];
    assert!(
        next.as_str().is_some_and(|next| next.contains("usermod")),
        "{next}"
    );
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}
