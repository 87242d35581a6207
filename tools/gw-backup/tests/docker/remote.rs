//! Docker on another machine, behind ssh: all that the verbs do goes through it.

use std::process::Command;

use played_gateway::{PlayedGateway, schema, skipped};
use ssh_host::SshHost;

fn through(host: &SshHost, gateway: &PlayedGateway, tool: &str, arguments: &[&str]) -> Command {
    let mut command = gateway.tool(tool, arguments);
    host.reach(&mut command);
    command
}

fn done(host: &SshHost, gateway: &PlayedGateway, tool: &str, arguments: &[&str]) -> serde_json::Value {
    let run = tool_document::run(through(host, gateway, tool, arguments));
    tool_document::check(&run, &schema(tool));
    assert_eq!(run.code, 0, "{arguments:?}: {}", run.stderr);
    run.document
}

#[test]
fn a_gateway_on_another_machine_is_written_to_a_file_here_and_brought_back() {
    if skipped() {
        return;
    }
    let host = SshHost::new();
    let gateway = PlayedGateway::new();
    let port = gateway.port.to_string();
    let image = &gateway.image;
    let made = done(
        &host,
        &gateway,
        "gw-container",
        &["ensure", "--image", image, "--port", &port],
    );
    let folder = tempfile::tempdir().expect("a folder");
    let backup = folder.path().join("backup").display().to_string();
    done(&host, &gateway, "gw-backup", &["create", &backup]);
    done(&host, &gateway, "gw-container", &["stop"]);
    assert_eq!(gateway.inspect("{{.State.Running}}"), "false");
    done(&host, &gateway, "gw-backup", &["restore", &backup, "--yes"]);
    let other = done(&host, &gateway, "gw-container", &["ensure"]);
    assert_eq!(
        (&other["state_before"], &other["endpoint"]),
        (&"volume_only".into(), &made["endpoint"])
    );
    done(&host, &gateway, "gw-container", &["remove", "--volume", "--yes"]);
    assert_eq!(gateway.left(), Vec::<String>::new());
}
