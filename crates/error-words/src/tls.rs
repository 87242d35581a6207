//! Errors of TLS.

use std::fmt::Debug;

use jiff::Timestamp;
use rustls::{
    AlertDescription, CertificateError, Error, ExtendedKeyPurpose, InconsistentKeys, InvalidMessage,
    PeerIncompatible,
};
use rustls_pki_types::{UnixTime, pem};

/// A TLS error in the words of a client.
pub fn tls_words(error: &Error) -> String {
    match error {
        Error::InvalidCertificate(fault) => certificate("the server's certificate", fault),
        Error::AlertReceived(alert) => refusal(*alert),
        Error::InvalidMessage(InvalidMessage::InvalidContentType) => "the server does not speak TLS".into(),
        Error::InvalidMessage(fault) => {
            format!(
                "the server sent a TLS message that cannot be read ({})",
                name(fault)
            )
        }
        Error::InappropriateMessage { .. } | Error::InappropriateHandshakeMessage { .. } => {
            "the server sent a TLS message that may not be sent at this moment".into()
        }
        Error::PeerIncompatible(
            PeerIncompatible::ServerDoesNotSupportTls12Or13
            | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig,
        ) => "the server supports neither TLS 1.2 nor TLS 1.3".into(),
        Error::PeerIncompatible(fault) => {
            format!(
                "the server's TLS settings do not fit this client ({})",
                name(fault)
            )
        }
        Error::PeerMisbehaved(fault) => {
            format!("the server does not keep to the TLS protocol ({})", name(fault))
        }
        Error::NoCertificatesPresented => "the server presents no certificate".into(),
        Error::NoApplicationProtocol => "server and client have no application protocol in common".into(),
        Error::DecryptError => "a TLS message of the server cannot be decrypted".into(),
        Error::PeerSentOversizedRecord => "the server sent a TLS message that is too long".into(),
        Error::InconsistentKeys(InconsistentKeys::KeyMismatch) => {
            "the private key does not belong to the certificate".into()
        }
        Error::InconsistentKeys(_) => "the private key may not belong to the certificate".into(),
        Error::InvalidCertRevocationList(fault) => {
            format!("a certificate revocation list is invalid ({})", name(fault))
        }
        Error::InvalidEncryptedClientHello(fault) => {
            format!("the encrypted client hello failed ({})", name(fault))
        }
        Error::General(text) => text.clone(),
        Error::Other(fault) => fault.to_string(),
        // The rest is said by rustls itself in words.
        _ => error.to_string(),
    }
}

/// The same about the client's own certificate and key.
pub fn own_tls_words(error: &Error) -> String {
    match error {
        Error::InvalidCertificate(fault) => certificate("the certificate", fault),
        _ => tls_words(error),
    }
}

/// Why a file is not what it should be, without any part of it: a key must not be shown.
pub fn pem_words(error: &pem::Error) -> String {
    match error {
        pem::Error::NoItemsFound => "no PEM section of the kind is in it".into(),
        pem::Error::Io(error) => error.to_string(),
        _ => "it is not valid PEM".into(),
    }
}

/// Why a certificate is not accepted.
fn certificate(whose: &str, fault: &CertificateError) -> String {
    let what = match fault {
        CertificateError::BadEncoding => "cannot be parsed".into(),
        CertificateError::Expired => "has expired".into(),
        CertificateError::ExpiredContext { not_after, .. } => format!("expired at {}", shown(*not_after)),
        CertificateError::NotValidYet => "is not valid yet".into(),
        CertificateError::NotValidYetContext { time, not_before } => format!(
            "is not valid before {}, and this machine's clock says {}",
            shown(*not_before),
            shown(*time)
        ),
        CertificateError::Revoked => "was revoked".into(),
        CertificateError::UnhandledCriticalExtension => {
            "has a critical extension that is not supported".into()
        }
        CertificateError::UnknownIssuer => "is not signed by a CA that this client trusts".into(),
        CertificateError::UnknownRevocationStatus
        | CertificateError::ExpiredRevocationList
        | CertificateError::ExpiredRevocationListContext { .. } => {
            "may have been revoked: no current revocation list tells".into()
        }
        CertificateError::BadSignature => {
            "is not signed by a CA that this client trusts (its signature is wrong)".into()
        }
        CertificateError::UnsupportedSignatureAlgorithmContext { .. }
        | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. } => {
            "is signed by an algorithm that is not supported".into()
        }
        CertificateError::NotValidForName => "is not valid for the server's name".into(),
        CertificateError::NotValidForNameContext { expected, presented } => {
            let names: Vec<&str> = presented.iter().map(|name| bare(name)).collect();
            let others = if names.is_empty() {
                "any name".into()
            } else {
                names.join(", ")
            };
            let only = if names.is_empty() { "nor for" } else { "only for" };
            format!("is not valid for {}, {only} {others}", expected.to_str())
        }
        CertificateError::InvalidPurpose => "is not meant for a server".into(),
        CertificateError::InvalidPurposeContext { required, .. } => {
            let purpose = match required {
                ExtendedKeyPurpose::ServerAuth => "a server",
                ExtendedKeyPurpose::ClientAuth => "a client",
                ExtendedKeyPurpose::Other(_) => "this purpose",
            };
            format!("is not meant for {purpose} (extended key usage)")
        }
        CertificateError::InvalidOcspResponse => "comes with an invalid OCSP response".into(),
        CertificateError::ApplicationVerificationFailure => "is refused by this client".into(),
        CertificateError::Other(inner) => match inner.0.downcast_ref::<webpki::Error>() {
            Some(fault) => verification(fault),
            None => format!("is not accepted: {inner}"),
        },
        other => format!("is not accepted ({})", name(other)),
    };
    format!("{whose} {what}")
}

