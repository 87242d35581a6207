//! `gw-wait grpc` against servers that the test makes.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Certificate, Identity, Server, ServerTlsConfig};
use tool_document::{Run, check, run};

const SCHEMA: &str = include_str!("../schema.json");

struct Authority(Issuer<'static, KeyPair>, String);

impl Authority {
    fn new() -> Self {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new(Vec::new()).expect("parameters");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key).expect("a certificate").pem();
        Self(Issuer::new(params, key), certificate)
    }

    /// Certificate and key for a name, PEM.
    fn leaf(&self, name: &str) -> (String, String) {
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new(vec![name.to_owned()]).expect("parameters");
        (
            params.signed_by(&key, &self.0).expect("a certificate").pem(),
            key.serialize_pem(),
        )
    }

    /// Files of a client: CA, certificate, key.
    fn client(&self, folder: &Path) -> [PathBuf; 3] {
        let (certificate, key) = self.leaf("client");
        let files = [
            folder.join("ca.crt"),
            folder.join("tls.crt"),
            folder.join("tls.key"),
        ];
        for (file, content) in files.iter().zip([&self.1, &certificate, &key]) {
            std::fs::write(file, content).expect("a file");
        }
        files
    }
}

async fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    (listener, address)
}

/// A server with the health service, or with a service that nobody asks for.
fn serve(listener: TcpListener, tls: Option<(&Authority, &Authority)>, with_health: bool, serving: bool) {
    let mut server = Server::builder();
    if let Some((own, of_clients)) = tls {
        let (certificate, key) = own.leaf("127.0.0.1");
        let tls = ServerTlsConfig::new()
            .identity(Identity::from_pem(certificate, key))
            .client_ca_root(Certificate::from_pem(&of_clients.1));
        server = server.tls_config(tls).expect("TLS settings");
    }
    tokio::spawn(async move {
        let (reporter, health) = tonic_health::server::health_reporter();
        if !serving {
            reporter
                .set_service_status("", tonic_health::ServingStatus::NotServing)
                .await;
        }
        let routes = if with_health {
            tonic::service::Routes::new(health)
        } else {
            tonic::service::Routes::default()
        };
        let _ = server
            .add_routes(routes)
            .serve_with_incoming(TcpIncoming::from(listener))
            .await;
    });
}

fn wait(address: SocketAddr, timeout: &str, files: Option<&[PathBuf; 3]>) -> Run {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gw-wait"));
    command.args(["grpc", "--address", &address.to_string(), "--timeout", timeout]);
    match files {
        None => {
            command.arg("--plaintext");
        }
        Some([ca, certificate, key]) => {
            command
                .arg("--tls-ca-cert")
                .arg(ca)
                .arg("--tls-client-cert")
                .arg(certificate)
                .arg("--tls-client-key")
                .arg(key);
        }
    }
    let ended = run(command);
    check(&ended, SCHEMA);
    ended
}

#[test]
fn a_server_that_serves_is_seen_in_plaintext_and_over_mtls() {
    let runtime = Runtime::new().expect("a runtime");
    let folder = tempfile::tempdir().expect("a folder");
    let authority = Authority::new();
    let (plain, secured) = runtime.block_on(async {
        let ((one, plain), (other, secured)) = (listen().await, listen().await);
        serve(one, None, true, true);
        serve(other, Some((&authority, &authority)), true, true);
        (plain, secured)
    });
    let files = authority.client(folder.path());
    for ended in [wait(plain, "60s", None), wait(secured, "60s", Some(&files))] {
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        assert_eq!(ended.document["shown_by"], "grpc.health.v1 says SERVING");
    }
}

#[test]
fn a_server_without_the_health_service_serves() {
    let runtime = Runtime::new().expect("a runtime");
    let address = runtime.block_on(async {
        let (listener, address) = listen().await;
        serve(listener, None, false, true);
        address
    });
    let ended = wait(address, "60s", None);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert_eq!(
        ended.document["shown_by"],
        "the server answers, and has no grpc.health.v1"
    );
}

#[test]
fn what_cannot_be_used_is_waited_out_and_named() {
    let runtime = Runtime::new().expect("a runtime");
    let folder = tempfile::tempdir().expect("a folder");
    let (own, stranger) = (Authority::new(), Authority::new());
    let files = own.client(folder.path());
    let (another_ca, refuses_client, not_serving, nobody) = runtime.block_on(async {
        let ((one, another_ca), (two, refuses_client)) = (listen().await, listen().await);
        let ((three, not_serving), (four, nobody)) = (listen().await, listen().await);
        serve(one, Some((&stranger, &own)), true, true);
        serve(two, Some((&own, &stranger)), true, true);
        serve(three, None, true, false);
        drop(four);
        (another_ca, refuses_client, not_serving, nobody)
    });
    for (address, files, word) in [
        (another_ca, Some(&files), "tls_failed"),
        (refuses_client, Some(&files), "tls_failed"),
        (not_serving, None, "not_serving"),
        (nobody, None, "refused"),
    ] {
        let ended = wait(address, "3s", files);
        assert_eq!(
            (ended.code, ended.reason()),
            (124, "timed_out"),
            "{}",
            ended.stderr
        );
        assert_eq!(ended.document["last_cause"]["word"], word, "{}", ended.stderr);
        assert!(ended.document["shown_by"].is_null());
    }
}

/// While routes come up, a stranger may answer on the gateway's port: it is waited out.
#[test]
fn a_stranger_before_the_gateway_is_waited_out() {
    let runtime = Runtime::new().expect("a runtime");
    let folder = tempfile::tempdir().expect("a folder");
    let (own, stranger) = (Authority::new(), Authority::new());
    let files = own.client(folder.path());
    let address = runtime.block_on(async {
        let (first, first_address) = listen().await;
        let (second, second_address) = listen().await;
        serve(first, Some((&stranger, &stranger)), true, true);
        serve(second, Some((&own, &own)), true, true);
        let (front, address) = listen().await;
        // The first connections go to the stranger, the later ones to the gateway.
        tokio::spawn(async move {
            let mut connections = 0;
            while let Ok((mut client, _)) = front.accept().await {
                connections += 1;
                let target = if connections <= 3 {
                    first_address
                } else {
                    second_address
                };
                tokio::spawn(async move {
                    if let Ok(mut server) = tokio::net::TcpStream::connect(target).await {
                        let _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
                    }
                });
            }
        });
        address
    });
    let ended = wait(address, "60s", Some(&files));
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert_eq!(ended.document["last_cause"]["word"], "tls_failed");
    assert!(ended.document["attempts"].as_u64().expect("a number") >= 4);
}

#[test]
fn a_server_that_comes_later_is_waited_for() {
    let runtime = Runtime::new().expect("a runtime");
    let (listener, address) = runtime.block_on(listen());
    drop(listener);
    let waiting = std::thread::spawn(move || wait(address, "60s", None));
    std::thread::sleep(Duration::from_millis(300));
    runtime.block_on(async {
        let listener = TcpListener::bind(address).await.expect("the same port");
        serve(listener, None, true, true);
    });
    let ended = waiting.join().expect("the tool's run");
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert_eq!(ended.document["last_cause"]["word"], "refused");
}
