//! Sandboxes and their pods as the API server has them, and what counts of them.
//!
//! Source of names and fields: Agent Sandbox, agents.x-k8s.io v1alpha1 (`replicas`) and v1beta1 (`operatingMode`).

use std::fmt;

use gateway_names::{GATEWAY_ID_LABEL, SANDBOX_NAME_LABEL, SANDBOX_POD_ANNOTATION, SANDBOX_WORKSPACE_LABEL};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::{PersistentVolumeClaim, Pod};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Condition;
use kube::core::Object;
use serde::Deserialize;

use crate::pods;
use crate::report::CauseField;

/// A sandbox's object.
pub type SandboxObject = Object<Spec, Status>;

/// What counts of its `spec`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct Spec {
    operating_mode: Option<String>,
    replicas: Option<i32>,
    volume_claim_templates: Vec<PersistentVolumeClaim>,
}

/// What counts of its `status`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Status {
    conditions: Vec<Condition>,
}

/// Condition `Ready`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Ready {
    /// There is no such condition yet.
    #[default]
    Unknown,
    /// It is true.
    Yes,
    /// It is not: reason and message.
    No(String, String),
}

/// A sandbox.
#[derive(Clone, Debug, Default)]
pub struct Sandbox {
    /// The namespace of its object.
    pub namespace: String,
    /// The name of its object.
    pub object: String,
    /// The name that people know it by.
    pub name: String,
    /// The workspace that it is in; `None` before v0.0.88.
    pub workspace: Option<String>,
    /// The id of the gateway that made it; `None` before v0.0.37.
    pub gateway_id: Option<String>,
    /// The name of its pod.
    pub pod: String,
    /// The volume claim that its first template stands for.
    pub claim: Option<String>,
    /// When it was created, by the API server's clock.
    pub created_at: Option<Timestamp>,
    /// Is it to run, and not suspended?
    pub wants_to_run: bool,
    /// Is it being deleted?
    pub deleting: bool,
    /// Condition `Ready`.
    pub ready: Ready,
    /// Is condition `Suspended` true?
    pub suspended: bool,
    /// The uid of its object.
    pub uid: Option<String>,
}

/// A pod of a sandbox.
#[derive(Clone, Debug, Default)]
pub struct PodFacts {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// When the first of its running containers was started, by its node's clock.
    pub started_at: Option<Timestamp>,
    /// Why it is not ready; `None` if it is.
    pub problem: Option<CauseField>,
    /// The volume claims that it mounts.
    pub claims: Vec<String>,
    /// The uids of the objects that own it.
    pub owners: Vec<String>,
}

impl Ready {
    /// The reason why it is not true.
    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::No(reason, _) => Some(reason),
            Self::Unknown | Self::Yes => None,
        }
    }
}

impl fmt::Display for Ready {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => write!(formatter, "its controller has not reported on it yet"),
            Self::Yes => write!(formatter, "its controller reports that it is ready"),
            Self::No(reason, message) if message.is_empty() => {
                write!(formatter, "its controller reports {reason}")
            }
            Self::No(reason, message) => write!(formatter, "its controller reports {reason}: {message}"),
        }
    }
}

impl From<SandboxObject> for Sandbox {
    fn from(object: SandboxObject) -> Self {
        let (metadata, spec) = (object.metadata, object.spec);
        let conditions = object.status.unwrap_or_default().conditions;
        let condition = |name: &str| conditions.iter().find(|one| one.type_ == name);
        let label = |name: &str| metadata.labels.as_ref()?.get(name).cloned();
        let annotation = |name: &str| metadata.annotations.as_ref()?.get(name).cloned();
        let own_name = metadata.name.clone().unwrap_or_default();
        let claim = spec.volume_claim_templates.first();
        let ready = match condition("Ready") {
            None => Ready::Unknown,
            Some(ready) if ready.status == "True" => Ready::Yes,
            Some(ready) => Ready::No(ready.reason.clone(), ready.message.trim().to_owned()),
        };
        Self {
            name: label(SANDBOX_NAME_LABEL).unwrap_or_else(|| own_name.clone()),
            workspace: label(SANDBOX_WORKSPACE_LABEL),
            gateway_id: label(GATEWAY_ID_LABEL),
            pod: annotation(SANDBOX_POD_ANNOTATION).unwrap_or_else(|| own_name.clone()),
            claim: claim
                .and_then(|claim| claim.metadata.name.as_deref())
                .map(|name| format!("{name}-{own_name}")),
            created_at: metadata.creation_timestamp.as_ref().map(|time| time.0),
            wants_to_run: spec.operating_mode.as_deref() != Some("Suspended") && spec.replicas != Some(0),
            deleting: metadata.deletion_timestamp.is_some(),
            ready,
            suspended: condition("Suspended").is_some_and(|suspended| suspended.status == "True"),
            uid: metadata.uid.clone(),
            namespace: metadata.namespace.clone().unwrap_or_default(),
            object: own_name,
        }
    }
}

