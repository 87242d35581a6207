//! The last revision of a gateway's helm release: whose it is, and what is to be done about it.
//!
//! Helm keeps each revision in a Secret with the labels `owner=helm`, `name`, `version` and `status`, and the times `createdAt`
//! and `modifiedAt` (seconds since 1970); the record itself is JSON, compressed by gzip, as text (base64) in the Secret's key
//! `release`. Source: helm v3, pkg/storage/driver/secrets.go and util.go. The cluster image adds two labels to revisions that
//! its node makes. Helm copies labels to the next revision, whoever makes it, so one of them is the revision's number: where
//! it differs, somebody else has deployed since.

mod means;
mod record;

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

pub use means::{Decision, Known, NodeDecision, decide, decide_on_node};
pub use record::Record;

/// Label with the hash of the chart and the values that the node deployed.
pub const HASH_LABEL: &str = "dev.openshell.chart";
/// Label with the number of the revision that the node made.
pub const REVISION_LABEL: &str = "dev.openshell.revision";

/// Selects the Secrets of the gateway's release.
pub fn selector() -> String {
    format!("owner=helm,name={}", gateway_names::WORKLOAD)
}

/// One revision, as far as the Secret's metadata tells it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Revision {
    /// Its number, from 1.
    pub number: u64,
    /// Helm's word: `deployed`, `failed`, `superseded`, `uninstalling`, `pending-install` and others.
    pub status: String,
    /// The hash of chart and values, where the cluster image's node made it.
    pub node_hash: Option<String>,
    /// Was it made by the cluster image's node?
    pub is_of_node: bool,
    /// When helm wrote it last, in seconds since 1970; 0 where it does not say.
    pub written_at: i64,
    /// The Secret's name.
    pub secret: String,
    /// The Secret's identity, so that no other one is deleted in its place.
    pub uid: Option<String>,
}

impl Revision {
    /// Reads it from the Secret's metadata; `None` for a Secret without a revision's number.
    pub fn of(metadata: &ObjectMeta) -> Option<Self> {
        let none = BTreeMap::new();
        let labels = metadata.labels.as_ref().unwrap_or(&none);
        let version = labels.get("version")?;
        let is_of_node = labels.get(REVISION_LABEL) == Some(version);
        let written_at = labels.get("modifiedAt").or_else(|| labels.get("createdAt"));
        Some(Self {
            number: version.parse().ok()?,
            status: labels.get("status").cloned().unwrap_or_default(),
            node_hash: labels.get(HASH_LABEL).filter(|_| is_of_node).cloned(),
            is_of_node,
            written_at: written_at.and_then(|text| text.parse().ok()).unwrap_or_default(),
            secret: metadata.name.clone().unwrap_or_default(),
            uid: metadata.uid.clone(),
        })
    }

    /// Has helm begun it and not ended it? Helm refuses to make another one then.
    pub fn is_unfinished(&self) -> bool {
        self.status.starts_with("pending-") || self.status == "uninstalling"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metadata(labels: &[(&str, &str)]) -> ObjectMeta {
        let labels = labels
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()));
        ObjectMeta {
            name: Some("sh.helm.release.v1.openshell.v2".to_owned()),
            labels: Some(labels.collect()),
            ..ObjectMeta::default()
        }
    }

    #[test]
    fn a_revision_is_the_nodes_only_under_its_own_number() {
        let read = |labels: &[(&str, &str)]| Revision::of(&metadata(labels)).unwrap();
        let own = read(&[("version", "2"), (REVISION_LABEL, "2"), (HASH_LABEL, "a")]);
        assert_eq!((own.is_of_node, own.node_hash.as_deref()), (true, Some("a")));
        let inherited = read(&[("version", "3"), (REVISION_LABEL, "2"), (HASH_LABEL, "a")]);
        assert_eq!((inherited.is_of_node, inherited.node_hash), (false, None));
        let foreign = read(&[("version", "1"), ("status", "deployed")]);
        assert_eq!((foreign.is_of_node, foreign.number), (false, 1));
    }

    #[test]
    fn the_time_of_the_last_change_counts() {
        let created = [("version", "1"), ("createdAt", "5")];
        assert_eq!(Revision::of(&metadata(&created)).unwrap().written_at, 5);
        let modified = [("version", "1"), ("createdAt", "5"), ("modifiedAt", "7")];
        assert_eq!(Revision::of(&metadata(&modified)).unwrap().written_at, 7);
        assert_eq!(Revision::of(&metadata(&[("version", "x")])), None);
        assert_eq!(Revision::of(&metadata(&[])), None);
    }
}
