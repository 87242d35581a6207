//! Servers, their certificates, and runs of the tool.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tokio::net::TcpListener;
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Certificate, Identity, Server, ServerTlsConfig};
use tool_document::{Run, check, run};

const SCHEMA: &str = include_str!("../../schema.json");

pub struct Authority(Issuer<'static, KeyPair>, String);

impl Authority {
    pub fn new() -> Self {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new(Vec::new()).expect("parameters");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key).expect("a certificate").pem();
        Self(Issuer::new(params, key), certificate)
    }

    /// Certificate and key for a name, PEM.
    pub fn leaf(&self, name: &str) -> (String, String) {
        self.leaf_until(name, 2100)
    }

    /// One that expires at the beginning of a year.
    fn leaf_until(&self, name: &str, year: i32) -> (String, String) {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new(vec![name.to_owned()]).expect("parameters");
        params.not_after = rcgen::date_time_ymd(year, 1, 1);
        (
            params.signed_by(&key, &self.0).expect("a certificate").pem(),
            key.serialize_pem(),
        )
    }

    /// Files of a client: CA, certificate, key.
    pub fn client(&self, folder: &Path) -> [PathBuf; 3] {
        self.client_until(folder, 2100)
    }

    pub fn client_until(&self, folder: &Path, year: i32) -> [PathBuf; 3] {
        let (certificate, key) = self.leaf_until("client", year);
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

pub async fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    (listener, address)
}

/// A server with the health service, or with a service that nobody asks for.
pub fn serve(listener: TcpListener, tls: Option<(&Authority, &Authority)>, with_health: bool, serving: bool) {
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

pub fn wait(address: SocketAddr, timeout: &str, files: Option<&[PathBuf; 3]>) -> Run {
    wait_with(address, timeout, files, &[])
}

pub fn wait_with(address: SocketAddr, timeout: &str, files: Option<&[PathBuf; 3]>, flags: &[&str]) -> Run {
    let address = address.to_string();
    asked(
        &[&["--address", &address, "--timeout", timeout], flags].concat(),
        files,
    )
}

/// A run with these flags; without files of a client, in plaintext.
pub fn asked(flags: &[&str], files: Option<&[PathBuf; 3]>) -> Run {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gw-wait"));
    command.arg("grpc").args(flags);
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
