//! Docker on another machine, behind ssh: all that the verbs do goes through it.

use std::net::TcpStream;

use played_gateway::{PlayedGateway, skipped};
use ssh_host::{ADDRESS, SshHost};

#[test]
fn every_verb_works_through_ssh_and_the_gateway_is_at_the_other_machine() {
    if skipped() {
        return;
    }
    let host = SshHost::new();
    let gateway = PlayedGateway::new();
    let made = gateway.created_through(&host);
    let endpoint = format!("https://{ADDRESS}:{}", gateway.port);
    assert_eq!(made["endpoint"], endpoint);
    assert_eq!(
        (&made["needs_tunnel"], &made["published"]),
        (&true.into(), &serde_json::Value::Null)
    );
    assert_eq!(made["spec"]["bind"], "0.0.0.0");
    assert_eq!(made["spec"]["tls_sans"], serde_json::json!([ADDRESS.to_string()]));
    TcpStream::connect((ADDRESS, gateway.port)).expect("it is published where clients reach it");
    let metadata = std::fs::read(gateway.folder().join("metadata.json")).expect("a file");
    let metadata: serde_json::Value = serde_json::from_slice(&metadata).expect("a document");
    let destination = host.destination();
    let named = destination.split(':').next().expect("a host");
    assert_eq!(
        (
            &metadata["is_remote"],
            &metadata["remote_host"],
            &metadata["resolved_host"]
        ),
        (&true.into(), &named.into(), &ADDRESS.to_string().into())
    );
    assert_eq!(
        gateway.done_through(&host, "gw-container", &["ensure"])["changed"],
        false
    );

    gateway.done_through(&host, "gw-container", &["stop"]);
    assert_eq!(gateway.inspect("{{.State.Running}}"), "false");
    gateway.done_through(&host, "gw-container", &["remove"]);
    let other = gateway.done_through(&host, "gw-container", &["ensure"]);
    assert_eq!(
        (&other["state_before"], &other["endpoint"]),
        (&"volume_only".into(), &endpoint.into())
    );
    gateway.done_through(&host, "gw-container", &["remove", "--volume", "--yes"]);
    assert_eq!(gateway.left(), Vec::<String>::new());
}

#[test]
fn a_port_that_the_other_machine_keeps_to_itself_is_told() {
    if skipped() {
        return;
    }
    let host = SshHost::new();
    let gateway = PlayedGateway::new();
    gateway.created();
    let seen = gateway.done_through(&host, "gw-container", &["ensure"]);
    assert_eq!(seen["endpoint"], format!("https://{ADDRESS}:{}", gateway.port));
    assert!(
        seen["warnings"].to_string().contains("--bind 0.0.0.0"),
        "{}",
        seen["warnings"]
    );
    assert_eq!(seen["spec"]["bind"], "127.0.0.1", "nobody asked for another one");
}
