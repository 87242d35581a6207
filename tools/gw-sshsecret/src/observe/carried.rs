//! Which values live sandboxes carry, and how many sandboxes each.

use std::collections::{BTreeMap, BTreeSet};

use super::sandbox::Sandbox;
use crate::handshake::Handshake;
use crate::report::Carried;

/// Sandboxes that carry the same value.
#[derive(Debug)]
pub struct Group {
    /// The value, or what is wrong with its form.
    pub value: Result<Handshake, String>,
    /// The value's fingerprint.
    pub fingerprint: String,
    /// The sandboxes' names, in order; a sandbox and its pod count once.
    pub sandboxes: BTreeSet<String>,
}

/// Groups live sandboxes by the value that they carry, by fingerprint.
pub fn group(sandboxes: &[Sandbox]) -> Vec<Group> {
    let mut groups = BTreeMap::new();
    for sandbox in sandboxes.iter().filter(|sandbox| sandbox.is_live()) {
        for value in sandbox.secrets() {
            let fingerprint = contract::fingerprint(value);
            let group = groups.entry(fingerprint.clone()).or_insert_with(|| Group {
                value: Handshake::read(value),
                fingerprint,
                sandboxes: BTreeSet::new(),
            });
            group.sandboxes.insert(sandbox.name().to_owned());
        }
    }
    groups.into_values().collect()
}

impl From<&Group> for Carried {
    fn from(group: &Group) -> Self {
        Self {
            fingerprint: group.fingerprint.clone(),
            sandboxes: group.sandboxes.iter().cloned().collect(),
        }
    }
}
