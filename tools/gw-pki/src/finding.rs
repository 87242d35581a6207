//! What can be wrong with a certificate, named as cert-manager and the design name it.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One thing that is wrong, or will be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Finding {
    /// There is no such Secret, or no such files.
    DoesNotExist,
    /// A key of the Secret is missing or empty.
    MissingData,
    /// A certificate or a private key cannot be read.
    InvalidPem,
    /// The private key is another certificate's.
    KeyMismatch,
    /// The certificate is not signed by the CA that it is trusted by, or the CA is not among those trusted.
    IncorrectIssuer,
    /// A name or address is missing from the server's certificate.
    SanMissing,
    /// The certificate may not be used for its purpose.
    WrongUsage,
    /// Its time is over.
    Expired,
    /// Less time is left than it should have: a third of its whole time, or what --renew-before says.
    Expiring,
    /// Its time has not begun.
    NotYetValid,
    /// The key of the CA is not there.
    CaKeyMissing,
    /// The files on disk are other ones than the cluster's, or others can read them.
    ClientBundleDiffers,
    /// The Secret has another type than is usual.
    TypeWrong,
}

impl Finding {
    /// Can the material not be used because of this?
    pub fn is_fault(self) -> bool {
        !matches!(self, Self::TypeWrong | Self::Expiring)
    }

    /// Is the material made again because of this, if a CA can do it? What is only late is, too.
    pub fn is_due(self) -> bool {
        self.is_fault() || self == Self::Expiring
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::DoesNotExist => "does_not_exist",
            Self::MissingData => "missing_data",
            Self::InvalidPem => "invalid_pem",
            Self::KeyMismatch => "key_mismatch",
            Self::IncorrectIssuer => "incorrect_issuer",
            Self::SanMissing => "san_missing",
            Self::WrongUsage => "wrong_usage",
            Self::Expired => "expired",
            Self::Expiring => "expiring",
            Self::NotYetValid => "not_yet_valid",
            Self::CaKeyMissing => "ca_key_missing",
            Self::ClientBundleDiffers => "client_bundle_differs",
            Self::TypeWrong => "type_wrong",
        })
    }
}

/// Findings in one line.
pub fn listed<'a>(findings: impl IntoIterator<Item = &'a Finding>) -> String {
    let words: Vec<String> = findings.into_iter().map(Finding::to_string).collect();
    words.join(", ")
}

#[cfg(test)]
mod tests {
    use super::Finding::*;

    #[test]
    fn people_and_programs_read_the_same_word() {
        for finding in [
            DoesNotExist,
            MissingData,
            InvalidPem,
            KeyMismatch,
            IncorrectIssuer,
            SanMissing,
            WrongUsage,
            Expired,
            Expiring,
            NotYetValid,
            CaKeyMissing,
            ClientBundleDiffers,
            TypeWrong,
        ] {
            assert_eq!(serde_json::to_value(finding).unwrap(), finding.to_string());
        }
    }
}
