//! What stands in the way of pods.

use std::time::{Duration, Instant};

use contract::Failure;
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::core::v1::{ContainerStateTerminated, ContainerStatus, Event, Pod};
use kube::api::ListParams;
use kube_session::Session;

use crate::hopeless::abort::{Abort, aborted};
use crate::reasons::{CONTAINER_EXITED, CRASH_LOOP_BACK_OFF, IMAGE_PULL_BACK_OFF};
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
    /// When one did last.
    ended_at: Option<Timestamp>,
    /// How often in a row one did, as the kubelet's back-off shows.
    in_a_row: i32,
}

/// What was seen of pods before.
#[derive(Debug, Default)]
pub struct Past {
    since: Option<Timestamp>,
    /// A pod's name, and how often its containers had been started again when it was seen first.
    restarts: Option<(String, i32)>,
    /// A pod whose image cannot be pulled, and since when that is so.
    unpulled: Option<(String, Instant)>,
}

/// What is asked for the last event may take so long.
const FOR_EVENTS: Duration = Duration::from_millis(400);

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
    // A pod that is to end is no pod that fails.
    let is_deleted = pod.metadata.deletion_timestamp.is_some();
    let ended: Vec<&ContainerStateTerminated> = containers
        .iter()
        .filter_map(ended)
        .filter(|_| !is_deleted)
        .collect();
    let exit_code = ended.first().map(|ended| ended.exit_code);
    let ended_at = ended
        .iter()
        .filter_map(|ended| ended.finished_at.as_ref().map(|time| time.0))
        .max();
    let waiting = containers.iter().find_map(waiting);
    let in_the_way = containers
        .iter()
        .find(|container| self::waiting(container).is_some() || self::ended(container).is_some());
    let image = in_the_way.map(|container| container.image.clone());
    let unscheduled = conditions
        .iter()
        .find(|found| found.type_ == "PodScheduled" && found.status == "False")
        .map(|found| (found.reason.clone().unwrap_or_default(), found.message.clone()));
    let (reason, message) = waiting.or(unscheduled).unzip();
    let in_a_row = message.iter().flatten().find_map(|message| in_a_row(message));
    let (word, mut detail) = if is_deleted {
        ("pod_terminating", format!("pod {name} is being deleted"))
    } else {
        let phase = phase.as_deref().unwrap_or("unknown");
        let word = word(reason.as_deref(), exit_code.is_some());
        (word, format!("pod {name} is {phase}"))
    };
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
            image,
            restarts,
            last_event: None,
        },
        cause: CauseField::new(word, detail),
        exit_code,
        ended_at,
        in_a_row: in_a_row.unwrap_or(0),
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

/// Kubernetes' word and its words for why the container waits. What every container passes through says nothing.
fn waiting(container: &ContainerStatus) -> Option<(String, Option<String>)> {
    let waiting = container.state.as_ref()?.waiting.as_ref()?;
    let reason = waiting.reason.clone()?;
    let is_usual = matches!(reason.as_str(), "ContainerCreating" | "PodInitializing");
    (!is_usual).then(|| (reason, waiting.message.clone()))
}

/// The container's present or last end.
fn ended(container: &ContainerStatus) -> Option<&ContainerStateTerminated> {
    let states = [container.state.as_ref(), container.last_state.as_ref()];
    states
        .into_iter()
        .flatten()
        .find_map(|state| state.terminated.as_ref())
}

/// The kubelet waits 10 s after the first end, and twice as long after each further one, up to 5 min (Kubernetes, "Pod Lifecycle":
/// restart policy). Its message is `back-off 1m20s restarting failed container`. A pod's count of restarts is for all its life.
fn in_a_row(message: &str) -> Option<i32> {
    let text = message.strip_prefix("back-off ")?.split(' ').next()?;
    let waits: SignedDuration = text.parse().ok()?;
    let doublings = (waits.as_secs() / 10).checked_ilog2().unwrap_or(0);
    i32::try_from(doublings).ok()?.checked_add(1)
}

