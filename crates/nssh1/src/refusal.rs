//! Why a line is refused.

use std::fmt;

/// Why a line is refused, in the order in which it is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// More bytes than [`crate::LONGEST_LINE`].
    TooLong,
    /// No LF at its end, not five fields, or a field that cannot be one.
    Malformed,
    /// The two clocks are further apart than the skew.
    Skew,
    /// The signature was made with another secret, or for another line.
    Signature,
    /// The nonce was used before.
    Replayed,
    /// More nonces are remembered than the memory has room for.
    Overloaded,
}

impl Refusal {
    /// A stable word for it.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::TooLong => "line_too_long",
            Self::Malformed => "malformed_line",
            Self::Skew => "clock_skew",
            Self::Signature => "wrong_signature",
            Self::Replayed => "replayed_nonce",
            Self::Overloaded => "overloaded",
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::TooLong => "the handshake line is longer than 1024 bytes",
            Self::Malformed => "the line is no NSSH1 handshake",
            Self::Skew => "the clocks of gateway and sandbox are too far apart",
            Self::Signature => "the signature does not match: gateway and sandbox hold different secrets",
            Self::Replayed => "the handshake was used before",
            Self::Overloaded => "too many handshakes at once",
        })
    }
}

impl std::error::Error for Refusal {}
