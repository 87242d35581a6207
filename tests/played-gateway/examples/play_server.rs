//! Plays a gateway's server in tests: answers the HTTP/2 preface on the node port, over mTLS where the image has
//! certificates in /tls. It is the only program of an image, so it is linked statically.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

type Failed = Box<dyn std::error::Error + Send + Sync>;

fn main() -> Result<(), Failed> {
    if std::env::var_os("PLAY_EXIT").is_some() {
        return Err("this server cannot start".into());
    }
    if let Some(complaint) = std::env::args().nth(1) {
        println!("{complaint}");
        return Err("this is a health check that fails".into());
    }
    tokio::runtime::Runtime::new()?.block_on(serve())
}

async fn serve() -> Result<(), Failed> {
    let tls = Path::new("/tls/ca.crt").exists().then(acceptor).transpose()?;
    let listener = TcpListener::bind("0.0.0.0:30051").await?;
    loop {
        let (stream, _) = listener.accept().await?;
        let tls = tls.clone();
        tokio::spawn(async move {
            match tls {
                None => greet(stream).await,
                Some(acceptor) => greet(acceptor.accept(stream).await?).await,
            }
        });
    }
}

/// Reads the client's preface and SETTINGS, then sends its own SETTINGS.
async fn greet(mut stream: impl AsyncRead + AsyncWrite + Unpin) -> std::io::Result<()> {
    let mut preface = [0; 33];
    stream.read_exact(&mut preface).await?;
    stream.write_all(b"\0\0\0\x04\0\0\0\0\0").await?;
    stream.flush().await?;
    stream.read(&mut preface).await.map(drop)
}

fn acceptor() -> Result<TlsAcceptor, Failed> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(&fs::read("/tls/ca.crt")?)?)?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider)).build()?;
    let certificate = CertificateDer::from_pem_slice(&fs::read("/tls/tls.crt")?)?;
    let key = PrivateKeyDer::from_pem_slice(&fs::read("/tls/tls.key")?)?;
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_client_cert_verifier(verifier)
        .with_single_cert(vec![certificate], key)?;
    config.alpn_protocols = vec![b"h2".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}
