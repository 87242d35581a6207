//! Private keys: read, and held against a certificate.

use rustls::crypto::ring::sign::any_supported_type;
use rustls_pki_types::PrivateKeyDer;
use rustls_pki_types::pem::PemObject;
use zeroize::Zeroize;

use super::Certificate;
use crate::finding::Finding;

/// Is the key (PEM: PKCS#8, SEC1 or PKCS#1) the certificate's?
pub fn check(pem: &[u8], certificate: &Certificate) -> Option<Finding> {
    let Ok(mut der) = PrivateKeyDer::from_pem_slice(pem) else {
        return Some(Finding::InvalidPem);
    };
    let key = any_supported_type(&der);
    der.zeroize();
    match key.ok().as_ref().and_then(|key| key.public_key()) {
        None => Some(Finding::InvalidPem),
        Some(public) if public.as_ref() == certificate.public_key => None,
        Some(_) => Some(Finding::KeyMismatch),
    }
}
