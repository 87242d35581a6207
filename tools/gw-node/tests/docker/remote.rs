//! Docker on another machine, behind ssh: all that the verbs do goes through it.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use played_gateway::{PlayedGateway, docker, skipped};
use ssh_host::SshHost;

#[test]
fn a_file_and_a_diagnosis_go_through_ssh() {
    if skipped() {
        return;
    }
    let host = SshHost::new();
    let gateway = PlayedGateway::new();
    gateway.created_through(&host);
    let file = gateway.folder().join("metadata.json").display().to_string();
    // The played node has no shell: what runs commands in it says so, by its own words.
    let copied = tool_document::run(gateway.tool_through(&host, "gw-node", &["copy", &file, "/file"]));
    assert_eq!(
        (copied.code, copied.reason()),
        (1, "node_command_failed"),
        "{}",
        copied.stderr
    );
    let found = gateway.done_through(&host, "gw-node", &["diagnose"]);
    assert!(found["diagnosis"]["storage_driver"].is_string());
    assert_eq!(
        (&found["needs_tunnel"], &found["published"]),
        (&true.into(), &serde_json::Value::Null)
    );
}

#[test]
fn a_tunnel_leads_to_the_api_while_it_is_wanted() {
    if skipped() {
        return;
    }
    let host = SshHost::new();
    let gateway = PlayedGateway::new();
    gateway.created_through(&host);
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("kubeconfig");
    let shown = file.display().to_string();
    let mut tunnel = gateway
        .tool_through(
            &host,
            "gw-node",
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
