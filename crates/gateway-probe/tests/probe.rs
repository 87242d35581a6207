//! Probes of servers that the test makes: each outcome is seen from a real connection.

use std::sync::Arc;
use std::time::Duration;

use gateway_probe::{Outcome, TlsFault, client_config, probe};
use rcgen::{BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

const PATIENCE: Duration = Duration::from_secs(60);
/// An empty SETTINGS frame.
const SETTINGS: &[u8] = b"\0\0\0\x04\0\0\0\0\0";

struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
}

impl Authority {
    fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = params.self_signed(&key).unwrap().pem();
        Self {
            issuer: Issuer::new(params, key),
            pem,
        }
    }

    /// Certificate and key, PEM.
    fn leaf(&self, name: &str, usage: ExtendedKeyUsagePurpose, expired: bool) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.extended_key_usages = vec![usage];
        if expired {
            params.not_before = rcgen::date_time_ymd(2001, 1, 1);
            params.not_after = rcgen::date_time_ymd(2002, 1, 1);
        }
        let pem = params.signed_by(&key, &self.issuer).unwrap().pem();
        (pem, key.serialize_pem())
    }

    fn server(&self, expired: bool) -> TlsAcceptor {
        let (certificate, key) = self.leaf("localhost", ExtendedKeyUsagePurpose::ServerAuth, expired);
        self.server_with(&certificate, &key)
    }

    /// A server that presents the CA's own certificate.
    fn server_of_ca(&self) -> TlsAcceptor {
        self.server_with(&self.pem, &self.issuer.key().serialize_pem())
    }

    fn server_with(&self, certificate: &str, key: &str) -> TlsAcceptor {
        let mut roots = RootCertStore::empty();
        roots
            .add(CertificateDer::from_pem_slice(self.pem.as_bytes()).unwrap())
            .unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider))
            .build()
            .unwrap();
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_client_cert_verifier(verifier)
            .with_single_cert(
                vec![CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()],
                PrivateKeyDer::from_pem_slice(key.as_bytes()).unwrap(),
            )
            .unwrap();
        config.alpn_protocols = vec![b"h2".to_vec()];
        TlsAcceptor::from(Arc::new(config))
    }

    fn client(&self, trusting: &Self) -> Arc<rustls::ClientConfig> {
        let (certificate, key) = self.leaf("client", ExtendedKeyUsagePurpose::ClientAuth, false);
        client_config(
            trusting.pem.as_bytes(),
            Some((certificate.as_bytes(), key.as_bytes())),
        )
        .unwrap()
    }
}

/// Reads the client's preface, then says this.
async fn say(mut stream: impl AsyncRead + AsyncWrite + Unpin, answer: &[u8]) {
    let mut preface = [0; 33];
    if stream.read_exact(&mut preface).await.is_ok() {
        let _ = stream.write_all(answer).await;
        let _ = stream.flush().await;
        let _ = stream.read(&mut preface).await;
    }
}

/// A server on a free port of this machine; it ends with the test's runtime.
async fn serve(tls: Option<TlsAcceptor>, answer: &'static [u8]) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            match &tls {
                Some(acceptor) => {
                    if let Ok(secured) = acceptor.accept(stream).await {
                        say(secured, answer).await;
                    }
                }
                None => say(stream, answer).await,
            }
        }
    });
    address
}

#[tokio::test]
async fn serves_only_with_the_right_bundle() {
    let (authority, stranger) = (Authority::new(), Authority::new());
    let address = serve(Some(authority.server(false)), SETTINGS).await;
    let mine = authority.client(&authority);
    assert_eq!(
        probe(&address, "localhost", Some(&mine), PATIENCE).await,
        Outcome::Serving
    );

    let fault = async |name: &str, config| match probe(&address, name, Some(&config), PATIENCE).await {
        Outcome::TlsFailed { fault, .. } => fault,
        other => panic!("{other:?}"),
    };
    assert_eq!(
        fault("localhost", authority.client(&stranger)).await,
        TlsFault::ServerUntrusted
    );
    assert_eq!(fault("elsewhere", mine).await, TlsFault::NameMismatch);
    assert_eq!(
        fault("localhost", stranger.client(&authority)).await,
        TlsFault::ClientRefused
    );
    let without = client_config(authority.pem.as_bytes(), None).unwrap();
    assert_eq!(fault("localhost", without).await, TlsFault::ClientRefused);
}

