//! The document's own fields.

use contract::Action;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What was found and done.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Report {
    /// The node that lives; null where it could not be told.
    pub keep: Option<String>,
    /// All nodes that live.
    pub live_nodes: Vec<String>,
    /// Nodes of containers that are gone.
    pub stale_nodes: Vec<String>,
    /// Pods that were released, or with --dry-run would be: namespace/name.
    pub pods_deleted: Vec<String>,
    /// Volumes that were moved to the node that lives, or with --dry-run would be.
    pub volumes_rebound: Vec<String>,
    /// Claims whose volume is gone, with all that was on it, as they were found: namespace/name. A move that was begun brings its
    /// volumes back.
    pub claims_lost: Vec<String>,
    /// What was left, and why.
    pub left: Vec<LeftField>,
    /// Was anything changed?
    pub changed: bool,
    /// Was only the plan wanted?
    pub dry_run: bool,
    /// What was done, or with --dry-run would be.
    pub actions: Vec<Action>,
}

/// Something that was left.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Left", deny_unknown_fields)]
pub struct LeftField {
    /// Kind and name.
    pub object: String,
    /// Why, in plain words.
    pub reason: String,
}
