//! A certificate, as far as its checks need it.

pub mod chain;
pub mod private_key;

use std::collections::BTreeSet;
use std::net::IpAddr;

use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;
use sha2::{Digest, Sha256};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer;

use crate::finding::Finding;

/// What a certificate is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The gateway's server.
    Server,
    /// A client of the gateway.
    Client,
    /// To sign the other two.
    Authority,
}

/// A certificate that could be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// The whole of it, DER.
    pub der: Vec<u8>,
    /// The subject, for people.
    pub subject: String,
    /// The public key with its algorithm (SubjectPublicKeyInfo), DER.
    pub public_key: Vec<u8>,
    /// DNS names in lower case, and IP addresses.
    pub sans: BTreeSet<String>,
    /// Seconds since 1970.
    pub not_before: i64,
    /// Seconds since 1970.
    pub not_after: i64,
    subject_der: Vec<u8>,
    issuer_der: Vec<u8>,
    is_authority: bool,
    may_sign_data: bool,
    may_sign_certificates: bool,
    may_serve: bool,
    may_be_client: bool,
}

impl Certificate {
    /// Every certificate of a PEM text, in order; `None` where there is none or one of them is broken.
    pub fn read_all(pem: &[u8]) -> Option<Vec<Self>> {
        let read: Option<Vec<Self>> = CertificateDer::pem_slice_iter(pem)
            .map(|der| Self::from_der(der.ok()?.as_ref()))
            .collect();
        read.filter(|certificates| !certificates.is_empty())
    }

    /// Every certificate of a PEM text that can be read, with the text of its own.
    pub fn read_each(pem: &[u8]) -> Vec<(Vec<u8>, Self)> {
        const END: &str = "-----END CERTIFICATE-----";
        let text = String::from_utf8_lossy(pem);
        let blocks = text.split_inclusive(END);
        blocks
            .filter_map(|block| {
                let [certificate] = Self::read_all(block.as_bytes())?.try_into().ok()?;
                Some((format!("{}\n", block.trim()).into_bytes(), certificate))
            })
            .collect()
    }

    fn from_der(der: &[u8]) -> Option<Self> {
        let (rest, parsed) = X509Certificate::from_der(der).ok()?;
        if !rest.is_empty() {
            return None;
        }
        let key_usage = parsed.key_usage().ok()?.map(|extension| extension.value);
        let purposes = parsed.extended_key_usage().ok()?.map(|extension| extension.value);
        let constraints = parsed.basic_constraints().ok()?.map(|extension| extension.value);
        Some(Self {
            subject: parsed.subject().to_string(),
            public_key: parsed.public_key().raw.to_vec(),
            sans: sans(&parsed)?,
            not_before: parsed.validity().not_before.timestamp(),
            not_after: parsed.validity().not_after.timestamp(),
            subject_der: parsed.subject().as_raw().to_vec(),
            issuer_der: parsed.issuer().as_raw().to_vec(),
            is_authority: constraints.is_some_and(|constraints| constraints.ca),
            may_sign_data: key_usage.is_none_or(|usage| usage.digital_signature()),
            may_sign_certificates: key_usage.is_none_or(|usage| usage.key_cert_sign()),
            may_serve: purposes.is_none_or(|purposes| purposes.server_auth || purposes.any),
            may_be_client: purposes.is_none_or(|purposes| purposes.client_auth || purposes.any),
            der: der.to_vec(),
        })
    }

    /// Did this issuer sign it?
    pub fn is_signed_by(&self, issuer: &Self) -> bool {
        if self.issuer_der != issuer.subject_der {
            return false;
        }
        let (Ok((_, own)), Ok((_, issuer))) = (
            X509Certificate::from_der(&self.der),
            X509Certificate::from_der(&issuer.der),
        ) else {
            return false;
        };
        own.verify_signature(Some(issuer.public_key())).is_ok()
    }

    /// May it be used for this?
    pub fn usage(&self, purpose: Purpose) -> Option<Finding> {
        let is_fit = match purpose {
            Purpose::Server => !self.is_authority && self.may_sign_data && self.may_serve,
            Purpose::Client => !self.is_authority && self.may_sign_data && self.may_be_client,
            Purpose::Authority => self.is_authority && self.may_sign_certificates,
        };
        (!is_fit).then_some(Finding::WrongUsage)
    }

    /// Its time, against a clock in seconds since 1970. It is expiring where less than `renew_before` seconds are left, or
    /// less than a third of its time where that is not given.
    pub fn validity(&self, now: i64, renew_before: Option<i64>) -> Option<Finding> {
        let renew_before = renew_before.unwrap_or((self.not_after - self.not_before) / 3);
        if now < self.not_before {
            Some(Finding::NotYetValid)
        } else if now > self.not_after {
            Some(Finding::Expired)
        } else if self.not_after - now < renew_before {
            Some(Finding::Expiring)
        } else {
            None
        }
    }

    /// SHA-256 of the certificate in lower-case hex, as `openssl x509 -fingerprint` has it without its colons.
    pub fn fingerprint_sha256(&self) -> String {
        hex::encode(Sha256::digest(&self.der))
    }
}

fn sans(parsed: &X509Certificate<'_>) -> Option<BTreeSet<String>> {
    let Some(extension) = parsed.subject_alternative_name().ok()? else {
        return Some(BTreeSet::new());
    };
    let names = &extension.value.general_names;
    Some(names.iter().filter_map(san).collect())
}

fn san(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) => Some(name.to_ascii_lowercase()),
        GeneralName::IPAddress(bytes) => {
            let v4 = <[u8; 4]>::try_from(*bytes).map(IpAddr::from);
            let address = v4.or_else(|_| <[u8; 16]>::try_from(*bytes).map(IpAddr::from));
            address.ok().map(|address| address.to_string())
        }
        _ => None,
    }
}
