//! What rustls says, and what people read.

use std::error::Error as _;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use error_words::{explain, tls_cause, tls_words};
use rustls::{
    AlertDescription, CertRevocationListError, CertificateError, ContentType, EncryptedClientHelloError,
    Error, ExtendedKeyPurpose, HandshakeType, InconsistentKeys, InvalidMessage, OtherError, PeerIncompatible,
    PeerMisbehaved,
};
use rustls_pki_types::{ServerName, UnixTime};

fn at(seconds: u64) -> UnixTime {
    UnixTime::since_unix_epoch(Duration::from_secs(seconds))
}

fn by_webpki(fault: webpki::Error) -> Error {
    Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(fault))))
}

fn for_names(presented: &[&str]) -> Error {
    Error::InvalidCertificate(CertificateError::NotValidForNameContext {
        expected: ServerName::try_from("gateway.example").unwrap(),
        presented: presented.iter().map(|name| (*name).to_owned()).collect(),
    })
}

fn table() -> Vec<(Error, &'static str)> {
    use CertificateError as C;
    let certificates = [
        (C::BadEncoding, "the server's certificate cannot be parsed"),
        (C::Expired, "the server's certificate has expired"),
        (
            C::ExpiredContext {
                time: at(86_400),
                not_after: at(60),
            },
            "the server's certificate expired at 1970-01-01T00:01:00Z",
        ),
        (C::NotValidYet, "the server's certificate is not valid yet"),
        (
            C::NotValidYetContext {
                time: at(0),
                not_before: at(60),
            },
            "the server's certificate is not valid before 1970-01-01T00:01:00Z, and this machine's clock says 1970-01-01T00:00:00Z",
        ),
        (C::Revoked, "the server's certificate was revoked"),
        (
            C::UnhandledCriticalExtension,
            "the server's certificate has a critical extension that is not supported",
        ),
        (
            C::UnknownIssuer,
            "the server's certificate is not signed by a CA that this client trusts",
        ),
        (
            C::UnknownRevocationStatus,
            "the server's certificate may have been revoked: no current revocation list tells",
        ),
        (
            C::ExpiredRevocationList,
            "the server's certificate may have been revoked: no current revocation list tells",
        ),
        (
            C::BadSignature,
            "the server's certificate is not signed by a CA that this client trusts (its signature is wrong)",
        ),
        (
            C::UnsupportedSignatureAlgorithmContext {
                signature_algorithm_id: vec![1],
                supported_algorithms: Vec::new(),
            },
            "the server's certificate is signed by an algorithm that is not supported",
        ),
        (
            C::NotValidForName,
            "the server's certificate is not valid for the server's name",
        ),
        (
            C::InvalidPurpose,
            "the server's certificate is not meant for a server",
        ),
        (
            C::InvalidPurposeContext {
                required: ExtendedKeyPurpose::ServerAuth,
                presented: Vec::new(),
            },
            "the server's certificate is not meant for a server (extended key usage)",
        ),
        (
            C::InvalidOcspResponse,
            "the server's certificate comes with an invalid OCSP response",
        ),
        (
            C::ApplicationVerificationFailure,
            "the server's certificate is refused by this client",
        ),
        (
            C::Other(OtherError(Arc::new(io::Error::other("the token is gone")))),
            "the server's certificate is not accepted: the token is gone",
        ),
    ];
    let mut all: Vec<_> = certificates
        .into_iter()
        .map(|(fault, words)| (Error::InvalidCertificate(fault), words))
        .collect();
    all.extend([
        (
            by_webpki(webpki::Error::CaUsedAsEndEntity),
            "the server's certificate is a CA certificate",
        ),
        (
            by_webpki(webpki::Error::EndEntityUsedAsCa),
            "the server's certificate is signed by a certificate that is not a CA's",
        ),
        (
            by_webpki(webpki::Error::PathLenConstraintViolated),
            "the server's certificate has more CAs above it than its root CA allows",
        ),
        (
            by_webpki(webpki::Error::NameConstraintViolation),
            "the server's certificate is for a name that its CA may not sign",
        ),
        (
            by_webpki(webpki::Error::UnsupportedCertVersion),
            "the server's certificate is not of X.509 version 3",
        ),
        (
            by_webpki(webpki::Error::MaximumPathDepthExceeded),
            "the server's certificate is not accepted (maximum path depth exceeded)",
        ),
        (
            for_names(&["DnsName(\"localhost\")", "IpAddress(127.0.0.1)"]),
            "the server's certificate is not valid for gateway.example, only for localhost, 127.0.0.1",
        ),
        (
            for_names(&[]),
            "the server's certificate is not valid for gateway.example, nor for any name",
        ),
    ]);
    all.extend(
        [
            (
                AlertDescription::CertificateRequired,
                "the server demands a client certificate",
            ),
            (
                AlertDescription::UnknownCA,
                "the server does not trust the CA of the client certificate",
            ),
            (
                AlertDescription::CertificateExpired,
                "the server says that the client certificate is expired",
            ),
            (
                AlertDescription::CertificateRevoked,
                "the server says that the client certificate is revoked",
            ),
            (
                AlertDescription::AccessDenied,
                "the server denies access with this client certificate",
            ),
            (
                AlertDescription::BadCertificate,
                "the server refuses the client certificate (bad certificate)",
            ),
            (
                AlertDescription::ProtocolVersion,
                "the server supports neither TLS 1.2 nor TLS 1.3",
            ),
            (
                AlertDescription::HandshakeFailure,
                "server and client have no TLS settings in common",
            ),
            (
                AlertDescription::UnrecognisedName,
                "the server does not know the name that it was asked for",
            ),
            (
                AlertDescription::NoApplicationProtocol,
                "server and client have no application protocol in common",
            ),
            (
                AlertDescription::InternalError,
                "the server ended the TLS handshake (internal error)",
            ),
            (
                AlertDescription::Unknown(200),
                "the server ended the TLS handshake (alert 200)",
            ),
        ]
        .map(|(alert, words)| (Error::AlertReceived(alert), words)),
    );
    all.extend([
        (
            Error::InvalidMessage(InvalidMessage::InvalidContentType),
            "the server does not speak TLS",
        ),
        (
            Error::InvalidMessage(InvalidMessage::MissingData("SessionTicket")),
            "the server sent a TLS message that cannot be read (missing data)",
        ),
        (
            Error::InappropriateMessage {
                expect_types: vec![ContentType::Handshake],
                got_type: ContentType::ApplicationData,
            },
            "the server sent a TLS message that may not be sent at this moment",
        ),
        (
            Error::InappropriateHandshakeMessage {
                expect_types: vec![HandshakeType::Finished],
                got_type: HandshakeType::ClientHello,
            },
            "the server sent a TLS message that may not be sent at this moment",
        ),
        (
            Error::PeerIncompatible(PeerIncompatible::ServerDoesNotSupportTls12Or13),
            "the server supports neither TLS 1.2 nor TLS 1.3",
        ),
        (
            Error::PeerIncompatible(PeerIncompatible::NoCipherSuitesInCommon),
            "the server's TLS settings do not fit this client (no cipher suites in common)",
        ),
        (
            Error::PeerMisbehaved(PeerMisbehaved::SelectedInvalidPsk),
            "the server does not keep to the TLS protocol (selected invalid psk)",
        ),
        (
            Error::NoCertificatesPresented,
            "the server presents no certificate",
        ),
        (
            Error::NoApplicationProtocol,
            "server and client have no application protocol in common",
        ),
        (
            Error::DecryptError,
            "a TLS message of the server cannot be decrypted",
        ),
        (
            Error::PeerSentOversizedRecord,
            "the server sent a TLS message that is too long",
        ),
        (
            Error::InconsistentKeys(InconsistentKeys::KeyMismatch),
            "the private key does not belong to the certificate",
        ),
        (
            Error::InconsistentKeys(InconsistentKeys::Unknown),
            "the private key may not belong to the certificate",
        ),
        (
            Error::InvalidCertRevocationList(CertRevocationListError::ParseError),
            "a certificate revocation list is invalid (parse error)",
        ),
        (
            Error::InvalidEncryptedClientHello(EncryptedClientHelloError::SniRequired),
            "the encrypted client hello failed (sni required)",
        ),
        (Error::General("no room".to_owned()), "no room"),
        (
            Error::Other(OtherError(Arc::new(io::Error::other("no token")))),
            "no token",
        ),
        (Error::HandshakeNotComplete, "handshake not complete"),
        (Error::FailedToGetCurrentTime, "failed to get current time"),
        (Error::FailedToGetRandomBytes, "failed to get random bytes"),
        (Error::EncryptError, "cannot encrypt message"),
        (
            Error::UnsupportedNameType,
            "presented server name type wasn't supported",
        ),
    ]);
    all
}

