//! One connection to Docker: a socket of this machine, TCP, TCP with TLS, or an ssh that leads to the other machine's socket.

use std::io::{Error, ErrorKind};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use error_words::{own_tls_words, pem_words};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio::process::Command;
use tokio::sync::watch;
use tokio_rustls::TlsConnector;

use crate::DockerHost;
use crate::host::{Ssh, TlsFiles};

/// Bytes in both directions.
pub trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// How connections to one Docker are made.
#[derive(Clone)]
pub enum Dialer {
    Unix(std::path::PathBuf),
    Tcp(String),
    Tls(String, ServerName<'static>, TlsConnector),
    Ssh(Ssh, Complaint),
}

/// How long ssh may take to say why it ended, after its connection has.
const COMPLAINING: Duration = Duration::from_millis(500);

/// What ssh said on its standard error, which tells more than that the connection ended.
#[derive(Clone, Debug, Default)]
pub struct Complaint(Arc<watch::Sender<String>>);

impl Complaint {
    /// The last line, if there is any within half a second: of a connection that has broken.
    async fn last_line(&self) -> Option<String> {
        let mut text = self.0.subscribe();
        let said = tokio::time::timeout(COMPLAINING, text.wait_for(|text| !text.is_empty())).await;
        said.ok()?.ok()?.trim().lines().last().map(str::to_owned)
    }
}

impl Dialer {
    /// For this Docker. The error says which of the TLS files is wrong.
    pub fn new(host: &DockerHost) -> Result<Self, String> {
        Ok(match host {
            DockerHost::Unix(path) => Self::Unix(path.clone()),
            DockerHost::Tcp(address) => Self::Tcp(address.clone()),
            DockerHost::Tls(address, files) => {
                let name = address
                    .rsplit_once(':')
                    .map_or(address.as_str(), |(name, _)| name);
                let name = name.trim_start_matches('[').trim_end_matches(']').to_owned();
                let name = ServerName::try_from(name.clone())
                    .map_err(|_| format!("'{}' is no name of a server", name.escape_debug()))?;
                Self::Tls(
                    address.clone(),
                    name,
                    TlsConnector::from(Arc::new(tls_config(files)?)),
                )
            }
            DockerHost::Ssh(ssh) => Self::Ssh(ssh.clone(), Complaint::default()),
        })
    }

    /// A new connection.
    pub async fn dial(&self) -> Result<Box<dyn Stream>, Error> {
        Ok(match self {
            Self::Unix(path) => Box::new(UnixStream::connect(path).await?),
            Self::Tcp(address) => Box::new(TcpStream::connect(address).await?),
            Self::Tls(address, name, connector) => {
                let stream = TcpStream::connect(address).await?;
                Box::new(connector.connect(name.clone(), stream).await?)
            }
            // `docker system dial-stdio` on the other machine passes on to the socket that its docker command line uses, as
            // the docker command line itself does it.
            Self::Ssh(ssh, complaint) => {
                let words = ssh.words(&[], &["docker", "system", "dial-stdio"]);
                Box::new(dial_ssh(&words, complaint)?)
            }
        })
    }

    /// A new connection to a TCP port as Docker's machine reaches it.
    pub async fn dial_port(&self, host: &str, port: u16) -> Result<Box<dyn Stream>, Error> {
        Ok(match self {
            Self::Unix(_) => Box::new(TcpStream::connect((host, port)).await?),
            Self::Ssh(ssh, complaint) => {
                let target = format!("{host}:{port}");
                Box::new(dial_ssh(&ssh.words(&["-W", &target], &[]), complaint)?)
            }
            Self::Tcp(_) | Self::Tls(..) => {
                return Err(Error::new(
                    ErrorKind::Unsupported,
                    "only ssh leads to other ports of Docker's machine",
                ));
            }
        })
    }

    /// What ssh complained of, once a connection has broken.
    pub async fn complaint(&self) -> Option<String> {
        match self {
            Self::Ssh(_, complaint) => complaint.last_line().await,
            _ => None,
        }
    }
}

fn tls_config(files: &TlsFiles) -> Result<ClientConfig, String> {
    let wrong = |path: &std::path::Path, why: &str| format!("{}: {why}", path.display());
    let certificates = |path: &std::path::Path| {
        CertificateDer::pem_file_iter(path)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(|error| wrong(path, &pem_words(&error)))
    };
    let mut roots = RootCertStore::empty();
    for certificate in certificates(&files.ca)? {
        roots
            .add(certificate)
            .map_err(|error| wrong(&files.ca, &own_tls_words(&error)))?;
    }
    let key =
        PrivateKeyDer::from_pem_file(&files.key).map_err(|_| wrong(&files.key, "no private key is in it"))?;
    ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("ring has TLS 1.2 and 1.3")
        .with_root_certificates(roots)
        .with_client_auth_cert(certificates(&files.certificate)?, key)
        .map_err(|error| wrong(&files.certificate, &own_tls_words(&error)))
}

/// Questions of ssh (a passphrase, a new host key) go to the terminal. It ends with the connection: its standard input does.
fn dial_ssh(words: &[String], complaint: &Complaint) -> Result<impl Stream + use<>, Error> {
    let mut child = Command::new("ssh")
        .args(words)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(|error| match error.kind() {
            ErrorKind::NotFound => Error::other("the command ssh is not installed"),
            _ => error,
        })?;
    let (Some(input), Some(output), Some(mut errors)) =
        (child.stdin.take(), child.stdout.take(), child.stderr.take())
    else {
        return Err(Error::other("ssh has no standard streams"));
    };
    let complaint = complaint.clone();
    tokio::spawn(async move {
        let mut text = String::new();
        let _ = errors.read_to_string(&mut text).await;
        if !text.trim().is_empty() {
            complaint.0.send_replace(text);
        }
        let _ = child.wait().await;
    });
    Ok(tokio::io::join(output, input))
}
