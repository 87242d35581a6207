//! The command line.

use std::path::PathBuf;

use argh::FromArgs;
use kube_session::Workload;

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
    Check(CheckFlags),
    Sign(SignFlags),
    Verify(VerifyFlags),
}

/// make sure that the secret exists: kept if it is valid, recovered from live sandboxes, generated only where nobody has one
#[derive(FromArgs, Debug)]
#[argh(subcommand, name = "reconcile")]
pub struct ReconcileFlags {
    /// where live sandboxes carry different secrets, or with --rotate: the fingerprint of the one to put into the Secret
    #[argh(option, from_str_fn(fingerprint))]
    pub adopt: Option<String>,
    /// replace a Secret that holds no handshake secret: by what live sandboxes carry, else by a new one
    #[argh(switch)]
    pub replace_invalid: bool,
    /// replace the secret although it is valid; sandboxes that carry another one are lost to the gateway (needs --yes)
    #[argh(switch)]
    pub rotate: bool,
    /// yes, lose the sandboxes that carry another secret
    #[argh(switch)]
    pub yes: bool,
    /// restart the gateway server where it carries another secret than this run has written
    #[argh(switch)]
    pub restart: bool,
    /// the gateway server's workload: statefulset/NAME, deployment/NAME, or NAME for whichever exists (default openshell)
    #[argh(option, default = "Workload::default()", from_str_fn(Workload::parse))]
    pub workload: Workload,
}

/// compare the Secret with what the gateway server's pods and each sandbox carry; exit code 1 where they do not agree
#[derive(FromArgs, Debug)]
#[argh(subcommand, name = "check")]
pub struct CheckFlags {
    /// the gateway server's workload: statefulset/NAME, deployment/NAME, or NAME for whichever exists (default openshell)
    #[argh(option, default = "Workload::default()", from_str_fn(Workload::parse))]
    pub workload: Workload,
}

/// make an NSSH1 handshake line, as the gateway sends it to a sandbox
#[derive(FromArgs, Debug)]
#[argh(subcommand, name = "sign")]
pub struct SignFlags {
    /// file with the token to sign, - is standard input (default: the token 'debug')
    #[argh(option)]
    pub token_file: Option<PathBuf>,
    /// file with the secret, - is standard input (default: the cluster's Secret)
    #[argh(option)]
    pub secret_file: Option<PathBuf>,
    /// the line's time in seconds since 1970 (default: now)
    #[argh(option)]
    pub time: Option<u64>,
    /// the line's nonce (default: a new UUID)
    #[argh(option)]
    pub nonce: Option<String>,
}

/// say of each NSSH1 handshake line whether a sandbox would take it, and why not; exit code 1 where one is refused
#[derive(FromArgs, Debug)]
#[argh(subcommand, name = "verify")]
pub struct VerifyFlags {
    /// file with the lines, - is standard input (default -)
    #[argh(option, default = "PathBuf::from(\"-\")")]
    pub line_file: PathBuf,
    /// file with the secret, - is standard input (default: the cluster's Secret)
    #[argh(option)]
    pub secret_file: Option<PathBuf>,
    /// the sandbox's time in seconds since 1970 (default: now)
    #[argh(option)]
    pub time: Option<u64>,
    /// seconds that the two clocks may be apart (default 300)
    #[argh(option, default = "nssh1::DEFAULT_SKEW_SECONDS")]
    pub skew_seconds: u64,
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
