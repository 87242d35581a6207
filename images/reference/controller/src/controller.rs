//! Watches sandboxes with their pods and claims, makes what is missing, and writes conditions.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use gateway_names::{SANDBOX_GROUP, SANDBOX_POD_LABEL};
use k8s_openapi::api::core::v1::{PersistentVolumeClaim, Pod};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{APIGroup, ObjectMeta};
use kube::api::{ApiResource, DeleteParams, DynamicObject, Patch, PatchParams, PostParams, Preconditions};
use kube::runtime::controller::{Action, Error as ControllerError};
use kube::runtime::{Controller, watcher};
use kube::{Api, Client};
use kube_session::{Trouble, classify, explain, present, sandbox_resource, sandbox_wants_to_run};
use reference_base::log::{self, Level};
use serde_json::json;

use crate::conditions::{changed, conditions};
use crate::objects;
use crate::plan::{self, Claim, Observation, PodState, Step, plan};
use crate::settings::{Settings, Version};

/// How often a sandbox is looked at without an event.
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
    client: Client,
    resource: ApiResource,
    version: Version,
}

/// The requests about one sandbox.
struct Place {
    sandboxes: Api<DynamicObject>,
    pods: Api<Pod>,
    claims: Api<PersistentVolumeClaim>,
}

/// Runs until `stop` resolves.
pub async fn run(client: Client, settings: Settings, stop: impl Future<Output = ()> + Send + Sync + 'static) {
    let resource = sandbox_resource(served(&client).await);
    let own = watcher::Config::default().labels(SANDBOX_POD_LABEL);
    let namespace = settings.namespace.as_deref();
    let sandboxes: Api<DynamicObject> = match namespace {
        Some(namespace) => Api::namespaced_with(client.clone(), namespace, &resource),
        None => Api::all_with(client.clone(), &resource),
    };
    let pods: Api<Pod> = namespace.map_or_else(
        || Api::all(client.clone()),
        |namespace| Api::namespaced(client.clone(), namespace),
    );
    let claims: Api<PersistentVolumeClaim> = namespace.map_or_else(
        || Api::all(client.clone()),
        |namespace| Api::namespaced(client.clone(), namespace),
    );
    let cluster = Arc::new(Cluster {
        client,
        resource: resource.clone(),
        version: settings.version,
    });
    Controller::new_with(sandboxes, watcher::Config::default(), resource)
        .owns(pods, own.clone())
        .owns(claims, own)
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

/// The newest version that Kubernetes serves.
async fn served(client: &Client) -> &'static str {
    let Ok(request) = http::Request::get(format!("/apis/{SANDBOX_GROUP}")).body(Vec::new()) else {
        return "v1beta1";
    };
    match client.request::<APIGroup>(request).await {
        Ok(group) if !group.versions.iter().any(|version| version.version == "v1beta1") => "v1alpha1",
        // Without the group nothing can be watched; the watch says so again and again.
        Ok(_) | Err(_) => "v1beta1",
    }
}

async fn reconcile(sandbox: Arc<DynamicObject>, cluster: Arc<Cluster>) -> Result<Action, ReconcileError> {
    let namespace = sandbox.metadata.namespace.as_deref().unwrap_or_default();
    let place = Place {
        sandboxes: Api::namespaced_with(cluster.client.clone(), namespace, &cluster.resource),
        pods: Api::namespaced(cluster.client.clone(), namespace),
        claims: Api::namespaced(cluster.client.clone(), namespace),
    };
    let wanted_pod = objects::pod(&sandbox)?;
    let wanted_claims = objects::claims(&sandbox)?;
    let observation = place.observe(&sandbox, &wanted_pod, &wanted_claims).await?;
    for step in plan(&observation) {
        log::write(
            Level::Info,
            format_args!("sandbox {}: {step}", name_of(&sandbox.metadata)),
        );
        match step {
            Step::CreateClaim(index) => create(&place.claims, &wanted_claims[index]).await?,
            Step::CreatePod => create(&place.pods, &wanted_pod).await?,
            Step::DeletePod(uid) => place.delete_pod(&wanted_pod, uid).await?,
        }
    }
    if !observation.deleting {
        place.tell(&sandbox, &observation, cluster.version).await?;
    }
    Ok(Action::requeue(AGAIN))
}

