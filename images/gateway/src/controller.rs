//! The controller of sandboxes: what is missing is made again from the sandbox's object.
//!
//! It needs, in its namespace: `get list watch` on sandboxes, `update` on `sandboxes/finalizers`; `get list watch create
//! delete` on pods and `get list watch create` on volume claims; and `get` on nodes in the cluster. The gRPC service
//! needs `create delete` on sandboxes besides.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use k8s_openapi::api::core::v1::{Node, PersistentVolumeClaim, Pod};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::api::{DeleteParams, DynamicObject, PostParams, Preconditions};
use kube::runtime::controller::{Action, Error as ControllerError};
use kube::runtime::{Controller, watcher};
use kube::{Api, Client};
use kube_session::{Trouble, classify, explain};

use crate::log::{self, Level};
use crate::objects;
use crate::plan::{self, Claim, Observation, Step, plan};

/// How often a sandbox is looked at without an event: a node that is gone sends none.
const AGAIN: Duration = Duration::from_secs(20);
/// How soon a sandbox is looked at again after an error.
const AFTER_ERROR: Duration = Duration::from_secs(2);

/// Why a sandbox could not be brought to its state.
#[derive(Debug)]
pub struct ReconcileError(String);

impl fmt::Display for ReconcileError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for ReconcileError {}

impl From<kube::Error> for ReconcileError {
    fn from(error: kube::Error) -> Self {
        Self(explain(&error))
    }
}

impl From<anyhow::Error> for ReconcileError {
    fn from(error: anyhow::Error) -> Self {
        Self(format!("{error:#}"))
    }
}

struct Cluster {
    pods: Api<Pod>,
    claims: Api<PersistentVolumeClaim>,
    nodes: Api<Node>,
}

/// Runs until `stop` resolves.
pub async fn run(client: Client, namespace: String, stop: impl Future<Output = ()> + Send + Sync + 'static) {
    let resource = objects::sandbox_resource();
    let selection =
        watcher::Config::default().labels(&format!("{}={}", objects::MANAGED_BY_LABEL, objects::MANAGED_BY));
    let sandboxes: Api<DynamicObject> = Api::namespaced_with(client.clone(), &namespace, &resource);
    let cluster = Arc::new(Cluster {
        pods: Api::namespaced(client.clone(), &namespace),
        claims: Api::namespaced(client.clone(), &namespace),
        nodes: Api::all(client),
    });
    Controller::new_with(sandboxes, selection.clone(), resource)
        .owns(cluster.pods.clone(), selection.clone())
        .owns(cluster.claims.clone(), selection)
        .graceful_shutdown_on(stop)
        .run(reconcile, |_, _, _| Action::requeue(AFTER_ERROR), cluster)
        .for_each(|outcome| async move {
            match outcome {
                Ok(_) | Err(ControllerError::ObjectNotFound(_)) => {}
                Err(ControllerError::ReconcilerFailed(error, sandbox)) => {
                    log::write(Level::Warn, format_args!("sandbox {}: {error}", sandbox.name));
                }
                Err(error) => log::write(Level::Warn, format_args!("watching sandboxes: {error}")),
            }
        })
        .await;
}

async fn reconcile(sandbox: Arc<DynamicObject>, cluster: Arc<Cluster>) -> Result<Action, ReconcileError> {
    let wanted_pod = objects::pod(&sandbox)?;
    let wanted_claims = objects::claims(&sandbox)?;
    let observation = cluster.observe(&sandbox, &wanted_pod, &wanted_claims).await?;
    for step in plan(&observation) {
        log::write(
            Level::Info,
            format_args!("sandbox {}: {step:?}", name_of(&sandbox.metadata)),
        );
        match step {
            Step::CreateClaim(index) => create(&cluster.claims, &wanted_claims[index]).await?,
            Step::CreatePod => create(&cluster.pods, &wanted_pod).await?,
            Step::DeletePod(uid) => {
                cluster
                    .delete_pod(&wanted_pod, uid, DeleteParams::default())
                    .await?
            }
            Step::ForgetPod(uid) => {
                let at_once = DeleteParams {
                    grace_period_seconds: Some(0),
                    ..DeleteParams::default()
                };
                cluster.delete_pod(&wanted_pod, uid, at_once).await?;
            }
        }
    }
    Ok(Action::requeue(AGAIN))
}

impl Cluster {
    async fn observe(
        &self,
        sandbox: &DynamicObject,
        wanted_pod: &Pod,
        wanted_claims: &[PersistentVolumeClaim],
    ) -> Result<Observation, kube::Error> {
        let owner = sandbox.metadata.uid.as_deref().unwrap_or_default();
        let mut claims = Vec::new();
        for wanted in wanted_claims {
            let found = read(&self.claims, name_of(&wanted.metadata)).await?;
            claims.push(found.map_or(Claim::Missing, |claim| seen_claim(&claim.metadata, owner)));
        }
        let pod = match read(&self.pods, name_of(&wanted_pod.metadata)).await? {
            None => plan::Pod::Missing,
            Some(pod) => {
                let node_gone = self.node_gone(&pod).await;
                seen_pod(&pod, owner, node_gone)
            }
        };
        Ok(Observation {
            deleting: sandbox.metadata.deletion_timestamp.is_some(),
            claims,
            pod,
        })
    }

