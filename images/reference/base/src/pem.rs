//! PEM files.

use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

/// All certificates of a PEM text; none is an error.
pub fn certificates(pem: &[u8]) -> anyhow::Result<Vec<CertificateDer<'static>>> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    let found = found.map_err(|error| anyhow::anyhow!("not PEM: {error}"))?;
    anyhow::ensure!(!found.is_empty(), "it contains no certificate");
    Ok(found)
}