impl Place {
    async fn observe(
        &self,
        sandbox: &DynamicObject,
        wanted_pod: &Pod,
        wanted_claims: &[PersistentVolumeClaim],
    ) -> Result<Observation, kube::Error> {
        let owner = sandbox.metadata.uid.as_deref().unwrap_or_default();
        let mut claims = Vec::new();
        for wanted in wanted_claims {
            let name = name_of(&wanted.metadata);
            let found = present(self.claims.get(name).await, name)?;
            claims.push(found.map_or(Claim::Missing, |claim| seen_claim(&claim.metadata, owner)));
        }
        let name = name_of(&wanted_pod.metadata);
        let pod = present(self.pods.get(name).await, name)?;
        Ok(Observation {
            deleting: sandbox.metadata.deletion_timestamp.is_some(),
            wants_to_run: sandbox_wants_to_run(sandbox),
            claims,
            pod: pod.map_or(plan::Pod::Missing, |pod| seen_pod(&pod, owner)),
        })
    }

    /// Writes the conditions if they are others than before.
    async fn tell(
        &self,
        sandbox: &DynamicObject,
        observation: &Observation,
        version: Version,
    ) -> Result<(), kube::Error> {
        let now = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let known = &sandbox.data["status"]["conditions"];
        let Some(conditions) = changed(known, &conditions(observation, version), &now) else {
            return Ok(());
        };
        let patch = Patch::Merge(json!({ "status": { "conditions": conditions } }));
        let name = name_of(&sandbox.metadata);
        match self
            .sandboxes
            .patch_status(name, &PatchParams::default(), &patch)
            .await
        {
            Ok(_) => Ok(()),
            Err(error) if classify(&error, name) == Trouble::Absent => Ok(()),
            Err(error) => Err(error),
        }
    }

    async fn delete_pod(&self, pod: &Pod, uid: String) -> Result<(), kube::Error> {
        let name = name_of(&pod.metadata);
        let parameters = DeleteParams::default().preconditions(Preconditions {
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

fn seen_pod(pod: &Pod, owner: &str) -> plan::Pod {
    if controller_uid(&pod.metadata) != Some(owner) {
        return plan::Pod::Foreign;
    }
    let status = pod.status.as_ref();
    let conditions = status
        .and_then(|status| status.conditions.as_deref())
        .unwrap_or_default();
    let is_ready = conditions
        .iter()
        .any(|condition| condition.type_ == "Ready" && condition.status == "True");
    let state = match status.and_then(|status| status.phase.as_deref()) {
        Some("Failed") => PodState::Failed,
        Some("Succeeded") => PodState::Succeeded,
        _ if is_ready => PodState::Ready,
        _ => PodState::Pending,
    };
    plan::Pod::Own {
        uid: pod.metadata.uid.clone().unwrap_or_default(),
        deleting: pod.metadata.deletion_timestamp.is_some(),
        state,
    }
}

#[cfg(test)]
mod tests {
    use super::{seen_claim, seen_pod};
    use crate::plan::{Claim, Pod, PodState};
    use serde_json::json;

    fn pod(phase: &str, ready: bool, owner: &str, deleting: bool) -> k8s_openapi::api::core::v1::Pod {
        let deleted = deleting.then_some("2024-01-01T00:00:00Z");
        let owner = json!({ "apiVersion": "v", "kind": "k", "name": "n", "uid": owner, "controller": true });
        let ready = json!({ "type": "Ready", "status": if ready { "True" } else { "False" } });
        serde_json::from_value(json!({
            "metadata": { "uid": "pod", "deletionTimestamp": deleted, "ownerReferences": [owner] },
            "status": { "phase": phase, "conditions": [ready] },
        }))
        .unwrap()
    }

    #[test]
    fn a_pod_is_seen_as_it_is() {
        let own = |deleting, state| Pod::Own {
            uid: "pod".to_owned(),
            deleting,
            state,
        };
        for (phase, ready, deleting, state) in [
            ("Running", true, false, PodState::Ready),
            ("Running", false, false, PodState::Pending),
            ("Pending", false, true, PodState::Pending),
            ("Failed", false, true, PodState::Failed),
            ("Succeeded", false, false, PodState::Succeeded),
        ] {
            assert_eq!(
                seen_pod(&pod(phase, ready, "me", deleting), "me"),
                own(deleting, state)
            );
        }
        assert_eq!(
            seen_pod(&pod("Running", true, "other", false), "me"),
            Pod::Foreign
        );
    }

    #[test]
    fn a_claim_of_a_deleted_sandbox_is_going_and_one_without_owner_is_used() {
        let mut metadata = pod("", false, "other", false).metadata;
        assert_eq!(seen_claim(&metadata, "me"), Claim::Going);
        assert_eq!(seen_claim(&metadata, "other"), Claim::Usable);
        metadata.owner_references = None;
        assert_eq!(seen_claim(&metadata, "me"), Claim::Usable);
        assert_eq!(
            seen_claim(&pod("", false, "me", true).metadata, "me"),
            Claim::Going
        );
    }
}
