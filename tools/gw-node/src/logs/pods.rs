//! Whose log is shown: pure functions.

use k8s_openapi::api::core::v1::Pod;

/// The container that kubectl means if none is named. Source: Kubernetes, "Well-Known Labels, Annotations and Taints".
const DEFAULT_CONTAINER: &str = "kubectl.kubernetes.io/default-container";

/// The pod that is ready; else one that runs, else any; of several the newest.
pub fn most_telling(pods: &[Pod]) -> Option<&Pod> {
    pods.iter().max_by_key(|pod| {
        let phase = pod.status.as_ref().and_then(|status| status.phase.as_deref());
        let made = pod.metadata.creation_timestamp.as_ref().map(|time| time.0);
        (service_forward::is_ready(pod), phase == Some("Running"), made)
    })
}

/// The container whose log is meant: the annotated one, else the first.
pub fn main_container(pod: &Pod) -> String {
    let annotated = pod.metadata.annotations.as_ref();
    let annotated = annotated.and_then(|all| all.get(DEFAULT_CONTAINER).cloned());
    let first = || Some(pod.spec.as_ref()?.containers.first()?.name.clone());
    annotated.or_else(first).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{from_value, json};

    fn pod(name: &str, made: &str, phase: &str, is_ready: bool) -> Pod {
        let ready = if is_ready { "True" } else { "False" };
        let time = format!("2026-01-01T00:00:{made}Z");
        from_value(json!({
            "metadata": { "name": name, "creationTimestamp": time },
            "spec": { "containers": [{ "name": "first" }, { "name": "second" }] },
            "status": { "phase": phase, "conditions": [{ "type": "Ready", "status": ready }] },
        }))
        .unwrap()
    }

    #[test]
    fn a_ready_pod_comes_first_and_then_one_that_runs() {
        let ready = pod("ready", "01", "Running", true);
        let newer = pod("newer", "02", "Running", true);
        let running = pod("running", "03", "Running", false);
        let pending = pod("pending", "04", "Pending", false);
        let failed = pod("failed", "05", "Failed", false);
        for (pods, expected) in [
            (vec![&pending, &ready, &running], "ready"),
            (vec![&newer, &ready], "newer"),
            (vec![&pending, &running, &failed], "running"),
            (vec![&pending, &failed], "failed"),
            (vec![&pending], "pending"),
        ] {
            let pods: Vec<Pod> = pods.into_iter().cloned().collect();
            let chosen = most_telling(&pods).unwrap();
            assert_eq!(chosen.metadata.name.as_deref(), Some(expected));
        }
        assert!(most_telling(&[]).is_none());
    }

    #[test]
    fn the_annotated_container_comes_before_the_first_one() {
        let mut pod = pod("p", "00", "Running", true);
        assert_eq!(main_container(&pod), "first");
        let annotation = (DEFAULT_CONTAINER.to_owned(), "second".to_owned());
        pod.metadata.annotations = Some([annotation].into());
        assert_eq!(main_container(&pod), "second");
    }
}
