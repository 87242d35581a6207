//! Makes CAs and certificates.

use std::collections::BTreeSet;

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, Error, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ED25519,
    SignatureAlgorithm,
};
use time::{Duration, OffsetDateTime};
use zeroize::{Zeroize, Zeroizing};

use crate::certificate::{Certificate, Purpose};

/// Clocks of clients may be this much behind.
const SLACK: Duration = Duration::hours(1);

/// The algorithm of new keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeyType {
    /// ECDSA with P-256 and SHA-256.
    #[default]
    EcdsaP256,
    /// ECDSA with P-384 and SHA-384.
    EcdsaP384,
    /// Ed25519.
    Ed25519,
}

/// How new certificates are made.
#[derive(Clone, Copy, Debug)]
pub struct Making {
    /// The algorithm of their keys.
    pub key_type: KeyType,
    /// How long a CA is valid, in seconds.
    pub ca_seconds: i64,
    /// How long a leaf is valid, in seconds.
    pub leaf_seconds: i64,
}

/// A certificate and its key.
pub struct Issued {
    /// PEM.
    pub certificate: String,
    /// PEM, PKCS#8.
    pub key: Zeroizing<String>,
}

/// A key that is wiped when dropped.
struct HeldKey(KeyPair);

impl Drop for HeldKey {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl KeyType {
    fn algorithm(self) -> &'static SignatureAlgorithm {
        match self {
            Self::EcdsaP256 => &PKCS_ECDSA_P256_SHA256,
            Self::EcdsaP384 => &PKCS_ECDSA_P384_SHA384,
            Self::Ed25519 => &PKCS_ED25519,
        }
    }

    fn generate(self) -> Result<HeldKey, Error> {
        KeyPair::generate_for(self.algorithm()).map(HeldKey)
    }
}

/// Makes a CA. Each has a name of its own, so that a client that holds another one says so, and does not speak of a bad
/// signature.
pub fn authority(making: Making, now: i64) -> Result<Issued, Error> {
    let name = format!("OpenShell gateway CA {:08x}", rand::random::<u32>());
    let mut parameters = parameters(&name, now, making.ca_seconds)?;
    parameters.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let key = making.key_type.generate()?;
    let certificate = parameters.self_signed(&key.0)?;
    Ok(issued(&certificate, &key))
}

/// Issues a leaf by the CA (both PEM). It does not outlive the CA.
pub fn leaf(
    ca: (&str, &str),
    purpose: Purpose,
    sans: &BTreeSet<String>,
    making: Making,
    now: i64,
) -> Result<Issued, Error> {
    let (certificate, key) = ca;
    let authority_key = HeldKey(KeyPair::from_pem(key)?);
    let issuer = Issuer::from_ca_cert_pem(certificate, &authority_key.0)?;
    let (name, usage) = match purpose {
        Purpose::Server => ("openshell", ExtendedKeyUsagePurpose::ServerAuth),
        _ => ("openshell-client", ExtendedKeyUsagePurpose::ClientAuth),
    };
    let mut parameters = parameters(name, now, making.leaf_seconds)?;
    parameters.subject_alt_names =
        CertificateParams::new(sans.iter().cloned().collect::<Vec<_>>())?.subject_alt_names;
    parameters.is_ca = IsCa::ExplicitNoCa;
    parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    parameters.extended_key_usages = vec![usage];
    parameters.use_authority_key_identifier_extension = true;
    if let Some([ca, ..]) = Certificate::read_all(certificate.as_bytes()).as_deref() {
        parameters.not_after = parameters.not_after.min(moment(ca.not_after)?);
    }
    let key = making.key_type.generate()?;
    let certificate = parameters.signed_by(&key.0, &issuer)?;
    Ok(issued(&certificate, &key))
}

/// The slack is a small part of the whole, so that what is new is never late already.
fn parameters(name: &str, now: i64, seconds: i64) -> Result<CertificateParams, Error> {
    let mut subject = DistinguishedName::new();
    subject.push(DnType::CommonName, name);
    let (now, whole) = (moment(now)?, Duration::seconds(seconds));
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name = subject;
    parameters.not_before = now - SLACK.min(whole / 10);
    parameters.not_after = now + whole;
    Ok(parameters)
}

fn moment(seconds: i64) -> Result<OffsetDateTime, Error> {
    OffsetDateTime::from_unix_timestamp(seconds).map_err(|_| Error::Time)
}

fn issued(certificate: &rcgen::Certificate, key: &HeldKey) -> Issued {
    Issued {
        certificate: certificate.pem(),
        key: Zeroizing::new(key.0.serialize_pem()),
    }
}
