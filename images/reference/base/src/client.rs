//! A client of the reference server, for tests: gRPC, and tunnels to sandboxes.

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

use crate::api::open_shell_client::OpenShellClient;
use crate::api::{
    CreateSandboxRequest, CreateSshSessionRequest, DeleteSandboxRequest, ExecSandboxRequest,
    GetSandboxRequest, HealthRequest, Sandbox, SandboxPhase, ServiceStatus, StartSandboxRequest,
    StopSandboxRequest, exec_sandbox_event,
};
use crate::datamodel::WorkspaceSelector;
use crate::datamodel::workspace_selector::Selection;
use crate::pem;

/// Where tunnels are opened.
pub const CONNECT_PATH: &str = "/connect/ssh";
/// Header with the sandbox's id.
pub const ID_HEADER: &str = "x-sandbox-id";
/// Header with a token of the sandbox.
pub const TOKEN_HEADER: &str = "x-sandbox-token";
/// The workspace of all sandboxes that name no other.
pub const WORKSPACE: &str = "default";

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

/// What a client keeps of a sandbox that it reaches through tunnels.
#[derive(Clone, Debug)]
pub struct Reachable {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Opens tunnels.
    pub token: String,
}

/// The scope of a request about the default workspace.
pub fn workspace() -> Option<WorkspaceSelector> {
    Some(WorkspaceSelector {
        selection: Some(Selection::Workspace(WORKSPACE.to_owned())),
    })
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

    /// The service, on a new connection.
    pub async fn open_shell(&self) -> anyhow::Result<OpenShellClient<Channel>> {
        Ok(OpenShellClient::new(self.channel().await?))
    }

    /// Does the service say that it is healthy? Asked on a new connection.
    pub async fn is_serving(&self) -> anyhow::Result<bool> {
        let answer = self.open_shell().await?.health(HealthRequest {}).await?;
        Ok(answer.into_inner().status() == ServiceStatus::Healthy)
    }

    /// Makes a sandbox; one with an empty name gets a name.
    pub async fn make_sandbox(&self, name: &str) -> anyhow::Result<Sandbox> {
        let request = CreateSandboxRequest {
            name: name.to_owned(),
            workspace_scope: workspace(),
            ..CreateSandboxRequest::default()
        };
        let made = self.open_shell().await?.create_sandbox(request).await?;
        made.into_inner().sandbox.context("the answer has no sandbox")
    }

    /// A token that opens tunnels to a sandbox.
    pub async fn token(&self, name: &str) -> anyhow::Result<String> {
        let request = CreateSshSessionRequest {
            sandbox: name.to_owned(),
            workspace_scope: workspace(),
        };
        let made = self.open_shell().await?.create_ssh_session(request).await?;
        Ok(made.into_inner().token)
    }

    /// Makes a sandbox that people reach through tunnels: who it is, and the token that opens them.
    pub async fn make_reachable(&self, name: &str) -> anyhow::Result<Reachable> {
        let made = self.make_sandbox(name).await?;
        let metadata = made.metadata.context("the sandbox has no metadata")?;
        let token = self.token(&metadata.name).await?;
        Ok(Reachable {
            id: metadata.id,
            name: metadata.name,
            token,
        })
    }

    /// The phase of a sandbox.
    pub async fn phase(&self, name: &str) -> anyhow::Result<SandboxPhase> {
        let request = GetSandboxRequest {
            name: name.to_owned(),
            workspace_scope: workspace(),
        };
        let found = self.open_shell().await?.get_sandbox(request).await?.into_inner();
        let status = found.sandbox.and_then(|sandbox| sandbox.status);
        Ok(status.context("the sandbox has no status")?.phase())
    }

    /// Starts or stops a sandbox.
    pub async fn set_running(&self, name: &str, running: bool) -> Result<(), tonic::Status> {
        let name = name.to_owned();
        let workspace_scope = workspace();
        let connected = self.open_shell().await;
        let mut service = connected.map_err(|error| tonic::Status::unavailable(format!("{error:#}")))?;
        if running {
            let request = StartSandboxRequest {
                name,
                workspace_scope,
            };
            service.start_sandbox(request).await.map(drop)
        } else {
            let request = StopSandboxRequest {
                name,
                workspace_scope,
            };
            service.stop_sandbox(request).await.map(drop)
        }
    }

    /// Deletes a sandbox.
    pub async fn delete_sandbox(&self, name: &str) -> anyhow::Result<()> {
        let request = DeleteSandboxRequest {
            name: name.to_owned(),
            workspace_scope: workspace(),
            allow_missing: false,
        };
        self.open_shell().await?.delete_sandbox(request).await?;
        Ok(())
    }

    /// Runs a command in a sandbox: its exit code, standard output and standard error.
    pub async fn exec(&self, name: &str, command: &[&str]) -> anyhow::Result<(i32, String, String)> {
        let request = ExecSandboxRequest {
            sandbox: name.to_owned(),
            command: command.iter().map(|&word| word.to_owned()).collect(),
            workspace_scope: workspace(),
            ..ExecSandboxRequest::default()
        };
        let mut events = self.open_shell().await?.exec_sandbox(request).await?.into_inner();
        let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
        while let Some(event) = events.message().await? {
            match event.payload {
                Some(exec_sandbox_event::Payload::Stdout(part)) => stdout.extend(part.data),
                Some(exec_sandbox_event::Payload::Stderr(part)) => stderr.extend(part.data),
                Some(exec_sandbox_event::Payload::Exit(exit)) => {
                    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
                    return Ok((exit.exit_code, text(stdout), text(stderr)));
                }
                None => {}
            }
        }
        anyhow::bail!("the command's exit code was not told")
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
    for certificate in pem::certificates(&tls.ca)? {
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
            builder.with_client_auth_cert(pem::certificates(certificate)?, key)?
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
        .uri(CONNECT_PATH)
        .header(ID_HEADER, id)
        .header(TOKEN_HEADER, token)
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

/// A session with the supervisor of a sandbox.
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