/// What webpki finds that rustls has no word of its own for.
fn verification(fault: &webpki::Error) -> String {
    match fault {
        webpki::Error::CaUsedAsEndEntity => "is a CA certificate".into(),
        webpki::Error::EndEntityUsedAsCa => "is signed by a certificate that is not a CA's".into(),
        webpki::Error::PathLenConstraintViolated => "has more CAs above it than its root CA allows".into(),
        webpki::Error::NameConstraintViolation => "is for a name that its CA may not sign".into(),
        webpki::Error::UnsupportedCertVersion => "is not of X.509 version 3".into(),
        other => format!("is not accepted ({})", name(other)),
    }
}

/// The alert by which the server ended the handshake (RFC 8446, 6.2).
fn refusal(alert: AlertDescription) -> String {
    match alert {
        AlertDescription::CertificateRequired => "the server demands a client certificate".into(),
        AlertDescription::UnknownCA => "the server does not trust the CA of the client certificate".into(),
        AlertDescription::CertificateExpired => {
            "the server says that the client certificate is expired".into()
        }
        AlertDescription::CertificateRevoked => {
            "the server says that the client certificate is revoked".into()
        }
        AlertDescription::AccessDenied => "the server denies access with this client certificate".into(),
        AlertDescription::BadCertificate
        | AlertDescription::CertificateUnknown
        | AlertDescription::DecryptError
        | AlertDescription::UnsupportedCertificate => {
            format!(
                "the server refuses the client certificate ({})",
                alert_name(alert)
            )
        }
        AlertDescription::ProtocolVersion => "the server supports neither TLS 1.2 nor TLS 1.3".into(),
        AlertDescription::HandshakeFailure | AlertDescription::InsufficientSecurity => {
            "server and client have no TLS settings in common".into()
        }
        AlertDescription::UnrecognisedName => {
            "the server does not know the name that it was asked for".into()
        }
        AlertDescription::NoApplicationProtocol => {
            "server and client have no application protocol in common".into()
        }
        other => format!("the server ended the TLS handshake ({})", alert_name(other)),
    }
}

fn alert_name(alert: AlertDescription) -> String {
    match alert.as_str() {
        Some(known) => words(known),
        None => format!("alert {}", u8::from(alert)),
    }
}

/// A variant's name in words: `MissingData("x")` is "missing data". Only the name counts, because what a variant holds may be a value.
fn name(variant: &dyn Debug) -> String {
    let text = format!("{variant:?}");
    let name = text
        .split(|c: char| !c.is_alphanumeric())
        .next()
        .unwrap_or_default();
    words(name)
}

/// `MissingData` is "missing data".
fn words(name: &str) -> String {
    let mut words = String::new();
    let mut after_small = false;
    for letter in name.chars() {
        if letter.is_uppercase() && after_small {
            words.push(' ');
        }
        after_small = !letter.is_uppercase();
        words.extend(letter.to_lowercase());
    }
    words
}

/// A name of a certificate, which webpki hands over as `DnsName("localhost")` or `IpAddress(127.0.0.1)`.
fn bare(name: &str) -> &str {
    match name.split_once('(') {
        Some((_, inner)) => inner.trim_end_matches(')').trim_matches('"'),
        None => name,
    }
}

fn shown(time: UnixTime) -> String {
    let seconds = i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
    Timestamp::from_second(seconds)
        .map_or_else(|_| "a time that no calendar has".into(), |time| time.to_string())
}
