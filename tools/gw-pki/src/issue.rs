//! Makes CAs and certificates: ECDSA P-256.

use std::collections::BTreeSet;

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, Error, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose,
};
use time::{Duration, OffsetDateTime};
use zeroize::{Zeroize, Zeroizing};

use crate::certificate::{Certificate, Purpose};

/// How long a CA is valid.
const AUTHORITY_DAYS: i64 = 3650;
/// How long a leaf is valid.
const LEAF_DAYS: i64 = 365;
/// Clocks of clients may be this much behind.
const SLACK: Duration = Duration::hours(1);

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

/// Makes a CA. Each has a name of its own, so that a client that holds another one says so, and does not speak of a bad
/// signature.
pub fn authority(now: i64) -> Result<Issued, Error> {
    let mut parameters = parameters(
        &format!("OpenShell gateway CA {:08x}", rand::random::<u32>()),
        now,
        AUTHORITY_DAYS,
    )?;
    parameters.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let key = HeldKey(KeyPair::generate()?);
    let certificate = parameters.self_signed(&key.0)?;
    Ok(issued(&certificate, &key))
}

/// Issues a leaf by the CA (both PEM). It does not outlive the CA.
pub fn leaf(ca: (&str, &str), purpose: Purpose, sans: &BTreeSet<String>, now: i64) -> Result<Issued, Error> {
    let (certificate, key) = ca;
    let authority_key = HeldKey(KeyPair::from_pem(key)?);
    let issuer = Issuer::from_ca_cert_pem(certificate, &authority_key.0)?;
    let (name, usage) = match purpose {
        Purpose::Server => ("openshell", ExtendedKeyUsagePurpose::ServerAuth),
        _ => ("openshell-client", ExtendedKeyUsagePurpose::ClientAuth),
    };
    let mut parameters = parameters(name, now, LEAF_DAYS)?;
    parameters.subject_alt_names =
        CertificateParams::new(sans.iter().cloned().collect::<Vec<_>>())?.subject_alt_names;
    parameters.is_ca = IsCa::ExplicitNoCa;
    parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    parameters.extended_key_usages = vec![usage];
    parameters.use_authority_key_identifier_extension = true;
    if let Some([ca, ..]) = Certificate::read_all(certificate.as_bytes()).as_deref() {
        parameters.not_after = parameters.not_after.min(moment(ca.not_after)?);
    }
    let key = HeldKey(KeyPair::generate()?);
    let certificate = parameters.signed_by(&key.0, &issuer)?;
    Ok(issued(&certificate, &key))
}

fn parameters(name: &str, now: i64, days: i64) -> Result<CertificateParams, Error> {
    let mut subject = DistinguishedName::new();
    subject.push(DnType::CommonName, name);
    let now = moment(now)?;
    let mut parameters = CertificateParams::default();
    parameters.distinguished_name = subject;
    parameters.not_before = now - SLACK;
    parameters.not_after = now + Duration::days(days);
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
