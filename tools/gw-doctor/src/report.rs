//! The document's own fields.

use gw_detect::state::State;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::question::Question;

/// What is wrong, and what could not be told.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Report {
    /// The gateway's name; null if neither a document nor --gateway says it.
    pub gateway: Option<String>,
    /// The gateway's state; null if no document says it.
    pub state: Option<State>,
    /// The address that clients use; null if neither a document nor --endpoint says it.
    pub endpoint: Option<String>,
    /// What is wrong, root causes first. What only follows from another finding is left out.
    pub findings: Vec<FindingField>,
    /// Documents that could not be used.
    pub unread: Vec<UnreadField>,
    /// Questions that nobody answered: no cause was concluded from them.
    pub missing: Vec<Question>,
    /// The same for people, line by line.
    pub text: Vec<String>,
    /// status, list: the document of gw-detect, with those of the others in it: `certificates` (gw-pki), `secret` (gw-sshsecret) and
    /// `sandboxes`, each null if its tool had none or failed.
    pub seen: Option<serde_json::Value>,
}

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Finding", deny_unknown_fields)]
pub struct FindingField {
    /// A stable word: one of README's causes, or the reason of a tool that could not tell.
    pub cause: String,
    /// Kind and name of what is at fault.
    pub object: String,
    /// What is wrong, in plain words.
    pub message: String,
    /// What to type next.
    pub next: String,
}

/// A document that could not be used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Unread", deny_unknown_fields)]
pub struct UnreadField {
    /// The name that stood beside it.
    pub name: String,
    /// Why not, in plain words.
    pub reason: String,
}