    /// Only a proven absence counts: a pod is not given up because a question stayed without an answer.
    async fn node_gone(&self, pod: &Pod) -> bool {
        let Some(node) = pod.spec.as_ref().and_then(|spec| spec.node_name.as_deref()) else {
            return false;
        };
        match read(&self.nodes, node).await {
            Ok(found) => found.is_none(),
            Err(error) => {
                log::write(Level::Debug, format_args!("node {node}: {}", explain(&error)));
                false
            }
        }
    }

    async fn delete_pod(&self, pod: &Pod, uid: String, parameters: DeleteParams) -> Result<(), kube::Error> {
        let name = name_of(&pod.metadata);
        let parameters = parameters.preconditions(Preconditions {
            uid: Some(uid),
            resource_version: None,
        });
        match self.pods.delete(name, &parameters).await {
            Ok(_) => Ok(()),
            Err(error) if matches!(classify(&error, name), Trouble::Absent | Trouble::Conflict) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

/// The object, or `None` where its absence is proven.
pub(crate) async fn read<K>(api: &Api<K>, name: &str) -> Result<Option<K>, kube::Error>
where
    K: Clone + fmt::Debug + for<'a> k8s_openapi::serde::Deserialize<'a>,
{
    match api.get(name).await {
        Ok(found) => Ok(Some(found)),
        Err(error) if classify(&error, name) == Trouble::Absent => Ok(None),
        Err(error) => Err(error),
    }
}

async fn create<K>(api: &Api<K>, object: &K) -> Result<(), ReconcileError>
where
    K: Clone + fmt::Debug + k8s_openapi::serde::Serialize + for<'a> k8s_openapi::serde::Deserialize<'a>,
{
    match api.create(&PostParams::default(), object).await {
        Ok(_) => Ok(()),
        Err(error) if classify(&error, "") == Trouble::Exists => Ok(()),
        Err(error) => Err(error.into()),
    }
}

fn name_of(metadata: &ObjectMeta) -> &str {
    metadata.name.as_deref().unwrap_or_default()
}

fn controller_uid(metadata: &ObjectMeta) -> Option<&str> {
    let owners = metadata.owner_references.as_deref().unwrap_or_default();
    owners
        .iter()
        .find(|owner| owner.controller == Some(true))
        .map(|owner| owner.uid.as_str())
}

fn seen_claim(metadata: &ObjectMeta, owner: &str) -> Claim {
    // A claim without an owner was put there by a person, perhaps with data from a backup: it is used.
    let foreign = controller_uid(metadata).is_some_and(|uid| uid != owner);
    if metadata.deletion_timestamp.is_some() || foreign {
        Claim::Going
    } else {
        Claim::Usable
    }
}

fn seen_pod(pod: &Pod, owner: &str, node_gone: bool) -> plan::Pod {
    if controller_uid(&pod.metadata) != Some(owner) {
        return plan::Pod::Foreign;
    }
    let phase = pod.status.as_ref().and_then(|status| status.phase.as_deref());
    plan::Pod::Own {
        uid: pod.metadata.uid.clone().unwrap_or_default(),
        deleting: pod.metadata.deletion_timestamp.is_some(),
        finished: matches!(phase, Some("Failed" | "Succeeded")),
        node_gone,
    }
}

#[cfg(test)]
mod tests {
    use super::{seen_claim, seen_pod};
    use crate::plan::{Claim, Pod};
    use serde_json::json;

    fn pod(phase: &str, owner: &str, deleting: bool) -> k8s_openapi::api::core::v1::Pod {
        let deleted = deleting.then_some("2024-01-01T00:00:00Z");
        let owner = json!({ "apiVersion": "v", "kind": "k", "name": "n", "uid": owner, "controller": true });
        serde_json::from_value(json!({
            "metadata": { "uid": "pod", "deletionTimestamp": deleted, "ownerReferences": [owner] },
            "status": { "phase": phase },
        }))
        .unwrap()
    }

    #[test]
    fn a_pod_is_seen_as_it_is() {
        let own = |deleting, finished| Pod::Own {
            uid: "pod".to_owned(),
            deleting,
            finished,
            node_gone: false,
        };
        assert_eq!(
            seen_pod(&pod("Running", "me", false), "me", false),
            own(false, false)
        );
        assert_eq!(seen_pod(&pod("Failed", "me", true), "me", false), own(true, true));
        assert_eq!(
            seen_pod(&pod("Succeeded", "me", false), "me", false),
            own(false, true)
        );
        assert_eq!(
            seen_pod(&pod("Running", "other", false), "me", false),
            Pod::Foreign
        );
    }

    #[test]
    fn a_claim_of_a_deleted_sandbox_is_going_and_one_without_owner_is_used() {
        let mut metadata = pod("", "other", false).metadata;
        assert_eq!(seen_claim(&metadata, "me"), Claim::Going);
        assert_eq!(seen_claim(&metadata, "other"), Claim::Usable);
        metadata.owner_references = None;
        assert_eq!(seen_claim(&metadata, "me"), Claim::Usable);
        assert_eq!(seen_claim(&pod("", "me", true).metadata, "me"), Claim::Going);
    }
}
