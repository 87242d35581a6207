//! The document's own fields.

use contract::{Action, quoted};
use gateway_place::{PlaceFile, ServerSpec};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use crate::facts::Facts;

/// What is to be done about the release.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Step {
    /// There is none: it is installed.
    Install,
    /// It is another one than is wanted, or it failed.
    Upgrade,
    /// It is as it should be.
    Keep,
    /// The node is at work on it: it is waited for.
    Wait,
    /// Nobody will finish its last revision: its record is deleted, and the release is made again.
    Forget,
    /// Somebody else may be at work on it.
    Ask,
}

/// The last revision, as helm recorded it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LastRevision {
    /// Its number, from 1.
    pub revision: u64,
    /// Helm's word for its state.
    pub status: String,
    /// Was it made by the cluster's own node?
    pub of_node: bool,
}

/// Where on a cluster the gateway is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PlaceField {
    /// The kubeconfig's path.
    pub kubeconfig: String,
    /// Its context.
    pub context: String,
    /// The namespace.
    pub namespace: String,
    /// The namespace's uid; null if there is no namespace, or it was not asked for.
    pub namespace_uid: Option<String>,
    /// Was the namespace made for this gateway, or would it be? It is removed with it then. Null if it was not asked for.
    pub owns_namespace: Option<bool>,
    /// Where clients reach the gateway, if somebody said so; null if it is found in the cluster.
    pub endpoint: Option<String>,
    /// The port of this machine that leads to the gateway if nothing of the cluster does.
    pub forward_port: u16,
    /// Settings of the server.
    pub spec: ServerSpec,
    /// kubectl on this cluster, as a person can type it.
    pub kubectl: String,
}

impl PlaceField {
    /// What is kept. `is_own`: was the namespace made for the gateway?
    pub fn of(kept: &PlaceFile, is_own: Option<bool>) -> Self {
        let kubeconfig = kept.kubeconfig.display().to_string();
        let kubectl = format!(
            "kubectl --kubeconfig {} --context {}",
            quoted(&kubeconfig),
            quoted(&kept.context)
        );
        Self {
            kubeconfig,
            context: kept.context.clone(),
            namespace: kept.namespace.clone(),
            namespace_uid: kept.namespace_uid.clone(),
            owns_namespace: is_own,
            endpoint: kept.endpoint.clone(),
            forward_port: kept.forward_port,
            spec: kept.spec.clone(),
            kubectl,
        }
    }
}

/// What there is, and what was done.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Report {
    /// The gateway; null where that is not known.
    pub gateway: Option<String>,
    /// The Kubernetes namespace.
    pub namespace: Option<String>,
    /// prepare, remove --with-data: where on a cluster the gateway is; null where nothing is known of it.
    pub place: Option<PlaceField>,
    /// publish: where clients reach the gateway.
    pub endpoint: Option<String>,
    /// helm: the path or name of the helm that is used.
    pub helm: Option<String>,
    /// Where the chart is from: bundled, checkout, or what --chart named.
    pub source: Option<String>,
    /// The hash of chart and values, which the release's description has.
    pub fingerprint: Option<String>,
    /// facts, recall: the hash of what was deployed to its end, as this host knows; null where it does not.
    pub deployed: Option<String>,
    /// What must be known of the chart's objects; null where nobody asked or it is not known.
    pub facts: Option<Facts>,
    /// plan, apply: what is to be done about the release.
    pub step: Option<Step>,
    /// The last revision as it was found; null where there is none or none was looked for.
    pub last: Option<LastRevision>,
    /// Was anything changed?
    pub changed: bool,
    /// Was only the plan wanted?
    pub dry_run: bool,
    /// What was done, or with --dry-run would be.
    pub actions: Vec<Action>,
}
