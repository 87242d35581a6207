//! Docker over TCP with TLS on both sides, against a small server that plays the engine.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use docker_session::{DockerSession, Settings};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

type Authority = CertifiedIssuer<'static, KeyPair>;

fn authority() -> Authority {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

fn write_client_files(folder: &Path, trusted: &Authority, issuer: &Authority) {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec!["client".to_owned()])
        .unwrap()
        .signed_by(&key, issuer)
        .unwrap();
    fs::write(folder.join("ca.pem"), trusted.pem()).unwrap();
    fs::write(folder.join("cert.pem"), certificate.pem()).unwrap();
    fs::write(folder.join("key.pem"), key.serialize_pem()).unwrap();
}

/// Answers pings of clients that this CA vouches for. Returns the port.
async fn engine(own: &Authority) -> u16 {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(vec!["127.0.0.1".to_owned()])
        .unwrap()
        .signed_by(&key, own)
        .unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(own.der().clone()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
        .build()
        .unwrap();
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier)
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der())),
        )
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            let Ok(mut stream) = acceptor.accept(stream).await else {
                continue;
            };
            let _ = stream.read(&mut [0; 4096]).await;
            let answer = b"HTTP/1.1 200 OK\r\nApi-Version: 1.43\r\nContent-Length: 2\r\n\r\nOK";
            let _ = stream.write_all(answer).await;
            let _ = stream.shutdown().await;
        }
    });
    port
}

#[tokio::test]
async fn both_sides_are_verified() {
    let (own, other) = (authority(), authority());
    let port = engine(&own).await;
    let folder = tempfile::tempdir().unwrap();
    let open = async |trusted: &Authority, issuer: &Authority| {
        write_client_files(folder.path(), trusted, issuer);
        let settings = Settings {
            docker_host: Some(format!("tcp://127.0.0.1:{port}")),
            tls: true,
            certificates: Some(folder.path().to_owned()),
            ..Settings::default()
        };
        DockerSession::open_with(&settings).await
    };
    let session = open(&own, &own).await.unwrap();
    assert_eq!(
        (session.api_version().as_str(), session.is_local()),
        ("1.43", false)
    );
    for (case, trusted, issuer, words) in [
        (
            "strange engine",
            &other,
            &own,
            "the server's certificate is not signed by a CA that this client trusts",
        ),
        (
            "strange client",
            &own,
            &other,
            "the server refuses the client certificate",
        ),
    ] {
        let failure = open(trusted, issuer).await.unwrap_err();
        assert_eq!(
            (failure.reason, failure.exit.code()),
            ("docker_unreachable", 69),
            "{case}: {}",
            failure.message
        );
        assert!(failure.message.contains(words), "{case}: {}", failure.message);
    }
    fs::write(folder.path().join("key.pem"), "none").unwrap();
    let settings = Settings {
        docker_host: Some(format!("tcp://127.0.0.1:{port}")),
        tls: true,
        certificates: Some(folder.path().to_owned()),
        ..Settings::default()
    };
    let failure = DockerSession::open_with(&settings).await.unwrap_err();
    assert_eq!((failure.reason, failure.exit.code()), ("docker_host_invalid", 78));
    assert!(failure.message.contains("key.pem"), "{}", failure.message);
}
