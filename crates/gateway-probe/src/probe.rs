//! One attempt to reach a gateway, as its clients do.

use std::io::Error;
use std::sync::Arc;
use std::time::Duration;

use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::Outcome;

/// A TLS connection to a gateway.
pub type Secured = TlsStream<TcpStream>;

/// The client's preface and an empty SETTINGS frame (RFC 9113, 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
/// Acknowledges the peer's SETTINGS, then GOAWAY without an error: the peer logs an orderly end.
const FAREWELL: &[u8] = b"\0\0\0\x04\x01\0\0\0\0\0\0\x08\x07\0\0\0\0\0\0\0\0\0\0\0\0\0";
/// Length of a frame's header.
const HEADER: usize = 9;

/// Connects to `address` (`host:port`) once and says what came of it within `limit`. With `tls` the connection is
/// secured and the server must be `server_name`; without, the peer must speak HTTP/2 with prior knowledge.
pub async fn probe(
    address: &str,
    server_name: &str,
    tls: Option<&Arc<ClientConfig>>,
    limit: Duration,
) -> Outcome {
    probe_over(TcpStream::connect(address), server_name, tls, limit).await
}

/// The same over a connection that is made in another way than by TCP from here.
pub async fn probe_over<S>(
    connection: impl Future<Output = Result<S, Error>>,
    server_name: &str,
    tls: Option<&Arc<ClientConfig>>,
    limit: Duration,
) -> Outcome
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let attempt = async {
        match tls {
            Some(config) => {
                let mut stream = connect_tls_over(connection, server_name, config).await?;
                Ok(greet(&mut stream).await)
            }
            None => Ok(greet(&mut connection.await?).await),
        }
    };
    match tokio::time::timeout(limit, attempt).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(error)) => Outcome::of(&error),
        Err(_) => Outcome::TimedOut,
    }
}

/// `address` (`host:port`), or `published` where this machine has no address for its host: a name that only other machines know
/// must not hide a gateway of this one.
pub async fn reachable<'a>(address: &'a str, published: &'a str) -> &'a str {
    let is_known = tokio::net::lookup_host(address)
        .await
        .is_ok_and(|mut found| found.next().is_some());
    if is_known { address } else { published }
}

/// A TLS connection. That the server accepts the client's certificate is known only once it answers something.
pub async fn connect_tls(
    address: &str,
    server_name: &str,
    config: &Arc<ClientConfig>,
) -> Result<Secured, Error> {
    connect_tls_over(TcpStream::connect(address), server_name, config).await
}

/// The same over a connection that is made in another way than by TCP from here.
pub async fn connect_tls_over<S>(
    connection: impl Future<Output = Result<S, Error>>,
    server_name: &str,
    config: &Arc<ClientConfig>,
) -> Result<TlsStream<S>, Error>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let name = ServerName::try_from(server_name.to_owned())
        .map_err(|_| Error::other(format!("'{}' is no name of a server", server_name.escape_debug())))?;
    TlsConnector::from(Arc::clone(config))
        .connect(name, connection.await?)
        .await
}

/// Sends the preface and looks at the first frame, which must be SETTINGS on stream 0.
async fn greet(stream: &mut (impl AsyncRead + AsyncWrite + Unpin)) -> Outcome {
    let greeting = async {
        stream.write_all(PREFACE).await?;
        stream.flush().await
    };
    let sent = greeting.await;
    let mut header = [0; HEADER];
    // What the peer said before it closed tells more than that writing failed.
    match stream.read_exact(&mut header).await {
        Ok(_) => {}
        Err(error) => return Outcome::of(&sent.err().filter(is_tls).unwrap_or(error)),
    }
    let is_settings = header[3] == 4 && header[4] & 1 == 0 && header[5..] == [0; 4];
    if !is_settings {
        let detail = String::from_utf8_lossy(&header).escape_debug().to_string();
        return Outcome::NotHttp2 { detail };
    }
    let _ = stream.write_all(FAREWELL).await;
    let _ = stream.shutdown().await;
    Outcome::Serving
}

fn is_tls(error: &Error) -> bool {
    error.get_ref().is_some_and(|inner| inner.is::<rustls::Error>())
}
