//! The gateway server's own workload: its pods, and its restart.

use contract::Failure;
use jiff::Timestamp;
use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::api::apps::v1::{Deployment, StatefulSet};
use k8s_openapi::api::core::v1::Pod;
use kube::api::{ListParams, Patch, PatchParams};
use kube::{Api, Resource};
use serde::de::DeserializeOwned;
use serde_json::json;
use zeroize::Zeroizing;

use crate::{Backoff, Rollout, Session, Trouble, Workload, WorkloadKind};

/// Pods that are no sandbox's: charts label the server's each in their own way, and there may be thousands of sandboxes.
pub const PODS_OF_NO_SANDBOX: &str = "openshell.ai/managed-by!=openshell";
/// What `kubectl rollout restart` sets.
const RESTARTED_AT: &str = "kubectl.kubernetes.io/restartedAt";

/// A pod of the gateway server that runs, or will.
pub struct ServerPod(Pod);

/// Where a container's variable comes from. Without `Debug`, which would show a literal.
pub enum VariableSource {
    /// It stands in the pod.
    Literal(Zeroizing<String>),
    /// It is a Secret's value, read when the container started: the Secret's name and key.
    Secret(String, String),
    /// From something else.
    Other,
}

impl std::fmt::Debug for ServerPod {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_tuple("ServerPod").field(&self.name()).finish()
    }
}

impl ServerPod {
    /// Its name.
    pub fn name(&self) -> &str {
        self.0.metadata.name.as_deref().unwrap_or_default()
    }

    /// When it was created, by the API server's clock.
    pub fn created_at(&self) -> Option<Timestamp> {
        self.0.metadata.creation_timestamp.as_ref().map(|time| time.0)
    }

    /// When the first of its running containers started, by its node's clock; `None` where none runs.
    pub fn started_at(&self) -> Option<Timestamp> {
        let statuses = self.0.status.as_ref()?.container_statuses.iter().flatten();
        statuses
            .filter_map(|status| status.state.as_ref()?.running.as_ref()?.started_at.as_ref())
            .map(|time| time.0)
            .min()
    }

    /// The value of an annotation.
    pub fn annotation(&self, name: &str) -> Option<&str> {
        let annotations = self.0.metadata.annotations.as_ref()?;
        annotations.get(name).map(String::as_str)
    }

    /// Where an environment variable of its containers comes from; `None` where no container has it.
    pub fn variable(&self, name: &str) -> Option<VariableSource> {
        let containers = &self.0.spec.as_ref()?.containers;
        let variable = containers
            .iter()
            .flat_map(|container| container.env.iter().flatten())
            .find(|variable| variable.name == name)?;
        if let Some(value) = &variable.value {
            return Some(VariableSource::Literal(Zeroizing::new(value.clone())));
        }
        let reference = variable
            .value_from
            .as_ref()
            .and_then(|source| source.secret_key_ref.as_ref());
        Some(reference.map_or(VariableSource::Other, |reference| {
            VariableSource::Secret(reference.name.clone(), reference.key.clone())
        }))
    }

    fn is_of(&self, workload: &Workload) -> bool {
        let kinds = workload.kinds();
        let owner = self.0.metadata.owner_references.iter().flatten();
        let is_ours =
            owner
                .filter(|owner| owner.controller == Some(true))
                .any(|owner| match owner.kind.as_str() {
                    "StatefulSet" => {
                        kinds.contains(&WorkloadKind::StatefulSet) && owner.name == workload.name
                    }
                    // A Deployment's ReplicaSets have its name and a hash.
                    "ReplicaSet" => {
                        let (name, _) = owner.name.rsplit_once('-').unwrap_or_default();
                        kinds.contains(&WorkloadKind::Deployment) && name == workload.name
                    }
                    _ => false,
                });
        let status = self.0.status.as_ref();
        let phase = status.and_then(|status| status.phase.as_deref());
        is_ours
            && self.0.metadata.deletion_timestamp.is_none()
            && !matches!(phase, Some("Succeeded" | "Failed"))
    }
}

impl Session {
    /// The gateway server's pods, without those that end.
    pub async fn server_pods(&self) -> Result<Vec<ServerPod>, Failure> {
        let selection = ListParams::default().labels(PODS_OF_NO_SANDBOX);
        let pods = self.list(&self.namespaced::<Pod>(), &selection).await?;
        let pods = pods.into_iter().map(ServerPod);
        Ok(pods.filter(|pod| pod.is_of(&self.workload)).collect())
    }

    /// The gateway server's workload, with its kind; `None` if there is none.
    pub async fn server_workload(&self) -> Result<Option<Workload>, Failure> {
        let name = &self.workload.name;
        for kind in self.workload.kinds() {
            let is_there = match kind {
                WorkloadKind::StatefulSet => {
                    self.get(&self.namespaced::<StatefulSet>(), name).await?.is_some()
                }
                WorkloadKind::Deployment => self.get(&self.namespaced::<Deployment>(), name).await?.is_some(),
            };
            if is_there {
                return Ok(Some(Workload {
                    kind: Some(*kind),
                    name: name.clone(),
                }));
            }
        }
        Ok(None)
    }