/// A name as Rust writes types: two words without a space between them.
fn has_name_of_a_type(text: &str) -> bool {
    let letters: Vec<char> = text.chars().collect();
    letters
        .windows(2)
        .any(|pair| pair[0].is_lowercase() && pair[1].is_uppercase())
}

#[test]
fn every_error_of_tls_has_words() {
    for (error, words) in table() {
        assert_eq!(tls_words(&error), words, "{error:?}");
        assert!(!has_name_of_a_type(words), "{words}");
    }
    // What is not in the table has words all the same.
    for alert in (0..=u8::MAX).map(AlertDescription::from) {
        let words = tls_words(&Error::AlertReceived(alert));
        assert!(!has_name_of_a_type(&words), "{words}");
    }
}

#[test]
fn tls_is_found_wherever_it_is_among_the_causes() {
    let tls = || by_webpki(webpki::Error::CaUsedAsEndEntity);
    let words = "the server's certificate is a CA certificate";
    assert_eq!(explain(&tls()), words);
    let nested = io::Error::other(io::Error::other(tls()));
    assert!(
        nested.source().is_none(),
        "an I/O error passes over what it holds"
    );
    assert_eq!(tls_cause(&nested).as_deref(), Some(words));
    let outside = Outer("the request failed", nested);
    assert_eq!(explain(&outside), words);
}

#[test]
fn what_is_not_of_tls_is_told_with_its_causes_and_once() {
    let refused = || io::Error::from(io::ErrorKind::ConnectionRefused);
    assert_eq!(tls_cause(&refused()), None);
    assert_eq!(
        explain(&Outer("the request failed", refused())),
        "the request failed: connection refused"
    );
    assert_eq!(
        explain(&Outer("the request failed: connection refused", refused())),
        "the request failed: connection refused"
    );
}

#[derive(Debug)]
struct Outer(&'static str, io::Error);

impl std::fmt::Display for Outer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.0)
    }
}

impl std::error::Error for Outer {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.1)
    }
}
