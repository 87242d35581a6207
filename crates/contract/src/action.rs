//! One step of a plan, as the document shows it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Something a tool did, or with `--dry-run` would do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Action {
    /// What is done: `create`, `start`, `replace`, `delete` and the like.
    pub verb: String,
    /// To what: kind and name, such as `container openshell-cluster-openshell`.
    pub object: String,
    /// Why, in plain words.
    pub reason: String,
}

impl Action {
    /// An action from its three words.
    pub fn new(verb: impl Into<String>, object: impl Into<String>, reason: impl Into<String>) -> Self {
        Self {
            verb: verb.into(),
            object: object.into(),
            reason: reason.into(),
        }
    }
}
