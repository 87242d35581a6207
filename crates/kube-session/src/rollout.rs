//! How far a workload is: the rules of `kubectl rollout status`.

use k8s_openapi::api::apps::v1::{Deployment, StatefulSet};

/// How far it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rollout {
    /// Rolled out; what shows it.
    Done(String),
    /// What is missing.
    NotYet(String),
}

impl From<&StatefulSet> for Rollout {
    fn from(set: &StatefulSet) -> Self {
        let spec = set.spec.clone().unwrap_or_default();
        let status = set.status.clone().unwrap_or_default();
        let wanted = spec.replicas.unwrap_or(1);
        let ready = status.ready_replicas.unwrap_or(0);
        let updated = status.updated_replicas.unwrap_or(0);
        let is_newest = status.update_revision == status.current_revision || updated >= wanted;
        if status.observed_generation < set.metadata.generation {
            Self::NotYet("its controller has not seen its last change yet".to_owned())
        } else if !is_newest {
            Self::NotYet(format!(
                "{updated} of {wanted} replicas are of its newest template"
            ))
        } else {
            of_ready(ready, wanted)
        }
    }
}

impl From<&Deployment> for Rollout {
    fn from(deployment: &Deployment) -> Self {
        let spec = deployment.spec.clone().unwrap_or_default();
        let status = deployment.status.clone().unwrap_or_default();
        let wanted = spec.replicas.unwrap_or(1);
        let (updated, all) = (status.updated_replicas.unwrap_or(0), status.replicas.unwrap_or(0));
        if status.observed_generation < deployment.metadata.generation {
            Self::NotYet("its controller has not seen its last change yet".to_owned())
        } else if updated < wanted {
            Self::NotYet(format!(
                "{updated} of {wanted} replicas are of its newest template"
            ))
        } else if all > updated {
            Self::NotYet(format!("{} replicas of before are still there", all - updated))
        } else {
            of_ready(status.available_replicas.unwrap_or(0), wanted)
        }
    }
}

fn of_ready(ready: i32, wanted: i32) -> Rollout {
    let text = format!("{ready} of {wanted} replicas are ready");
    if ready >= wanted {
        Rollout::Done(text)
    } else {
        Rollout::NotYet(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn a_rollout_is_done_when_every_replica_is_new_and_ready() {
        let spec = json!({"replicas": 2, "selector": {"matchLabels": {"a": "b"}}, "serviceName": "s", "template": {}});
        let set = |status: Value| {
            let set: StatefulSet = serde_json::from_value(
                json!({"metadata": {"generation": 2}, "spec": spec, "status": status}),
            )
            .unwrap();
            Rollout::from(&set)
        };
        let deployment = |status: Value| {
            let deployment: Deployment = serde_json::from_value(
                json!({"metadata": {"generation": 2}, "spec": spec, "status": status}),
            )
            .unwrap();
            Rollout::from(&deployment)
        };
        let not_yet = |state: Rollout| match state {
            Rollout::NotYet(text) => text,
            Rollout::Done(text) => panic!("done: {text}"),
        };
        let full = json!({"observedGeneration": 2, "replicas": 2, "readyReplicas": 2, "updatedReplicas": 2,
                          "availableReplicas": 2, "currentRevision": "a", "updateRevision": "b"});
        let with = |key: &str, value: i32| {
            let mut status = full.clone();
            status[key] = value.into();
            status
        };
        assert!(matches!(set(full.clone()), Rollout::Done(_)));
        assert!(matches!(deployment(full.clone()), Rollout::Done(_)));
        assert!(not_yet(set(with("observedGeneration", 1))).contains("last change"));
        assert!(not_yet(set(with("updatedReplicas", 1))).contains("1 of 2 replicas are of its newest"));
        assert!(not_yet(set(with("readyReplicas", 1))).contains("1 of 2 replicas are ready"));
        assert!(not_yet(deployment(with("observedGeneration", 1))).contains("last change"));
        assert!(not_yet(deployment(with("updatedReplicas", 1))).contains("newest"));
        assert!(not_yet(deployment(with("replicas", 3))).contains("1 replicas of before"));
        assert!(not_yet(deployment(with("availableReplicas", 0))).contains("0 of 2"));
    }
}
