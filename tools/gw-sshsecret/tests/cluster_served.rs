//! The tool, a gateway that serves (OPENSHELL_TEST_GATEWAY, OPENSHELL_TEST_CONFIG) and a sandbox of it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use cluster_fixture::{Hunt, SharedGateway, client, run_apart, time_side_by_side};
use k8s_openapi::api::core::v1::{Pod, Secret};
use kube::Api;
use reference_base::client::{ClientTls, GatewayClient, Reachable};
use tool_document::{Run, check};

const PATIENCE: Duration = Duration::from_secs(180);

fn tool(gateway: &SharedGateway, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gw-sshsecret"));
    command.args(words).arg("--kubeconfig").arg(gateway.kubeconfig());
    command
}

fn run(gateway: &SharedGateway, words: &[&str]) -> Run {
    let run = tool_document::run(tool(gateway, words));
    check(&run, include_str!("../schema.json"));
    run
}

/// A sandbox; it is deleted when the value is dropped.
struct Sandbox<'a> {
    gateway: &'a SharedGateway,
    made: Reachable,
}

fn user(gateway: &SharedGateway) -> GatewayClient {
    let tls = ClientTls::from_folder(&gateway.folder().join("mtls")).unwrap();
    GatewayClient::new(&gateway.endpoint(), Some(tls)).unwrap()
}

impl<'a> Sandbox<'a> {
    fn make(gateway: &'a SharedGateway) -> Self {
        let name = format!("test-{:08x}", rand::random::<u32>());
        let made = run_apart(async || user(gateway).make_reachable(&name).await.unwrap());
        let sandbox = Self { gateway, made };
        sandbox.wait_until_ready();
        sandbox
    }

    fn wait_until_ready(&self) {
        let end = Instant::now() + PATIENCE;
        run_apart(async || {
            let pods: Api<Pod> = Api::namespaced(client(&self.gateway.kubeconfig()).await, "openshell");
            loop {
                let pod = pods.get_opt(&self.made.name).await.unwrap();
                let conditions = pod.and_then(|pod| pod.status?.conditions).unwrap_or_default();
                if conditions
                    .iter()
                    .any(|one| one.type_ == "Ready" && one.status == "True")
                {
                    return;
                }
                assert!(Instant::now() < end, "the sandbox is not ready: {conditions:?}");
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        });
    }
}

impl Drop for Sandbox<'_> {
    fn drop(&mut self) {
        run_apart(async || user(self.gateway).delete_sandbox(&self.made.name).await.unwrap());
    }
}

/// `kubectl port-forward` to a sandbox; it ends with the value.
struct Forward {
    kubectl: std::process::Child,
    address: String,
    /// It tells each connection, and ends where nobody listens.
    _told: BufReader<std::process::ChildStdout>,
}

impl Forward {
    fn to(gateway: &SharedGateway, pod: &str) -> Self {
        let words = [
            "port-forward",
            "--namespace",
            "openshell",
            &format!("pod/{pod}"),
            ":2222",
        ];
        let mut kubectl = gateway.kubectl(&words).stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        let mut told = BufReader::new(kubectl.stdout.take().unwrap());
        told.read_line(&mut line).unwrap();
        // Forwarding from 127.0.0.1:PORT -> 2222
        let address = line.split_whitespace().nth(2).expect("an address").to_owned();
        Self {
            kubectl,
            address,
            _told: told,
        }
    }

    /// What the sandbox answers to a line.
    fn answer(&self, line: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        stream.write_all(format!("{line}\n").as_bytes()).unwrap();
        let mut answer = [0; 3];
        stream
            .read_exact(&mut answer)
            .unwrap_or_else(|error| panic!("no answer from the sandbox: {error}"));
        String::from_utf8_lossy(&answer).trim_end().to_owned()
    }
}

impl Drop for Forward {
    fn drop(&mut self) {
        let _ = self.kubectl.kill();
        let _ = self.kubectl.wait();
    }
}

