//! Docker on another machine, behind ssh: all that the verbs do goes through it.

use played_gateway::{PlayedGateway, skipped};
use ssh_host::SshHost;

#[test]
fn a_gateway_on_another_machine_is_written_to_a_file_here_and_brought_back() {
    if skipped() {
        return;
    }
    let host = SshHost::new();
    let gateway = PlayedGateway::new();
    let made = gateway.created_through(&host);
    let folder = tempfile::tempdir().expect("a folder");
    let backup = folder.path().join("backup").display().to_string();
    gateway.done_through(&host, "gw-backup", &["create", &backup]);
    gateway.done_through(&host, "gw-container", &["stop"]);
    assert_eq!(gateway.inspect("{{.State.Running}}"), "false");
    gateway.done_through(&host, "gw-backup", &["restore", &backup, "--yes"]);
    let other = gateway.done_through(&host, "gw-container", &["ensure"]);
    assert_eq!(
        (&other["state_before"], &other["endpoint"]),
        (&"volume_only".into(), &made["endpoint"])
    );
    gateway.done_through(&host, "gw-container", &["remove", "--volume", "--yes"]);
    assert_eq!(gateway.left(), Vec::<String>::new());
}
