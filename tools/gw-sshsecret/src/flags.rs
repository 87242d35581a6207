//! The command line.

use argh::FromArgs;

/// Keep the SSH handshake secret of a gateway.
#[derive(FromArgs, Debug)]
pub struct Flags {
    #[argh(subcommand)]
    pub verb: Verb,
}

#[derive(FromArgs, Debug)]
#[argh(subcommand)]
pub enum Verb {
    Reconcile(ReconcileFlags),
}

/// make sure that the secret exists: kept if it is valid, recovered from live sandboxes, generated only where nobody has one
#[derive(FromArgs, Debug)]
#[argh(subcommand, name = "reconcile")]
pub struct ReconcileFlags {
    /// where the secret is absent and live sandboxes carry different ones: the fingerprint of the one to recover
    #[argh(option, from_str_fn(fingerprint))]
    pub adopt: Option<String>,
}

fn fingerprint(text: &str) -> Result<String, String> {
    let digits = text.strip_prefix("hmac-sha256:").unwrap_or_default();
    let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    if digits.len() == 12 && digits.bytes().all(is_digit) {
        return Ok(text.to_owned());
    }
    Err(format!(
        "'{}' is no fingerprint: hmac-sha256: and 12 hex digits are expected",
        text.escape_debug()
    ))
}
