//! TLS settings from a client's bundle.

use std::fmt;
use std::sync::Arc;

use error_words::{own_tls_words, pem_words};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

/// The bundle is no bundle: which part, and what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BundleInvalid(String);

impl fmt::Display for BundleInvalid {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for BundleInvalid {}

/// TLS settings that trust `ca` alone and present `certificate` with `key` (PEM), with ALPN `h2`.
/// Without certificate and key, no client certificate is presented.
pub fn client_config(ca: &[u8], own: Option<(&[u8], &[u8])>) -> Result<Arc<ClientConfig>, BundleInvalid> {
    let invalid = |part: &str, why: &str| BundleInvalid(format!("{part}: {why}"));
    let mut roots = RootCertStore::empty();
    for certificate in certificates("CA certificate", ca)? {
        roots
            .add(certificate)
            .map_err(|error| invalid("CA certificate", &own_tls_words(&error)))?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("ring has TLS 1.2 and 1.3")
        .with_root_certificates(roots);
    let mut config = match own {
        None => builder.with_no_client_auth(),
        Some((certificate, key)) => {
            let chain = certificates("client certificate", certificate)?;
            let key = PrivateKeyDer::from_pem_slice(key)
                .map_err(|error| invalid("client key", &pem_words(&error)))?;
            builder
                .with_client_auth_cert(chain, key)
                .map_err(|error| invalid("client certificate and key", &own_tls_words(&error)))?
        }
    };
    config.alpn_protocols = vec![b"h2".to_vec()];
    Ok(Arc::new(config))
}

fn certificates(part: &str, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, BundleInvalid> {
    let found = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| BundleInvalid(format!("{part}: {}", pem_words(&error))))?;
    if found.is_empty() {
        return Err(BundleInvalid(format!("{part}: no certificate is in it")));
    }
    Ok(found)
}