    /// Gives a workload new pods as `kubectl rollout restart` does. False if it is gone.
    pub async fn renew_pods(&self, workload: &Workload) -> Result<bool, Failure> {
        match workload.kind {
            Some(WorkloadKind::Deployment) => self.renew(&self.namespaced::<Deployment>(), workload).await,
            _ => self.renew(&self.namespaced::<StatefulSet>(), workload).await,
        }
    }

    async fn renew<K>(&self, api: &Api<K>, workload: &Workload) -> Result<bool, Failure>
    where
        K: Clone + DeserializeOwned + std::fmt::Debug,
    {
        // One moment for every attempt: a patch whose answer was lost restarts nothing a second time.
        let now = Timestamp::now().to_string();
        let template = json!({ "metadata": { "annotations": { RESTARTED_AT: now } } });
        let patch = Patch::Merge(json!({ "spec": { "template": template } }));
        let parameters = PatchParams::default();
        let what = format!("the API server to restart {workload}");
        let absent = |trouble| (trouble == Trouble::Absent).then_some(());
        let send = || api.patch(&workload.name, &parameters, &patch);
        Ok(self.request(&what, &workload.name, send, absent).await?.is_ok())
    }

    /// Restarts the gateway server, see [`Session::renew_pods`], and waits until the roll-out is complete. What was restarted, or
    /// `None` if there is no server.
    pub async fn restart_server(&self) -> Result<Option<String>, Failure> {
        let Some(workload) = self.server_workload().await? else {
            return Ok(None);
        };
        if !self.renew_pods(&workload).await? {
            return Ok(None);
        }
        let is_done = match workload.kind {
            Some(WorkloadKind::Deployment) => self.rolled_out::<Deployment>(&workload).await?,
            _ => self.rolled_out::<StatefulSet>(&workload).await?,
        };
        Ok(is_done.then(|| workload.to_string()))
    }

    /// Waits for the end of a roll-out. False if the workload is gone.
    async fn rolled_out<K>(&self, workload: &Workload) -> Result<bool, Failure>
    where
        for<'a> Rollout: From<&'a K>,
        K: Resource<Scope = NamespaceResourceScope, DynamicType = ()>
            + Clone
            + DeserializeOwned
            + std::fmt::Debug,
    {
        let api: Api<K> = self.namespaced();
        let mut backoff = Backoff::default();
        loop {
            let Some(found) = self.get(&api, &workload.name).await? else {
                return Ok(false);
            };
            match Rollout::from(&found) {
                Rollout::Done(_) => {
                    self.console.ended_waiting();
                    return Ok(true);
                }
                Rollout::NotYet(missing) => {
                    self.console.waiting(&format!("{workload} to restart: {missing}"));
                }
            }
            tokio::time::sleep(backoff.next_wait()).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pod(object: serde_json::Value) -> ServerPod {
        ServerPod(serde_json::from_value(object).unwrap())
    }

    fn owned_by(kind: &str, name: &str) -> ServerPod {
        let owner =
            json!({ "apiVersion": "apps/v1", "kind": kind, "name": name, "uid": "u", "controller": true });
        pod(json!({ "metadata": { "ownerReferences": [owner] } }))
    }

    #[test]
    fn pods_of_others_are_not_the_servers() {
        let usual = Workload::default();
        assert!(owned_by("StatefulSet", "openshell").is_of(&usual));
        assert!(owned_by("ReplicaSet", "openshell-5d8c").is_of(&usual));
        assert!(!owned_by("StatefulSet", "openshell-2").is_of(&usual));
        assert!(!owned_by("ReplicaSet", "openshell-db-5d8c").is_of(&usual));
        assert!(!owned_by("Sandbox", "openshell").is_of(&usual));
        assert!(!pod(json!({})).is_of(&usual));

        let other = Workload::parse("deployment/gw").unwrap();
        assert!(owned_by("ReplicaSet", "gw-5d8c").is_of(&other));
        assert!(!owned_by("StatefulSet", "gw").is_of(&other));
        assert!(!owned_by("ReplicaSet", "openshell-5d8c").is_of(&other));
    }

    #[test]
    fn variables_come_from_the_pod_or_from_a_secret_and_are_not_shown() {
        let env = json!([
            { "name": "A", "value": "plain-value" },
            { "name": "B", "valueFrom": { "secretKeyRef": { "name": "s", "key": "k" } } },
            { "name": "C", "valueFrom": { "fieldRef": { "fieldPath": "metadata.name" } } },
        ]);
        let pod = pod(json!({ "spec": { "containers": [{ "name": "c", "env": env }] } }));
        assert!(matches!(pod.variable("A"), Some(VariableSource::Literal(value)) if *value == "plain-value"));
        assert!(
            matches!(pod.variable("B"), Some(VariableSource::Secret(name, key)) if name == "s" && key == "k")
        );
        assert!(matches!(pod.variable("C"), Some(VariableSource::Other)));
        assert!(pod.variable("D").is_none());
        assert!(!format!("{pod:?}").contains("plain-value"));
    }
}