/// The last event about a pod; `None` where it cannot be had.
pub async fn last_event(session: &Session, pod: &str) -> Option<String> {
    let events = session.namespaced::<Event>();
    let of_pod = ListParams::default().fields(&format!("involvedObject.name={pod}"));
    let found = tokio::time::timeout(FOR_EVENTS, events.list(&of_pod))
        .await
        .ok()?
        .ok()?;
    let time = |event: &Event| {
        let last = event.last_timestamp.as_ref().map(|time| time.0);
        last.or_else(|| event.event_time.as_ref().map(|time| time.0))
    };
    let last = found.items.into_iter().max_by_key(time)?;
    let (reason, message) = (last.reason.unwrap_or_default(), last.message.unwrap_or_default());
    Some(format!("{reason}: {}", message.trim()))
}

impl Past {
    /// Nothing was seen yet; what was before `since` does not count.
    pub fn since(since: Option<Timestamp>) -> Self {
        Self {
            since,
            ..Self::default()
        }
    }

    /// The failure, where what is seen now is to end the wait.
    pub fn hopeless(
        &mut self,
        problem: Option<&Problem>,
        abort_on: &[Abort],
        now: Instant,
    ) -> Option<Failure> {
        let Some(problem) = problem else {
            self.unpulled = None;
            return None;
        };
        let (unpulled_for, restarts) = (self.unpulled_for(problem, now), self.restarts(problem));
        let is_recent = self
            .since
            .is_none_or(|since| problem.ended_at.is_some_and(|time| time >= since));
        let word = problem.cause.word.as_str();
        let is_met = |abort: &Abort| match abort {
            Abort::ImagePullBackOff(limit) => unpulled_for.is_some_and(|passed| passed >= *limit),
            Abort::CrashLoopBackOff(limit) => {
                word == "crash_loop_back_off" && is_recent && problem.in_a_row.max(restarts) >= *limit
            }
            Abort::ContainerExited => problem.exit_code.is_some() && is_recent,
            Abort::NodePressure | Abort::GatewayExited => false,
        };
        let (reason, hint) = match abort_on.iter().find(|abort| is_met(abort))? {
            Abort::ImagePullBackOff(_) => (
                IMAGE_PULL_BACK_OFF,
                "see that the image exists, and that the node may pull it",
            ),
            Abort::CrashLoopBackOff(_) => (CRASH_LOOP_BACK_OFF, "kubectl logs --previous says why it ended"),
            _ => (CONTAINER_EXITED, "kubectl logs --previous says why it ended"),
        };
        Some(aborted(reason, problem.cause.detail.clone(), hint))
    }

    fn unpulled_for(&mut self, problem: &Problem, now: Instant) -> Option<Duration> {
        if problem.cause.word != "image_pull_back_off" {
            self.unpulled = None;
            return None;
        }
        let before = self.unpulled.take().filter(|(pod, _)| *pod == problem.pod.name);
        let (pod, begun) = before.unwrap_or_else(|| (problem.pod.name.clone(), now));
        self.unpulled = Some((pod, begun));
        Some(now.saturating_duration_since(begun))
    }