fn secret(gateway: &SharedGateway) -> Vec<u8> {
    let found = run_apart(async || {
        let secrets: Api<Secret> = Api::namespaced(client(&gateway.kubeconfig()).await, "openshell");
        secrets.get("openshell-ssh-handshake").await.unwrap()
    });
    found.data.unwrap().remove("secret").unwrap().0
}

#[test]
fn a_sandbox_takes_what_the_tool_signs_and_all_agree() {
    let Some(gateway) = SharedGateway::find() else {
        return;
    };
    let sandbox = Sandbox::make(&gateway);
    let checked = run(&gateway, &["check"]);
    assert_eq!(checked.code, 0, "{}", checked.stderr);
    let holders = checked.document["holders"].as_array().unwrap();
    let names: Vec<_> = holders
        .iter()
        .map(|holder| holder["name"].as_str().unwrap())
        .collect();
    assert!(
        names.contains(&"openshell-0") && names.contains(&sandbox.made.name.as_str()),
        "{names:?}"
    );

    let place = tempfile::tempdir().unwrap();
    let token = place.path().join("token");
    std::fs::write(&token, &sandbox.made.token).unwrap();
    let words = ["sign", "--token-file", token.to_str().unwrap()];
    let line = |words: &[&str]| {
        let run = run(&gateway, words);
        assert_eq!(run.code, 0, "{}", run.stderr);
        run.document["line"].as_str().unwrap().to_owned()
    };
    let forward = Forward::to(&gateway, &sandbox.made.name);
    let signed = line(&words);
    let said = forward.answer(&signed);
    let again = forward.answer(&signed);
    let late = forward.answer(&line(&[&words[..], &["--time", "1000"]].concat()));
    assert_eq!([said.as_str(), &again, &late], ["OK", "ERR", "ERR"]);
}

/// What the reference server sends to a sandbox, the tool takes.
#[test]
fn the_tool_takes_what_the_gateway_signs() {
    let Some(gateway) = SharedGateway::find() else {
        return;
    };
    let text = String::from_utf8(secret(&gateway)).unwrap();
    let line = run_apart(async || {
        use tokio::io::AsyncReadExt;
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let secret = text.parse().unwrap();
        let dialled = tokio::spawn(async move {
            // It waits for an answer, which never comes.
            let _ = reference_server::handshake::dial(address, &secret, "a-token").await;
        });
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut line = vec![0; 1024];
        let read = stream.read(&mut line).await.unwrap();
        dialled.abort();
        line.truncate(read);
        line
    });
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("line");
    std::fs::write(&file, line).unwrap();
    let verified = run(&gateway, &["verify", "--line-file", file.to_str().unwrap()]);
    assert_eq!(verified.code, 0, "{}", verified.stderr);
}

#[test]
fn the_secret_is_not_seen() {
    let Some(gateway) = SharedGateway::find() else {
        return;
    };
    let mut hunt = Hunt::for_values([secret(&gateway)]);
    let runs: [&[&str]; 5] = [
        &["check"],
        &["reconcile"],
        &["reconcile", "--rotate"],
        &["reconcile", "--rotate", "--dry-run"],
        &["sign"],
    ];
    let outputs = hunt.processes(|| runs.map(|words| tool(&gateway, words).output().unwrap()));
    for (words, output) in runs.iter().zip(outputs) {
        hunt.text(&format!("{words:?}"), &output.stdout);
        hunt.text(&format!("{words:?}"), &output.stderr);
    }
    hunt.gateway(&gateway);
    hunt.assert_found_nothing();
}

#[test]
fn a_run_without_changes_beside_kubectl() {
    let Some(gateway) = SharedGateway::find() else {
        return;
    };
    let get = [
        "get",
        "secret",
        "openshell-ssh-handshake",
        "--namespace",
        "openshell",
    ];
    time_side_by_side(
        "gw-sshsecret reconcile, kubectl get secret",
        || tool(&gateway, &["reconcile"]),
        || gateway.kubectl(&get),
    );
}
