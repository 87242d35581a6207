//! The document's own fields.

use contract::Action;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where the secret came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The Secret existed.
    Existing,
    /// Live sandboxes carried it.
    Recovered,
    /// It is new.
    Generated,
    /// It was read from a file or from standard input.
    Given,
}

/// Sandboxes that carry the same value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Carried {
    /// The value's fingerprint.
    pub fingerprint: String,
    /// The sandboxes' names.
    pub sandboxes: Vec<String>,
}

/// What carries a handshake secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A pod of the gateway server.
    Gateway,
    /// A sandbox.
    Sandbox,
}

/// What one pod or sandbox carries.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Holder {
    /// What it is.
    pub kind: Kind,
    /// Its name.
    pub name: String,
    /// The fingerprint of what it carries; null where that cannot be told.
    pub fingerprint: Option<String>,
    /// Is it the Secret's? Null where it carries none, or where that cannot be told.
    pub agrees: Option<bool>,
    /// Where it has it from, or why that is not the Secret's.
    pub detail: String,
}

/// What came of one handshake line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Verdict {
    /// Would a sandbox take it?
    pub taken: bool,
    /// Why not: a stable word.
    pub reason: Option<String>,
    /// Why not, in words.
    pub message: Option<String>,
    /// The fingerprint of a taken line's token.
    pub token_fingerprint: Option<String>,
}

/// What there is afterwards, and what was done.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Report {
    /// The Kubernetes namespace; null where no cluster was asked.
    pub namespace: Option<String>,
    /// The Secret's name; null where no cluster was asked.
    pub secret: Option<String>,
    /// The secret's fingerprint; null where there is none, or none yet.
    pub fingerprint: Option<String>,
    /// Where the secret came from; null where that was not decided.
    pub source: Option<Source>,
    /// What live sandboxes carry; looked at only where the Secret has no valid secret, or is to be replaced, and by check.
    pub carried: Vec<Carried>,
    /// Sandboxes that the gateway loses, because they carry another secret than this run writes.
    pub lost_sandboxes: Vec<String>,
    /// What must restart to use the secret that was written.
    pub restart_required: Vec<String>,
    /// What this run restarted.
    pub restarted: Vec<String>,
    /// check: does the Secret exist, whatever it holds?
    pub exists: Option<bool>,
    /// check: what each pod of the gateway server and each live sandbox carries.
    pub holders: Vec<Holder>,
    /// check: does the Secret hold a secret, and does nobody carry another one?
    pub agree: Option<bool>,
    /// sign: the handshake line, without its line break.
    pub line: Option<String>,
    /// verify: what came of each line.
    pub verdicts: Vec<Verdict>,
    /// Was anything changed?
    pub changed: bool,
    /// Was only the plan wanted?
    pub dry_run: bool,
    /// What was done, or with --dry-run would be.
    pub actions: Vec<Action>,
}
