//! The document's own fields.

use contract::Action;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::finding::Finding;

/// How far a change of the CA is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// No CA is being replaced.
    #[default]
    Steady,
    /// The old CA and the new one are trusted, and certificates are being issued by the new one.
    Rolling,
    /// All certificates are the new CA's, and the old one is being forgotten.
    Dropping,
}

/// The CA that the gateway's certificates come from.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
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
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct CertificateReport {
    /// The Secret.
    pub secret: String,
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
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct BundleReport {
    /// The folder with ca.crt, tls.crt and tls.key.
    pub folder: String,
    /// Was it written by this run?
    pub changed: bool,
    /// What is wrong.
    pub findings: Vec<Finding>,
}

/// What there is afterwards, and what was done.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
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