#[tokio::test]
async fn an_expired_server_and_one_without_tls_are_told_apart() {
    let authority = Authority::new();
    let client = authority.client(&authority);
    for (address, expected) in [
        (
            serve(Some(authority.server(true)), SETTINGS).await,
            TlsFault::ServerExpired,
        ),
        (
            serve(None, b"HTTP/1.1 400 Bad Request\r\n\r\n").await,
            TlsFault::NotTls,
        ),
    ] {
        match probe(&address, "localhost", Some(&client), PATIENCE).await {
            Outcome::TlsFailed { fault, .. } => assert_eq!(fault, expected),
            other => panic!("{expected:?} was expected: {other:?}"),
        }
    }
}

#[tokio::test]
async fn what_tls_fails_by_is_told_in_words() {
    let authority = Authority::new();
    let client = authority.client(&authority);
    for (server, name, words) in [
        (
            authority.server_of_ca(),
            "localhost",
            "the server's certificate is a CA certificate",
        ),
        (
            authority.server(true),
            "localhost",
            "the server's certificate expired at 2002-01-01T00:00:00Z",
        ),
        (
            authority.server(false),
            "elsewhere",
            "the server's certificate is not valid for elsewhere, only for localhost",
        ),
    ] {
        let address = serve(Some(server), SETTINGS).await;
        let outcome = probe(&address, name, Some(&client), PATIENCE).await;
        assert_eq!(outcome.detail(), format!("TLS fails: {words}"));
    }
    let address = serve(Some(authority.server(false)), SETTINGS).await;
    let without = client_config(authority.pem.as_bytes(), None).unwrap();
    let outcome = probe(&address, "localhost", Some(&without), PATIENCE).await;
    assert_eq!(
        outcome.detail(),
        "TLS fails: the server demands a client certificate"
    );
}

#[tokio::test]
async fn without_tls_the_answer_must_be_http2() {
    let address = serve(None, SETTINGS).await;
    assert_eq!(
        probe(&address, "localhost", None, PATIENCE).await,
        Outcome::Serving
    );
    let address = serve(None, b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
    assert!(matches!(
        probe(&address, "localhost", None, PATIENCE).await,
        Outcome::NotHttp2 { .. }
    ));
    // An acknowledgement is no SETTINGS of its own.
    let address = serve(None, b"\0\0\0\x04\x01\0\0\0\0").await;
    assert!(matches!(
        probe(&address, "localhost", None, PATIENCE).await,
        Outcome::NotHttp2 { .. }
    ));
}

#[tokio::test]
async fn refused_reset_silent_and_unknown_addresses() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let silent = probe(&address, "localhost", None, Duration::from_millis(50)).await;
    assert_eq!(silent, Outcome::TimedOut);

    let closing = tokio::spawn(async move {
        loop {
            let _ = listener.accept().await;
        }
    });
    assert_eq!(probe(&address, "localhost", None, PATIENCE).await, Outcome::Reset);
    let authority = Authority::new();
    let client = authority.client(&authority);
    assert_eq!(
        probe(&address, "localhost", Some(&client), PATIENCE).await,
        Outcome::Reset
    );
    closing.abort();
    let _ = closing.await;
    assert_eq!(
        probe(&address, "localhost", None, PATIENCE).await,
        Outcome::Refused
    );
    assert!(matches!(
        probe("127.0.0.1:99999", "localhost", None, PATIENCE).await,
        Outcome::Unreachable { .. }
    ));
}

#[test]
fn an_invalid_bundle_is_named_by_its_part_and_never_shown() {
    let authority = Authority::new();
    let (certificate, _) = authority.leaf("client", ExtendedKeyUsagePurpose::ClientAuth, false);
    let pem = authority.pem.as_bytes();
    let message = |ca: &[u8], own| client_config(ca, own).unwrap_err().to_string();
    assert!(message(b"", None).starts_with("CA certificate"));
    let text = message(pem, Some((certificate.as_bytes(), &b"hidden"[..])));
    assert!(
        text.starts_with("client key") && !text.contains("hidden"),
        "{text}"
    );
    let other = KeyPair::generate().unwrap().serialize_pem();
    let text = message(pem, Some((certificate.as_bytes(), other.as_bytes())));
    assert!(text.starts_with("client certificate and key"), "{text}");
}
