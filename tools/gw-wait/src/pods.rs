//! What stands in the way of pods.

use contract::Failure;
use k8s_openapi::api::core::v1::{ContainerStatus, Pod};

use crate::abort::{Abort, aborted};
use crate::report::{CauseField, PodField};

/// A pod that is not ready, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// For the document.
    pub pod: PodField,
    /// In a stable word and in plain words.
    pub cause: CauseField,
    /// A container of it ended: its exit code.
    pub exit_code: Option<i32>,
}

/// The pod that is furthest from being ready; `None` where all are.
pub fn worst<'a>(pods: impl IntoIterator<Item = &'a Pod>) -> Option<Problem> {
    let problems = pods.into_iter().filter_map(problem);
    problems.max_by_key(|found| (found.pod.waiting_reason.is_some(), found.pod.restarts))
}

fn problem(pod: &Pod) -> Option<Problem> {
    let status = pod.status.clone().unwrap_or_default();
    let conditions = status.conditions.unwrap_or_default();
    if conditions
        .iter()
        .any(|found| found.type_ == "Ready" && found.status == "True")
    {
        return None;
    }
    let name = pod.metadata.name.clone().unwrap_or_default();
    let init = status.init_container_statuses.unwrap_or_default();
    let containers: Vec<ContainerStatus> = init
        .into_iter()
        .chain(status.container_statuses.unwrap_or_default())
        .collect();
    let restarts = containers
        .iter()
        .map(|container| container.restart_count)
        .max()
        .unwrap_or(0);
    let phase = status.phase;
    let exit_code = containers.iter().find_map(exit_code);
    let waiting = containers.iter().find_map(|container| {
        let waiting = container.state.as_ref()?.waiting.as_ref()?;
        let reason = waiting.reason.clone()?;
        // What every container passes through says nothing.
        let is_usual = matches!(reason.as_str(), "ContainerCreating" | "PodInitializing");
        (!is_usual).then(|| (reason, waiting.message.clone()))
    });
    let unscheduled = conditions
        .iter()
        .find(|found| found.type_ == "PodScheduled" && found.status == "False")
        .map(|found| (found.reason.clone().unwrap_or_default(), found.message.clone()));
    let (reason, message) = waiting.or(unscheduled).unzip();
    let word = word(reason.as_deref(), exit_code.is_some());
    let mut detail = format!("pod {name} is {}", phase.as_deref().unwrap_or("unknown"));
    for part in reason.iter().chain(message.iter().flatten()) {
        detail.push_str(": ");
        detail.push_str(part.trim());
    }
    if let Some(code) = exit_code {
        detail.push_str(&format!(" (a container ended with {code}, {restarts} restarts)"));
    }
    Some(Problem {
        pod: PodField {
            name,
            phase,
            waiting_reason: reason,
            restarts,
            last_event: None,
        },
        cause: CauseField::new(word, detail),
        exit_code,
    })
}

fn word(reason: Option<&str>, has_exited: bool) -> &'static str {
    match reason {
        Some("ImagePullBackOff" | "ErrImagePull" | "ErrImageNeverPull" | "InvalidImageName") => {
            "image_pull_back_off"
        }
        Some("CrashLoopBackOff") => "crash_loop_back_off",
        Some("Unschedulable") => "unschedulable",
        Some(_) => "pod_waiting",
        None if has_exited => "container_exited",
        None => "pod_not_ready",
    }
}

/// The exit code of the container's present or last end.
fn exit_code(container: &ContainerStatus) -> Option<i32> {
    let ended = |state: Option<&k8s_openapi::api::core::v1::ContainerState>| {
        Some(state?.terminated.as_ref()?.exit_code)
    };
    ended(container.state.as_ref()).or_else(|| ended(container.last_state.as_ref()))
}

impl Problem {
    /// The failure, where the problem is one that was to end the wait.
    pub fn hopeless(&self, abort_on: &[Abort]) -> Option<Failure> {
        let is_met = |abort: &Abort| match abort {
            Abort::ImagePullBackOff => self.cause.word == "image_pull_back_off",
            Abort::CrashLoopBackOff(restarts) => {
                self.cause.word == "crash_loop_back_off" && self.pod.restarts >= *restarts
            }
            Abort::ContainerExited => self.exit_code.is_some(),
            Abort::NodePressure => false,
        };
        let met = abort_on.iter().find(|abort| is_met(abort))?;
        let (reason, hint) = match met {
            Abort::ImagePullBackOff => (
                "image_pull_back_off",
                "see that the image exists, and that the node may pull it",
            ),
            Abort::CrashLoopBackOff(_) => {
                ("crash_loop_back_off", "kubectl logs --previous says why it ended")
            }
            _ => ("container_exited", "kubectl logs --previous says why it ended"),
        };
        Some(aborted(reason, self.cause.detail.clone(), hint))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn pod(name: &str, status: Value) -> Pod {
        serde_json::from_value(json!({"metadata": {"name": name}, "status": status})).unwrap()
    }

    fn waiting(reason: &str, restarts: i32) -> Pod {
        let state = json!({"waiting": {"reason": reason, "message": "back-off"}});
        let last = json!({"terminated": {"exitCode": 3}});
        let last = if restarts > 0 { last } else { json!({}) };
        let container = json!({"name": "c", "image": "i", "imageID": "", "ready": false, "restartCount": restarts,
                               "state": state, "lastState": last});
        pod(
            reason,
            json!({"phase": "Pending", "containerStatuses": [container]}),
        )
    }

    #[test]
    fn the_worst_pod_is_named_with_kubernetes_own_reason() {
        let ready = pod(
            "r",
            json!({"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}),
        );
        assert_eq!(worst([&ready]), None);
        let creating = waiting("ContainerCreating", 0);
        let found = worst([&ready, &creating]).unwrap();
        assert_eq!(
            (found.cause.word, &found.pod.waiting_reason),
            ("pod_not_ready", &None)
        );
        let found = worst([&creating, &waiting("ImagePullBackOff", 0)]).unwrap();
        assert_eq!(found.cause.word, "image_pull_back_off");
        assert_eq!(
            found.cause.detail,
            "pod ImagePullBackOff is Pending: ImagePullBackOff: back-off"
        );
        let unschedulable = json!({"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "no node"});
        let found = worst([&pod(
            "u",
            json!({"phase": "Pending", "conditions": [unschedulable]}),
        )])
        .unwrap();
        assert_eq!(found.cause.word, "unschedulable");
    }

    #[test]
    fn only_what_was_named_ends_the_wait() {
        let reason = |pod: &Pod, abort: Abort| {
            worst([pod])
                .unwrap()
                .hopeless(&[abort])
                .map(|failure| failure.reason)
        };
        let (pulling, crashing) = (waiting("ErrImagePull", 0), waiting("CrashLoopBackOff", 2));
        assert_eq!(
            reason(&pulling, Abort::ImagePullBackOff),
            Some("image_pull_back_off")
        );
        assert_eq!(reason(&pulling, Abort::ContainerExited), None);
        assert_eq!(reason(&crashing, Abort::CrashLoopBackOff(3)), None);
        assert_eq!(
            reason(&crashing, Abort::CrashLoopBackOff(2)),
            Some("crash_loop_back_off")
        );
        assert_eq!(
            reason(&crashing, Abort::ContainerExited),
            Some("container_exited")
        );
        assert_eq!(reason(&crashing, Abort::ImagePullBackOff), None);
    }
}