impl From<Pod> for PodFacts {
    fn from(pod: Pod) -> Self {
        let problem = pods::worst([&pod]).map(|problem| problem.cause);
        let containers = pod
            .status
            .into_iter()
            .flat_map(|status| status.container_statuses);
        let started_at = containers
            .flatten()
            .filter_map(|container| container.state?.running?.started_at)
            .map(|time| time.0)
            .min();
        let volumes = pod.spec.into_iter().flat_map(|spec| spec.volumes).flatten();
        let claims = volumes.filter_map(|volume| Some(volume.persistent_volume_claim?.claim_name));
        let owners = pod.metadata.owner_references.into_iter().flatten();
        Self {
            namespace: pod.metadata.namespace.unwrap_or_default(),
            name: pod.metadata.name.unwrap_or_default(),
            started_at,
            problem,
            claims: claims.collect(),
            owners: owners.map(|owner| owner.uid).collect(),
        }
    }
}

impl PodFacts {
    /// Is it this sandbox's? A pod of the same name may be somebody else's, or that of a sandbox that is gone.
    pub fn is_of(&self, sandbox: &Sandbox) -> bool {
        sandbox.uid.as_ref().is_some_and(|uid| self.owners.contains(uid))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn sandbox(object: &Value) -> Sandbox {
        let object: SandboxObject = serde_json::from_value(object.clone()).expect("a sandbox");
        object.into()
    }

    fn todays() -> Value {
        json!({
            "apiVersion": "agents.x-k8s.io/v1beta1", "kind": "Sandbox",
            "metadata": {
                "namespace": "n", "name": "default--box", "uid": "u", "creationTimestamp": "2026-01-01T00:00:00Z",
                "labels": { "openshell.ai/sandbox-name": "box", "openshell.ai/sandbox-workspace": "default",
                            "openshell.ai/gateway-id": "gw" },
            },
            "spec": { "operatingMode": "Running", "podTemplate": {},
                      "volumeClaimTemplates": [{ "metadata": { "name": "workspace" }, "spec": {} }] },
            "status": { "conditions": [
                { "type": "Ready", "status": "False", "reason": "DependenciesNotReady", "message": "no pod\n",
                  "lastTransitionTime": "2026-01-01T00:00:00Z" },
                { "type": "Suspended", "status": "True", "reason": "PodTerminated", "message": "",
                  "lastTransitionTime": "2026-01-01T00:00:00Z" },
            ] },
        })
    }

    #[test]
    fn todays_object_is_read() {
        let read = sandbox(&todays());
        assert_eq!(
            (&*read.name, &*read.object, &*read.pod),
            ("box", "default--box", "default--box")
        );
        assert_eq!(read.workspace.as_deref(), Some("default"));
        assert_eq!(read.gateway_id.as_deref(), Some("gw"));
        assert_eq!(read.claim.as_deref(), Some("workspace-default--box"));
        assert!(read.wants_to_run && read.suspended && !read.deleting);
        assert_eq!(
            read.ready.to_string(),
            "its controller reports DependenciesNotReady: no pod"
        );
    }

    #[test]
    fn both_versions_say_what_is_suspended() {
        for (spec, wants_to_run) in [
            (json!({ "operatingMode": "Running" }), true),
            (json!({ "operatingMode": "Suspended" }), false),
            (json!({ "replicas": 1 }), true),
            (json!({ "replicas": 0 }), false),
            (json!({}), true),
        ] {
            let object = json!({ "metadata": { "name": "box" }, "spec": spec });
            let read = sandbox(&object);
            assert_eq!(read.wants_to_run, wants_to_run, "{object}");
            assert_eq!(
                (&*read.name, read.claim, read.ready),
                ("box", None, Ready::Unknown)
            );
        }
    }

    #[test]
    fn a_pod_belongs_to_the_sandbox_that_owns_it() {
        let mut annotated = todays();
        annotated["metadata"]["annotations"] = json!({ "agents.x-k8s.io/pod-name": "warm-1" });
        let owner = sandbox(&annotated);
        assert_eq!(owner.pod, "warm-1");
        let pod: Pod = serde_json::from_value(json!({
            "metadata": { "namespace": "n", "name": "warm-1",
                          "ownerReferences": [{ "apiVersion": "v", "kind": "Sandbox", "name": "box", "uid": "u" }] },
            "spec": { "containers": [],
                      "volumes": [{ "name": "w", "persistentVolumeClaim": { "claimName": "workspace-box" } }] },
            "status": { "conditions": [{ "type": "Ready", "status": "True" }], "containerStatuses": [
                { "name": "agent", "image": "", "imageID": "", "ready": true, "restartCount": 0,
                  "state": { "running": { "startedAt": "2026-01-02T00:00:00Z" } } }] },
        }))
        .expect("a pod");
        let pod = PodFacts::from(pod);
        assert!(pod.is_of(&owner) && pod.problem.is_none());
        assert_eq!(pod.claims, ["workspace-box"]);
        assert_eq!(pod.started_at, "2026-01-02T00:00:00Z".parse().ok());
        let mut another = todays();
        another["metadata"]["uid"] = json!("another");
        assert!(!pod.is_of(&sandbox(&another)));
    }
}
