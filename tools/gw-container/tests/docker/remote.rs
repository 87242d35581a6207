//! Docker on another machine, behind ssh: all that the verbs do goes through it.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use ssh_host::{ADDRESS, SshHost};

use crate::played_gateway::{PlayedGateway, docker, skipped};

fn through(host: &SshHost, gateway: &PlayedGateway, arguments: &[&str]) -> Command {
    let mut command = gateway.command(arguments);
    command
        .args(["--docker-host", &host.docker_host(), "--ssh-key", &host.key()])
        .env("PATH", host.path());
    command
}

fn done(host: &SshHost, gateway: &PlayedGateway, arguments: &[&str]) -> serde_json::Value {
    let run = tool_document::run(through(host, gateway, arguments));
    tool_document::check(&run, crate::played_gateway::SCHEMA);
    assert_eq!(run.code, 0, "{arguments:?}: {}", run.stderr);
    run.document
}

#[test]
fn every_verb_works_through_ssh_and_the_gateway_is_at_the_other_machine() {
    if skipped() {
        return;
    }
    let host = SshHost::new();
    let gateway = PlayedGateway::new();
    let port = gateway.port.to_string();
    let made = done(
        &host,
        &gateway,
        &["ensure", "--image", &gateway.image, "--port", &port],
    );
    let endpoint = format!("https://{ADDRESS}:{port}");
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
    assert_eq!(done(&host, &gateway, &["ensure"])["changed"], false);

    let file = gateway.folder().join("metadata.json").display().to_string();
    // The played node has no shell: what runs commands in it says so, by its own words.
    let copied = tool_document::run(through(&host, &gateway, &["copy", &file, "/file"]));
    assert_eq!(copied.code, 1, "{}", copied.stderr);
    assert!(done(&host, &gateway, &["diagnose"])["diagnosis"]["storage_driver"].is_string());
    let backup = tempfile::tempdir().expect("a folder");
    let backup = backup.path().join("backup").display().to_string();
    done(&host, &gateway, &["backup", &backup]);
    done(&host, &gateway, &["stop"]);
    assert_eq!(gateway.inspect("{{.State.Running}}"), "false");
    done(&host, &gateway, &["restore", &backup, "--yes"]);
    let other = done(&host, &gateway, &["ensure"]);
    assert_eq!(
        (&other["state_before"], &other["endpoint"]),
        (&"volume_only".into(), &endpoint.into())
    );
    done(&host, &gateway, &["remove", "--volume", "--yes"]);
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
    let seen = done(&host, &gateway, &["ensure"]);
    assert_eq!(seen["endpoint"], format!("https://{ADDRESS}:{}", gateway.port));
    assert!(
        seen["warnings"].to_string().contains("--bind 0.0.0.0"),
        "{}",
        seen["warnings"]
    );
    assert_eq!(seen["spec"]["bind"], "127.0.0.1", "nobody asked for another one");
}

#[test]
fn a_tunnel_leads_to_the_api_while_it_is_wanted() {
    if skipped() {
        return;
    }
    let host = SshHost::new();
    let gateway = PlayedGateway::new();
    let port = gateway.port.to_string();
    done(
        &host,
        &gateway,
        &["ensure", "--image", &gateway.image, "--port", &port],
    );
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("kubeconfig");
    let shown = file.display().to_string();
    let mut tunnel = through(
        &host,
        &gateway,
        &["tunnel", "--file", &shown, "--until-eof", "--timeout", "20s"],
    )
    .stdin(Stdio::piped())
    .stdout(Stdio::piped())
    .spawn()
    .expect("the program");
    wait_for(&mut tunnel, || file.exists());
    let text = std::fs::read_to_string(&file).expect("a kubeconfig");
    let own = text
        .lines()
        .find_map(|line| line.trim().strip_prefix("server: https://127.0.0.1:"));
    let own: u16 = own.expect("a server").parse().expect("a port");
    let api = gateway.inspect("{{(index (index .HostConfig.PortBindings \"6443/tcp\") 0).HostPort}}");
    assert_ne!(own.to_string(), api);

    // Nothing in the container listens there: that the connection was made is seen by what sshd was asked for.
    let mut connection = TcpStream::connect(("127.0.0.1", own)).expect("the tunnel listens");
    connection
        .set_read_timeout(Some(Duration::from_secs(60)))
        .expect("a limit");
    let _ = connection.write_all(b"hello");
    let _ = connection.read(&mut [0; 16]);
    assert!(
        host.log().contains(&format!("127.0.0.1 port {api}")),
        "{}",
        host.log()
    );

    drop(tunnel.stdin.take());
    let ended = tunnel.wait_with_output().expect("its end");
    assert_eq!(ended.status.code(), Some(0), "{ended:?}");
    let document: serde_json::Value = serde_json::from_slice(&ended.stdout).expect("a document");
    assert_eq!(document["api_endpoint"], format!("https://127.0.0.1:{own}"));
    assert!(TcpStream::connect(("127.0.0.1", own)).is_err());
    docker(&["rm", "--force", &gateway.resource()]);
}

fn wait_for(child: &mut Child, condition: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(60);
    while !condition() {
        let ended = child.try_wait().expect("its state");
        assert!(ended.is_none() && Instant::now() < end, "{ended:?}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
