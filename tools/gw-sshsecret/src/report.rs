//! The document's own fields.

use contract::Action;
use schemars::JsonSchema;
use serde::Serialize;

/// Where the secret came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The Secret existed.
    Existing,
    /// Live sandboxes carried it.
    Recovered,
    /// It is new.
    Generated,
}

/// Sandboxes that carry the same value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Carried {
    /// The value's fingerprint.
    pub fingerprint: String,
    /// The sandboxes' names.
    pub sandboxes: Vec<String>,
}

/// What there is afterwards, and what was done.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub struct Report {
    /// The Kubernetes namespace.
    pub namespace: Option<String>,
    /// The Secret's name.
    pub secret: Option<String>,
    /// The secret's fingerprint; null where there is none, or none yet.
    pub fingerprint: Option<String>,
    /// Where the secret came from; null where that was not decided.
    pub source: Option<Source>,
    /// What live sandboxes carry; looked at only where the Secret is absent.
    pub carried: Vec<Carried>,
    /// Was anything changed?
    pub changed: bool,
    /// Was only the plan wanted?
    pub dry_run: bool,
    /// What was done, or with --dry-run would be.
    pub actions: Vec<Action>,
}
