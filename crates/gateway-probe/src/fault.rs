//! What a probe found.

use std::io::{Error, ErrorKind};

use rustls::{AlertDescription, CertificateError, Error as TlsError, InvalidMessage};
use schemars::JsonSchema;
use serde::Serialize;

/// What came of one attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The peer speaks HTTP/2 and, with TLS, accepted the client.
    Serving,
    /// Nothing listens.
    Refused,
    /// The connection was accepted and then closed or reset. Docker's port forwarder does so where nothing
    /// listens inside the container.
    Reset,
    /// TLS did not complete.
    TlsFailed {
        /// The kind of fault.
        fault: TlsFault,
        /// The fault in words.
        detail: String,
    },
    /// The peer answered something else than HTTP/2.
    NotHttp2 {
        /// The beginning of the answer, made readable.
        detail: String,
    },
    /// No answer in the time allowed.
    TimedOut,
    /// The address cannot be resolved or routed to.
    Unreachable {
        /// The system's message.
        detail: String,
    },
}

/// Why TLS did not complete.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TlsFault {
    /// The server's certificate does not chain to the client's CA.
    ServerUntrusted,
    /// The server's certificate is expired, or not valid yet.
    ServerExpired,
    /// The server's certificate is for other names.
    NameMismatch,
    /// The server refused the client's certificate.
    ClientRefused,
    /// The peer does not speak TLS.
    NotTls,
    /// Something else.
    Other,
}

impl Outcome {
    /// The outcome as one stable word.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Serving => "serving",
            Self::Refused => "refused",
            Self::Reset => "reset",
            Self::TlsFailed { .. } => "tls_failed",
            Self::NotHttp2 { .. } => "not_http2",
            Self::TimedOut => "timed_out",
            Self::Unreachable { .. } => "unreachable",
        }
    }

    /// The outcome in plain words.
    pub fn detail(&self) -> String {
        match self {
            Self::Serving => "answers".to_owned(),
            Self::Refused => "nothing listens on the port".to_owned(),
            Self::Reset => "the connection is accepted and closed at once".to_owned(),
            Self::TlsFailed { detail, .. } => format!("TLS fails: {detail}"),
            Self::NotHttp2 { detail } => format!("the answer is not HTTP/2: {detail}"),
            Self::TimedOut => "no answer in time".to_owned(),
            Self::Unreachable { detail } => detail.clone(),
        }
    }

    /// The outcome of an attempt that ended in this error, at any stage.
    pub fn of(error: &Error) -> Self {
        if let Some(tls) = error.get_ref().and_then(|inner| inner.downcast_ref::<TlsError>()) {
            return Self::TlsFailed {
                fault: TlsFault::of(tls),
                detail: error_words::tls_words(tls),
            };
        }
        match error.kind() {
            ErrorKind::ConnectionRefused => Self::Refused,
            ErrorKind::ConnectionReset
            | ErrorKind::ConnectionAborted
            | ErrorKind::BrokenPipe
            | ErrorKind::UnexpectedEof => Self::Reset,
            ErrorKind::TimedOut => Self::TimedOut,
            _ => Self::Unreachable {
                detail: error.to_string(),
            },
        }
    }
}

impl TlsFault {
    fn of(error: &TlsError) -> Self {
        match error {
            TlsError::InvalidCertificate(fault) => match fault {
                CertificateError::Expired
                | CertificateError::ExpiredContext { .. }
                | CertificateError::NotValidYet
                | CertificateError::NotValidYetContext { .. } => Self::ServerExpired,
                CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                    Self::NameMismatch
                }
                _ => Self::ServerUntrusted,
            },
            // The alerts by which a server refuses a client's certificate (RFC 8446, 6.2).
            TlsError::AlertReceived(
                AlertDescription::BadCertificate
                | AlertDescription::CertificateExpired
                | AlertDescription::CertificateRequired
                | AlertDescription::CertificateRevoked
                | AlertDescription::CertificateUnknown
                | AlertDescription::DecryptError
                | AlertDescription::UnknownCA
                | AlertDescription::UnsupportedCertificate
                | AlertDescription::AccessDenied,
            ) => Self::ClientRefused,
            TlsError::InvalidMessage(InvalidMessage::InvalidContentType) => Self::NotTls,
            _ => Self::Other,
        }
    }
}
