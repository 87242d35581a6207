//! The command line.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use argh::FromArgs;
use contract::{Failure, parse_duration};
use kube_session::Workload;

use crate::act::issue::{KeyType, Making};
use crate::plan::Wish;

/// Seconds of a day.
const DAY: u64 = 86_400;

/// Keep the TLS Secrets and the client bundle of a gateway.
#[derive(FromArgs, Debug)]
pub struct Flags {
    #[argh(subcommand)]
    pub verb: Verb,
}

#[derive(FromArgs, Debug)]
#[argh(subcommand)]
pub enum Verb {
    Check(CheckFlags),
    Reconcile(ReconcileFlags),
    Export(ExportFlags),
}

/// show each certificate with what is wrong; exit code 1 where reconcile would change something
#[derive(FromArgs, Debug)]
#[argh(subcommand, name = "check")]
pub struct CheckFlags {
    /// further name or address that the server's certificate must carry (may be repeated)
    #[argh(option, from_str_fn(san))]
    pub san: Vec<String>,
    /// a server's or client's certificate is expiring where less than this is left, such as 30d or 12h (default: a third of its time)
    #[argh(option, from_str_fn(long_duration))]
    pub renew_before: Option<Duration>,
    /// the gateway server's workload: statefulset/NAME, deployment/NAME, or NAME for whichever exists (default openshell)
    #[argh(option, default = "Workload::default()", from_str_fn(Workload::parse))]
    pub workload: Workload,
}

/// make what is missing, issue again what has a fault, and give the client's bundle what the cluster has
#[derive(FromArgs, Debug)]
#[argh(subcommand, name = "reconcile")]
pub struct ReconcileFlags {
    /// further name or address that the server's certificate must carry (may be repeated)
    #[argh(option, from_str_fn(san))]
    pub san: Vec<String>,
    /// make again although it is valid: leaf (the server's and the client's certificate) or ca (the CA and both)
    #[argh(option, from_str_fn(rotation))]
    pub rotate: Option<Wish>,
    /// restart the server where it serves other material than the Secrets hold, and go on with a change of the CA
    #[argh(switch)]
    pub restart: bool,
    /// a server's or client's certificate is renewed where less than this is left, such as 30d or 12h (default: a third of its time)
    #[argh(option, from_str_fn(long_duration))]
    pub renew_before: Option<Duration>,
    /// how long a new server's or client's certificate is valid, such as 90d (default 365d)
    #[argh(
        option,
        from_str_fn(long_duration),
        default = "Duration::from_secs(365 * DAY)"
    )]
    pub validity: Duration,
    /// how long a new CA is valid (default 3650d)
    #[argh(
        option,
        from_str_fn(long_duration),
        default = "Duration::from_secs(3650 * DAY)"
    )]
    pub ca_validity: Duration,
    /// algorithm of new keys: ecdsa-p256 (default), ecdsa-p384 or ed25519
    #[argh(option, from_str_fn(key_type), default = "KeyType::default()")]
    pub key_type: KeyType,
    /// the gateway server's workload: statefulset/NAME, deployment/NAME, or NAME for whichever exists (default openshell)
    #[argh(option, default = "Workload::default()", from_str_fn(Workload::parse))]
    pub workload: Workload,
}

/// write the client's bundle, as the cluster has it, for another machine
#[derive(FromArgs, Debug)]
#[argh(subcommand, name = "export")]
pub struct ExportFlags {
    /// folder for ca.crt, tls.crt and tls.key; - writes them as a tar archive (mtls/...) to standard output
    #[argh(option)]
    pub output: PathBuf,
}

impl ReconcileFlags {
    /// How new certificates are made.
    pub fn making(&self) -> Making {
        Making {
            key_type: self.key_type,
            ca_seconds: seconds(self.ca_validity),
            leaf_seconds: seconds(self.validity),
        }
    }

    /// Times that contradict each other: a certificate that is new would be late already.
    pub fn validated(self) -> Result<Self, Failure> {
        let help = &contract::typed("gw-pki reconcile --help");
        if self.validity < Duration::from_secs(60) {
            return Err(Failure::usage("--validity must be a minute at least", help));
        }
        if self.ca_validity < self.validity {
            return Err(Failure::usage(
                "--ca-validity must not be shorter than --validity",
                help,
            ));
        }
        if self.renew_before.is_some_and(|before| before >= self.validity) {
            return Err(Failure::usage(
                "--renew-before must be shorter than --validity",
                help,
            ));
        }
        Ok(self)
    }
}

/// Whole seconds.
pub fn seconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_secs()).unwrap_or(i64::MAX)
}

/// As durations are, and whole days besides. At most a thousand years.
fn long_duration(text: &str) -> Result<Duration, String> {
    let duration = match text.strip_suffix('d').map(str::parse::<u32>) {
        Some(Ok(days)) => Duration::from_secs(u64::from(days) * DAY),
        _ => parse_duration(text).map_err(|_| {
            format!(
                "'{}' is not a duration: a whole number and its unit are expected, such as 90d or 12h",
                text.escape_debug()
            )
        })?,
    };
    if duration > Duration::from_secs(365_000 * DAY) {
        return Err(format!("{text} is more than a thousand years"));
    }
    Ok(duration)
}

fn rotation(text: &str) -> Result<Wish, String> {
    match text {
        "leaf" => Ok(Wish {
            server: true,
            client: true,
            ..Wish::default()
        }),
        "ca" => Ok(Wish {
            authority: true,
            ..Wish::default()
        }),
        _ => Err(format!("'{}' is neither leaf nor ca", text.escape_debug())),
    }
}

fn key_type(text: &str) -> Result<KeyType, String> {
    match text {
        "ecdsa-p256" => Ok(KeyType::EcdsaP256),
        "ecdsa-p384" => Ok(KeyType::EcdsaP384),
        "ed25519" => Ok(KeyType::Ed25519),
        _ => Err(format!(
            "'{}' is neither ecdsa-p256, ecdsa-p384 nor ed25519",
            text.escape_debug()
        )),
    }
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
    use super::{DAY, Duration, long_duration, san};

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

    #[test]
    fn takes_days_as_well_as_hours() {
        assert_eq!(long_duration("30d"), Ok(Duration::from_secs(30 * DAY)));
        assert_eq!(long_duration("12h"), Ok(Duration::from_secs(DAY / 2)));
        for wrong in ["30", "d", "-1d", "1.5d", "4294967296d", "400000d", "soon"] {
            assert!(long_duration(wrong).is_err(), "{wrong}");
        }
    }
}