    /// Restarts while it was watched.
    fn restarts(&mut self, problem: &Problem) -> i32 {
        let (name, now) = (&problem.pod.name, problem.pod.restarts);
        // A successor of the same name begins at none.
        let before = self
            .restarts
            .take()
            .filter(|(pod, first)| pod == name && *first <= now);
        let (pod, first) = before.unwrap_or_else(|| (name.clone(), now));
        self.restarts = Some((pod, first));
        now - first
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
        let waits = 5 * (1 << restarts);
        let message = format!("back-off {waits}s restarting failed container=c pod=p");
        let state = json!({"waiting": {"reason": reason, "message": message}});
        let last = json!({"terminated": {"exitCode": 3, "finishedAt": "2026-01-02T00:00:00Z"}});
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
            (
                found.cause.word.as_str(),
                &found.pod.waiting_reason,
                &found.pod.image
            ),
            ("pod_not_ready", &None, &None)
        );
        let found = worst([&creating, &waiting("ImagePullBackOff", 0)]).unwrap();
        assert_eq!(found.cause.word, "image_pull_back_off");
        assert_eq!(found.pod.image.as_deref(), Some("i"));
        assert_eq!(
            found.cause.detail,
            "pod ImagePullBackOff is Pending: ImagePullBackOff: back-off 5s restarting failed container=c pod=p"
        );
        let mut ending = waiting("", 1);
        ending.metadata.deletion_timestamp = serde_json::from_value(json!("2026-01-02T03:04:05Z")).unwrap();
        let found = worst([&ending]).unwrap();
        assert_eq!(
            (found.cause.word.as_str(), found.exit_code),
            ("pod_terminating", None)
        );
        assert!(
            found.cause.detail.contains("is being deleted"),
            "{}",
            found.cause.detail
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
            let met = Past::default().hopeless(worst([pod]).as_ref(), &[abort], Instant::now());
            met.map(|failure| failure.reason)
        };
        let at_once = Abort::ImagePullBackOff(Duration::ZERO);
        let (pulling, crashing) = (waiting("ErrImagePull", 0), waiting("CrashLoopBackOff", 2));
        assert_eq!(reason(&pulling, at_once), Some("image_pull_back_off"));
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
        assert_eq!(reason(&crashing, at_once), None);
    }

    #[test]
    fn an_image_must_be_missing_for_as_long_as_was_named() {
        let (mut past, begun) = (Past::default(), Instant::now());
        let mut met = |pod: &Pod, second| {
            let now = begun + Duration::from_secs(second);
            let limit = Abort::ImagePullBackOff(Duration::from_secs(60));
            let mut problem = worst([pod]).unwrap();
            "the same pod".clone_into(&mut problem.pod.name);
            past.hopeless(Some(&problem), &[limit], now).is_some()
        };
        let (pulling, backing_off) = (waiting("ErrImagePull", 0), waiting("ImagePullBackOff", 0));
        assert!(!met(&pulling, 0) && !met(&backing_off, 59) && met(&pulling, 60));
        // It was pulled meanwhile: the time counts anew.
        assert!(!met(&waiting("ContainerCreating", 0), 61) && !met(&pulling, 62) && !met(&pulling, 121));
        assert!(met(&pulling, 122));
    }

    #[test]
    fn crashes_of_before_do_not_count() {
        let limit = [Abort::CrashLoopBackOff(3), Abort::ContainerExited];
        let crashing = waiting("CrashLoopBackOff", 3);
        let met = |since: &str| {
            let mut past = Past::since(since.parse().ok());
            past.hopeless(worst([&crashing]).as_ref(), &limit, Instant::now())
        };
        assert!(met("2026-01-02T00:00:01Z").is_none());
        assert_eq!(met("2026-01-02T00:00:00Z").unwrap().reason, "crash_loop_back_off");
    }

    #[test]
    fn the_kubelets_pause_tells_how_often_it_started_a_container_in_a_row() {
        for (pause, expected) in [
            ("10s", 1),
            ("20s", 2),
            ("40s", 3),
            ("1m20s", 4),
            ("2m40s", 5),
            ("5m0s", 5),
        ] {
            let message = format!("back-off {pause} restarting failed container=c pod=p_n(u)");
            assert_eq!(in_a_row(&message), Some(expected), "{pause}");
        }
        assert_eq!(in_a_row("Back-off pulling image \"i\""), None);
        assert_eq!(in_a_row("back-off soon"), None);
    }

    #[test]
    fn restarts_that_were_watched_count_where_the_kubelet_does_not_tell() {
        let mut past = Past::default();
        let mut met = |restarts: i32| {
            let mut problem = worst([&waiting("CrashLoopBackOff", 1)]).unwrap();
            (problem.in_a_row, problem.pod.restarts) = (0, restarts);
            past.hopeless(Some(&problem), &[Abort::CrashLoopBackOff(2)], Instant::now())
                .is_some()
        };
        assert!(!met(7) && !met(8) && met(9));
        assert!(!met(0) && !met(1) && met(2), "a successor counts anew");
    }
}
