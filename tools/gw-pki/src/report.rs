//! The document's own fields.

use contract::Action;
use gateway_names::{CLIENT_CA_SECRET, CLIENT_TLS_SECRET, SERVER_TLS_SECRET};
use jiff::Timestamp;
use kube_session::Workload;
use schemars::JsonSchema;
use serde::Serialize;

use crate::authority::AUTHORITY_SECRET;
use crate::ca_change::Phase;
use crate::certificate::Certificate;
use crate::examine::{Examined, Part};
use crate::finding::Finding;

/// Seconds of a day.
const DAY: i64 = 86_400;

/// The CA that the gateway's certificates come from.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct Ca {
    /// The subject.
    pub subject: String,
    /// RFC 3339.
    pub not_after: Option<String>,
    /// SHA-256 of the certificate, lower-case hex.
    pub fingerprint_sha256: String,
    /// Is its key kept in the cluster, so that certificates can be issued again?
    pub key_kept: bool,
}

/// One Secret's certificate.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct CertificateReport {
    /// The Secret.
    pub secret: &'static str,
    /// The subject; null where there is no certificate that can be read.
    pub subject: Option<String>,
    /// DNS names and IP addresses.
    pub sans: Vec<String>,
    /// RFC 3339.
    pub not_before: Option<String>,
    /// RFC 3339.
    pub not_after: Option<String>,
    /// Whole days that are left; negative where its time is over.
    pub days_left: Option<i64>,
    /// SHA-256 of the certificate, lower-case hex.
    pub fingerprint_sha256: Option<String>,
    /// What is wrong, or will be.
    pub findings: Vec<Finding>,
}

/// The client's bundle on disk.
#[derive(Clone, Debug, Serialize, JsonSchema)]
pub struct BundleReport {
    /// The folder with ca.crt, tls.crt and tls.key.
    pub folder: String,
    /// Was it written by this run?
    pub changed: bool,
    /// What is wrong.
    pub findings: Vec<Finding>,
}

/// What there is afterwards, and what was done.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub struct Report {
    /// The gateway's name; null where it could not be told.
    pub gateway: Option<String>,
    /// The Kubernetes namespace.
    pub namespace: Option<String>,
    /// The CA; null where there is none, or none yet.
    pub ca: Option<Ca>,
    /// The certificates of the gateway's Secrets.
    pub certificates: Vec<CertificateReport>,
    /// The client's bundle on disk; null where it was not looked at.
    pub bundle: Option<BundleReport>,
    /// Is everything as it should be? check says so; null elsewhere.
    pub valid: Option<bool>,
    /// How far a change of the CA is; null where the cluster was not read.
    pub ca_change: Option<Phase>,
    /// What serves other material than the Secrets hold, and must restart, because it does not read its files by itself.
    pub restart_required: Vec<String>,
    /// What this run restarted.
    pub restarted: Vec<String>,
    /// Where export has written the bundle: a folder, or - for standard output.
    pub exported: Option<String>,
    /// Was anything changed?
    pub changed: bool,
    /// Was only the plan wanted?
    pub dry_run: bool,
    /// What was done, or with --dry-run would be.
    pub actions: Vec<Action>,
}

impl Report {
    /// Shows what was found.
    pub fn show(&mut self, examined: &Examined, workload: &Workload, folder: String, now: i64) {
        let key_kept = examined.can_issue();
        let kept = examined.authority.certificate.clone();
        let trusted = || {
            Certificate::read_all(examined.trust.as_ref()?)?
                .into_iter()
                .next()
        };
        let ca = if key_kept { kept } else { trusted().or(kept) };
        self.ca = ca.map(|ca| Ca {
            not_after: rfc_3339(ca.not_after),
            fingerprint_sha256: ca.fingerprint_sha256(),
            subject: ca.subject,
            key_kept,
        });
        self.certificates = [
            (AUTHORITY_SECRET, &examined.authority),
            (SERVER_TLS_SECRET, &examined.server),
            (CLIENT_CA_SECRET, &examined.client_ca),
            (CLIENT_TLS_SECRET, &examined.client),
        ]
        .map(|(secret, part)| certificate(secret, part, now))
        .into();
        self.ca_change = Some(examined.phase);
        self.restart_required = Vec::new();
        if examined.restart_needed {
            self.restart_required.push(workload.to_string());
        }
        let changed = self.bundle.as_ref().is_some_and(|bundle| bundle.changed);
        self.bundle = Some(BundleReport {
            folder,
            changed,
            findings: examined.bundle.clone(),
        });
    }
}

fn certificate(secret: &'static str, part: &Part, now: i64) -> CertificateReport {
    let found = part.certificate.as_ref();
    let time = |pick: fn(&Certificate) -> i64| rfc_3339(pick(found?));
    CertificateReport {
        secret,
        subject: found.map(|certificate| certificate.subject.clone()),
        sans: found
            .map(|certificate| certificate.sans.iter().cloned().collect())
            .unwrap_or_default(),
        not_before: time(|certificate| certificate.not_before),
        not_after: time(|certificate| certificate.not_after),
        days_left: found.map(|certificate| (certificate.not_after - now).div_euclid(DAY)),
        fingerprint_sha256: found.map(Certificate::fingerprint_sha256),
        findings: part.findings().into_iter().collect(),
    }
}

/// `None` where the year has more than four digits.
fn rfc_3339(seconds: i64) -> Option<String> {
    Timestamp::from_second(seconds).ok().map(|time| time.to_string())
}
