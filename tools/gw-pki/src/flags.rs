//! The command line.

use std::net::IpAddr;
use std::time::Duration;

use argh::FromArgs;
use contract::parse_duration;

/// Keep the TLS Secrets and the client bundle of a gateway.
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

/// make what is missing, issue again what has a fault, and give the client's bundle what the cluster has
#[derive(FromArgs, Debug)]
#[argh(subcommand, name = "reconcile")]
pub struct ReconcileFlags {
    /// further name or address that the server's certificate must carry (may be repeated)
    #[argh(option, from_str_fn(san))]
    pub san: Vec<String>,
    /// an open descriptor that holds the gateway's lock already
    #[argh(option)]
    pub lock_fd: Option<i32>,
    /// how long to wait for another run's lock (default 0s)
    #[argh(option, from_str_fn(parse_duration), default = "Duration::ZERO")]
    pub lock_timeout: Duration,
}

/// An IP address, or a DNS name whose first label may be `*`. Names are compared in lower case.
fn san(text: &str) -> Result<String, String> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return Ok(address.to_string());
    }
    let labels = text.strip_prefix("*.").unwrap_or(text);
    let is_label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && label
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    if text.len() <= 253 && labels.split('.').all(is_label) {
        return Ok(text.to_ascii_lowercase());
    }
    Err(format!("'{}' is no host name or address", text.escape_debug()))
}

#[cfg(test)]
mod tests {
    use super::san;

    #[test]
    fn takes_names_wildcards_and_addresses() {
        for (given, taken) in [
            ("Gateway.Example", "gateway.example"),
            ("*.openshell.localhost", "*.openshell.localhost"),
            ("10.0.0.1", "10.0.0.1"),
            ("::0001", "::1"),
        ] {
            assert_eq!(san(given).as_deref(), Ok(taken));
        }
        for wrong in ["", "a b", "a..b", "-a", "a.*.b", "host:80", "ü"] {
            assert!(san(wrong).is_err(), "{wrong}");
        }
    }
}
