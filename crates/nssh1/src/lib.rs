//! The NSSH1 handshake between gateway and sandbox.
//!
//! The gateway sends one line, `NSSH1 SP token SP unix_seconds SP nonce SP signature LF`; the sandbox answers
//! [`ACCEPTED`] or [`REFUSED`]. The signature is the lower-case hex HMAC-SHA256 of `token|unix_seconds|nonce`, keyed
//! by the ASCII bytes of the handshake secret (its 64 hex characters are not decoded). The nonce is a version 4 UUID.
//! Source: the gateways that OpenShell v0.0.22 to v0.0.34 make.
//!
//! This crate reads no clock and no network: callers hand in the time and the line.

mod line;
mod refusal;
mod secret;
mod verifier;

pub use line::sign;
pub use refusal::Refusal;
pub use secret::{EmptySecret, Secret};
pub use verifier::Verifier;

/// The longest line that a reader takes, in bytes, its LF included.
pub const LONGEST_LINE: usize = 1024;
/// How far the two clocks may be apart where nothing else is configured, in seconds.
pub const DEFAULT_SKEW_SECONDS: u64 = 300;
/// The TCP port that a sandbox listens on.
pub const PORT: u16 = 2222;
/// The sandbox's answer to a line that it takes.
pub const ACCEPTED: &str = "OK\n";
/// The sandbox's answer to a line that it refuses.
pub const REFUSED: &str = "ERR\n";
