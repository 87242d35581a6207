//! `forward` and `logs` on the shared gateway's cluster: a real API server, kubelet and container runtime.

use std::io::{BufRead, BufReader, Read};
use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use cluster_fixture::{SharedGateway, client, run_apart};
use gateway_probe::{Outcome, client_config, probe};
use k8s_openapi::api::core::v1::Service;
use kube::Api;
use kube::api::{DeleteParams, PostParams};
use serde_json::json;

const LIMIT: Duration = Duration::from_secs(60);

fn command(gateway: &SharedGateway, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gw-node"));
    command
        .args(["--gateway", &gateway.name])
        .args(words)
        .env("XDG_CONFIG_HOME", &gateway.config)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// A forward on a free port, until it is dropped.
struct Forward {
    child: Child,
    errors: BufReader<std::process::ChildStderr>,
    address: SocketAddr,
}

impl Forward {
    fn start(gateway: &SharedGateway, flags: &[&str]) -> Self {
        let words = [&["forward", "--port", "0"], flags].concat();
        let mut child = command(gateway, &words).spawn().expect("the tool");
        let mut errors = BufReader::new(child.stderr.take().expect("standard error"));
        let line = line(&mut errors);
        let mut words = line.split(' ');
        let address = words.find_map(|word| word.parse().ok());
        Self {
            child,
            errors,
            address: address.expect(&line),
        }
    }
}

impl Drop for Forward {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn line(from: &mut impl BufRead) -> String {
    let mut line = String::new();
    from.read_line(&mut line).expect("text");
    line
}

fn services(kubeconfig: &std::path::Path) -> impl AsyncFn() -> Api<Service> {
    async || Api::namespaced(client(kubeconfig).await, "openshell")
}

#[test]
fn a_client_is_led_to_the_server() {
    let Some(gateway) = SharedGateway::find() else {
        return;
    };
    let forward = Forward::start(&gateway, &[]);
    let file =
        |name: &str| std::fs::read(gateway.folder().join("mtls").join(name)).expect("the client bundle");
    let own = (file("tls.crt"), file("tls.key"));
    let tls = client_config(&file("ca.crt"), Some((&own.0, &own.1))).expect("the client bundle");
    let address = forward.address.to_string();
    for _ in 0..3 {
        let seen = run_apart(async || probe(&address, "127.0.0.1", Some(&tls), LIMIT).await);
        assert_eq!(seen, Outcome::Serving);
    }
}

/// The node says that nothing listens, and its words reach the user.
#[test]
fn a_port_that_nothing_listens_on_is_told() {
    let Some(gateway) = SharedGateway::find() else {
        return;
    };
    let name = format!("test-{:08x}", rand::random::<u32>());
    let kubeconfig = gateway.kubeconfig();
    let services = services(&kubeconfig);
    run_apart(async || {
        let services = services().await;
        let mut service = services.get("openshell").await.expect("the server's Service");
        let selector = service.spec.take().expect("a spec").selector;
        let spec = json!({ "selector": selector, "ports": [{ "port": 80, "targetPort": 1 }] });
        let made = serde_json::from_value(json!({ "metadata": { "name": name }, "spec": spec }));
        services
            .create(&PostParams::default(), &made.expect("a Service"))
            .await
            .expect("it is made");
    });
    let mut forward = Forward::start(&gateway, &["--service", &name]);
    let mut connection = TcpStream::connect(forward.address).expect("it listens");
    connection.set_read_timeout(Some(LIMIT)).expect("a limit");
    let read = connection.read(&mut [0; 1]);
    let told = line(&mut forward.errors);
    run_apart(async || {
        let gone = services().await.delete(&name, &DeleteParams::default()).await;
        gone.expect("it is removed");
    });
    assert!(matches!(read, Ok(0) | Err(_)), "{read:?}");
    assert!(
        told.contains(&format!("service {name} is not reached: pod ")) && told.contains("refused"),
        "{told}"
    );
}

#[test]
fn the_servers_log_is_printed_and_followed() {
    let Some(gateway) = SharedGateway::find() else {
        return;
    };
    let printed = command(&gateway, &["logs", "gateway"])
        .output()
        .expect("the tool");
    assert!(printed.status.success(), "{printed:?}");
    assert!(!printed.stdout.is_empty());

    let mut following = command(&gateway, &["logs", "gateway", "--follow"])
        .spawn()
        .expect("the tool");
    let mut begin = vec![0; printed.stdout.len()];
    let mut stdout = following.stdout.take().expect("standard output");
    stdout.read_exact(&mut begin).expect("what was printed");
    assert_eq!(
        String::from_utf8_lossy(&begin),
        String::from_utf8_lossy(&printed.stdout)
    );
    let id = following.id().to_string();
    let sent = Command::new("kill").args(["-INT", &id]).status();
    assert!(sent.expect("kill").success());
    let ended = following.wait_with_output().expect("its end");
    assert_eq!(ended.status.code(), Some(130), "{ended:?}");

    let missing = command(&gateway, &["logs", "sandbox", "no-such-sandbox"])
        .output()
        .expect("the tool");
    assert_eq!((missing.status.code(), missing.stdout.len()), (Some(1), 0));
    assert!(String::from_utf8_lossy(&missing.stderr).contains("\"no_pod\""));
}
