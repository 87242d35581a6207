//! TLS as the flags ask for it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use client_files::ClientFiles;
use contract::{Context, Failure};
use gateway_probe::{Outcome, TlsFault};
use rustls::ClientConfig;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::{DigitallySignedStruct, Error, SignatureScheme};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};

use crate::reasons::{BUNDLE_INVALID, CLIENT_CERTIFICATE_EXPIRED};
use crate::report::{CauseField, Report};

/// The TLS flags that gRPC and sandboxes share.
pub struct TlsFlags<'a> {
    pub ca: &'a Option<PathBuf>,
    pub certificate: &'a Option<PathBuf>,
    pub key: &'a Option<PathBuf>,
    pub server_name: &'a Option<String>,
    pub no_verify: bool,
    pub plaintext: bool,
}

/// Whom to ask, and how.
pub struct Peer {
    pub address: String,
    pub server_name: String,
    /// `None`: without TLS.
    pub tls: Option<Arc<ClientConfig>>,
    /// When the client's certificate expires; unix seconds.
    expires_at: Option<i64>,
}

impl Peer {
    /// The peer at `address`; wrong files are an error at once, because waiting does not change them.
    pub fn new(address: &str, flags: &TlsFlags, context: &Context<Report>) -> Result<Self, Failure> {
        let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let files = [flags.ca, flags.certificate, flags.key];
        if flags.plaintext && (flags.no_verify || files.iter().any(|file| file.is_some())) {
            return Err(usage("--plaintext and TLS flags exclude each other"));
        }
        let mut peer = Self {
            address: address.to_owned(),
            server_name: flags.server_name.clone().unwrap_or_else(|| host.to_owned()),
            tls: None,
            expires_at: None,
        };
        if !flags.plaintext {
            let Material { ca, client } = material(flags, context)?;
            peer.expires_at = client.as_ref().and_then(|client| expiry(&client.certificate));
            let client = client
                .as_ref()
                .map(|client| (&client.certificate[..], &client.key[..]));
            let mut config = gateway_probe::client_config(&ca, client)
                .map_err(|error| bundle_invalid(format!("the TLS material is wrong: {error}")))?;
            if flags.no_verify {
                let unverified = Arc::make_mut(&mut config);
                let provider = Arc::clone(unverified.crypto_provider());
                unverified
                    .dangerous()
                    .set_certificate_verifier(Arc::new(AnyServer(provider)));
            }
            peer.tls = Some(config);
        }
        Ok(peer)
    }

    /// The failure, where the server refuses a client whose certificate has expired: waiting does not make it younger.
    pub fn hopeless(&self, outcome: &Outcome) -> Option<Failure> {
        let refused = matches!(
            outcome,
            Outcome::TlsFailed {
                fault: TlsFault::ClientRefused,
                ..
            }
        );
        let expired = self
            .expires_at
            .is_some_and(|time| time < jiff::Timestamp::now().as_second());
        (refused && expired).then(|| {
            CLIENT_CERTIFICATE_EXPIRED.failure(
                format!(
                    "the gateway at {} refuses the client's certificate, which has expired",
                    self.address
                ),
                format!("{} makes a new one", contract::typed("gw-pki reconcile")),
            )
        })
    }
}

/// What came of a probe, in a stable word of its own for each fault of TLS.
pub fn cause(outcome: &Outcome) -> CauseField {
    let word = match outcome {
        Outcome::TlsFailed { fault, .. } => match fault {
            TlsFault::ServerUntrusted => "server_untrusted",
            TlsFault::ServerExpired => "server_expired",
            TlsFault::NameMismatch => "name_mismatch",
            TlsFault::ClientRefused => "client_refused",
            TlsFault::NotTls => "not_tls",
            TlsFault::Other => "tls_failed",
        },
        other => other.word(),
    };
    CauseField::new(word, outcome.detail())
}

/// What TLS needs, each in PEM.
struct Material {
    ca: Vec<u8>,
    client: Option<ClientCertificate>,
}

struct ClientCertificate {
    certificate: Vec<u8>,
    key: Vec<u8>,
}

/// The files that were named, and the gateway's client bundle where none was.
fn material(flags: &TlsFlags, context: &Context<Report>) -> Result<Material, Failure> {
    let all = |ca: &Path, certificate: &Path, key: &Path| {
        Ok::<_, Failure>(Material {
            ca: read(ca)?,
            client: Some(ClientCertificate {
                certificate: read(certificate)?,
                key: read(key)?,
            }),
        })
    };
    match (flags.ca, flags.certificate, flags.key) {
        (None, None, None) => {
            let files = ClientFiles::of_user()?;
            let folder = files.gateway(&files.resolve(context.common.gateway.as_deref())?);
            let bundle = folder.bundle();
            all(&bundle.ca, &bundle.certificate, &bundle.key)
        }
        (Some(ca), None, None) => Ok(Material {
            ca: read(ca)?,
            client: None,
        }),
        (Some(ca), Some(certificate), Some(key)) => all(ca, certificate, key),
        (None, ..) => Err(usage("a client certificate needs --tls-ca-cert, too")),
        _ => Err(usage("--tls-client-cert and --tls-client-key go together")),
    }
}

fn expiry(pem: &[u8]) -> Option<i64> {
    let (_, pem) = x509_parser::pem::parse_x509_pem(pem).ok()?;
    Some(pem.parse_x509().ok()?.validity().not_after.timestamp())
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(path).map_err(|error| bundle_invalid(format!("{} cannot be read: {error}", path.display())))
}

fn usage(message: &str) -> Failure {
    Failure::usage(message, contract::typed("gw-wait --help"))
}

fn bundle_invalid(message: String) -> Failure {
    BUNDLE_INVALID.failure(
        message,
        format!(
            "{} writes the gateway's client bundle; --tls-ca-cert and its companions name other files",
            contract::typed("gw-pki reconcile")
        ),
    )
}

/// `--tls-no-verify`: any server will do, as long as it has the key of the certificate that it shows.
#[derive(Debug)]
struct AnyServer(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyServer {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(
            message,
            certificate,
            signed,
            &self.0.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(
            message,
            certificate,
            signed,
            &self.0.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
