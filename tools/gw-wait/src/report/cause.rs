//! Why an attempt failed.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Why an attempt failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Cause", deny_unknown_fields)]
pub struct CauseField {
    /// A stable word.
    pub word: String,
    /// The cause in plain words.
    pub detail: String,
}

impl CauseField {
    /// A cause from its word and its words.
    pub fn new(word: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            word: word.into(),
            detail: detail.into(),
        }
    }
}
