//! A client of the gateway, for tests: gRPC, and tunnels to sandboxes.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use anyhow::Context;
use bytes::Bytes;
use http::{Method, Request, StatusCode, Uri};
use http_body_util::{BodyExt, Empty};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{PrivateKeyDer, ServerName};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tonic::transport::{Certificate, Channel, ClientTlsConfig, Endpoint, Identity};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use crate::api::sandboxes_client::SandboxesClient;
use crate::connect;

/// A client's TLS material, PEM.
#[derive(Clone)]
pub struct ClientTls {
    /// The CA of the gateway.
    pub ca: Vec<u8>,
    /// The client's certificate and its key; `None`: it shows none.
    pub identity: Option<(Vec<u8>, Vec<u8>)>,
}

impl ClientTls {
    /// Reads `ca.crt`, `tls.crt` and `tls.key`, as the client's folder `mtls` has them.
    pub fn from_folder(folder: &Path) -> anyhow::Result<Self> {
        let file = |name: &str| {
            std::fs::read(folder.join(name)).with_context(|| folder.join(name).display().to_string())
        };
        Ok(Self {
            ca: file("ca.crt")?,
            identity: Some((file("tls.crt")?, file("tls.key")?)),
        })
    }
}

/// One gateway.
#[derive(Clone)]
pub struct GatewayClient {
    endpoint: Uri,
    tls: Option<ClientTls>,
}

/// Why a tunnel was not opened.
#[derive(Debug)]
pub enum TunnelError {
    /// The gateway's answer.
    Denied(StatusCode, String),
    /// There was no answer.
    Failed(anyhow::Error),
}

impl fmt::Display for TunnelError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Denied(status, text) => write!(formatter, "{status}: {}", text.trim_end()),
            Self::Failed(error) => write!(formatter, "{error:#}"),
        }
    }
}

impl std::error::Error for TunnelError {}

impl From<anyhow::Error> for TunnelError {
    fn from(error: anyhow::Error) -> Self {
        Self::Failed(error)
    }
}

impl GatewayClient {
    /// `endpoint`: `https://HOST:PORT`, or `http://HOST:PORT` without `tls`.
    pub fn new(endpoint: &str, tls: Option<ClientTls>) -> anyhow::Result<Self> {
        Ok(Self {
            endpoint: endpoint.parse().context("the gateway's endpoint")?,
            tls,
        })
    }

    /// A new gRPC connection.
    pub async fn channel(&self) -> anyhow::Result<Channel> {
        let mut endpoint = Endpoint::from(self.endpoint.clone());
        if let Some(tls) = &self.tls {
            let mut config = ClientTlsConfig::new().ca_certificate(Certificate::from_pem(&tls.ca));
            if let Some((certificate, key)) = &tls.identity {
                config = config.identity(Identity::from_pem(certificate, key));
            }
            endpoint = endpoint.tls_config(config)?;
        }
        Ok(endpoint.connect().await?)
    }

    /// The service for sandboxes, on a new connection.
    pub async fn sandboxes(&self) -> anyhow::Result<SandboxesClient<Channel>> {
        Ok(SandboxesClient::new(self.channel().await?))
    }

    /// Does grpc.health.v1 say SERVING? Asked on a new connection.
    pub async fn is_serving(&self) -> anyhow::Result<bool> {
        let mut health = HealthClient::new(self.channel().await?);
        let answer = health
            .check(HealthCheckRequest {
                service: String::new(),
            })
            .await?;
        Ok(answer.into_inner().status() == ServingStatus::Serving)
    }

    /// A tunnel to the sandbox, past its handshake.
    pub async fn open_tunnel(&self, id: &str, token: &str) -> Result<Tunnel, TunnelError> {
        let host = self
            .endpoint
            .host()
            .context("the endpoint has no host")?
            .to_owned();
        let port = self.endpoint.port_u16().context("the endpoint has no port")?;
        let stream = TcpStream::connect((host.as_str(), port))
            .await
            .context("the gateway cannot be reached")?;
        let Some(tls) = &self.tls else {
            return request_tunnel(stream, id, token).await;
        };
        let name = ServerName::try_from(host).context("the endpoint's host")?;
        let connector = TlsConnector::from(Arc::new(client_config(tls)?));
        let stream = connector
            .connect(name, stream)
            .await
            .context("TLS with the gateway")?;
        request_tunnel(stream, id, token).await
    }
}

fn client_config(tls: &ClientTls) -> anyhow::Result<ClientConfig> {
    let mut roots = RootCertStore::empty();
    for certificate in crate::tls::certificates(&tls.ca)? {
        roots.add(certificate)?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots);
    let mut config = match &tls.identity {
        None => builder.with_no_client_auth(),
        Some((certificate, key)) => {
            let key = PrivateKeyDer::from_pem_slice(key)
                .map_err(|error| anyhow::anyhow!("the client's key: {error}"))?;
            builder.with_client_auth_cert(crate::tls::certificates(certificate)?, key)?
        }
    };
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

async fn request_tunnel<S>(stream: S, id: &str, token: &str) -> Result<Tunnel, TunnelError>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let failed = |error: hyper::Error| TunnelError::Failed(error.into());
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .map_err(failed)?;
    // Ends with the tunnel, or with the answer that denies it.
    tokio::spawn(connection.with_upgrades());
    let request = Request::builder()
        .method(Method::CONNECT)
        .uri(connect::PATH)
        .header(connect::ID_HEADER, id)
        .header(connect::TOKEN_HEADER, token)
        .body(Empty::<Bytes>::new())
        .map_err(|error| TunnelError::Failed(error.into()))?;
    let response = sender.send_request(request).await.map_err(failed)?;
    let status = response.status();
    if status != StatusCode::OK {
        let text = response.into_body().collect().await.map_err(failed)?.to_bytes();
        return Err(TunnelError::Denied(
            status,
            String::from_utf8_lossy(&text).into_owned(),
        ));
    }
    let upgraded = hyper::upgrade::on(response).await.map_err(failed)?;
    Ok(Tunnel(BufReader::new(TokioIo::new(upgraded))))
}

/// A session with the reference sandbox.
pub struct Tunnel(BufReader<TokioIo<Upgraded>>);

impl Tunnel {
    /// Sends a line (without its LF) and returns what the sandbox echoes: it is kept by then.
    pub async fn keep(&mut self, line: &str) -> anyhow::Result<String> {
        self.send(line).await?;
        self.receive().await
    }

    /// The lines that the sandbox keeps.
    pub async fn kept(&mut self) -> anyhow::Result<Vec<String>> {
        self.send(".lines").await?;
        let mut lines = Vec::new();
        loop {
            match self.receive().await?.as_str() {
                ".end" => return Ok(lines),
                line => lines.push(line.to_owned()),
            }
        }
    }

    async fn send(&mut self, line: &str) -> anyhow::Result<()> {
        self.0.write_all(format!("{line}\n").as_bytes()).await?;
        Ok(self.0.flush().await?)
    }

    async fn receive(&mut self) -> anyhow::Result<String> {
        let mut line = String::new();
        let read = self.0.read_line(&mut line).await?;
        anyhow::ensure!(read > 0, "the sandbox ended the session");
        Ok(line.trim_end_matches('\n').to_owned())
    }
}
