//! The document's own fields.

mod cause;
mod sandboxes;

use std::time::{Duration, Instant};

use contract::{Context, Failure, TIMED_OUT, format_duration};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use cause::CauseField;
pub use sandboxes::{NAMED, Phase, SandboxField, SandboxesField};

/// What was waited for, and how it went.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Report {
    /// The condition: api, namespace, node, rollout, secret, grpc, tcp, sandbox, sandboxes or exited; null where none was read.
    pub condition: Option<String>,
    /// What was asked: an address or a name.
    pub target: Option<String>,
    /// How often it was asked, or said by a watch.
    pub attempts: u64,
    /// Milliseconds until the condition held, or until the wait was given up.
    pub waited_ms: Option<u64>,
    /// Why the last attempt before the end failed; null where the first one succeeded.
    pub last_cause: Option<CauseField>,
    /// The pod that the condition waits for most, as it was seen last; null where no pod stands in its way, and for grpc and
    /// sandbox without --abort-on.
    pub last_pod: Option<PodField>,
    /// The gateway's sandboxes, as they were seen last; null for every other condition, and if nothing was seen.
    pub sandboxes: Option<SandboxesField>,
    /// When the condition first held; null where it does not.
    pub first_success_at: Option<Timestamp>,
    /// What showed that the condition holds; null where it does not.
    pub shown_by: Option<String>,
}

/// A pod that is not ready.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Pod", deny_unknown_fields)]
pub struct PodField {
    /// Its name.
    pub name: String,
    /// Its phase.
    pub phase: Option<String>,
    /// Why it, or a container of it, waits: Kubernetes' own word, such as ImagePullBackOff or Unschedulable.
    pub waiting_reason: Option<String>,
    /// The image of the container that waits or ended; null where no container of it does.
    pub image: Option<String>,
    /// How often its containers were started again.
    pub restarts: i32,
    /// The last event about it; read when the time is over, or with --abort-on all the while.
    pub last_event: Option<String>,
}

/// What is kept back of the run's time, so that the last cause is reported instead of a bare time-out.
const RESERVE: Duration = Duration::from_millis(200);

/// The run must report by this time.
pub fn end_of(context: &Context<Report>) -> Instant {
    context.deadline.checked_sub(RESERVE).unwrap_or(context.deadline)
}

/// What is waited for.
pub fn begin(context: &Context<Report>, condition: &'static str, target: impl Into<String>) {
    context.report.update(|report| {
        report.condition = Some(condition.to_owned());
        report.target = Some(target.into());
    });
}

/// Another attempt failed for this cause.
pub fn failed(context: &Context<Report>, cause: CauseField) {
    context.report.update(|report| {
        report.attempts += 1;
        report.last_cause = Some(cause);
    });
}

/// The deadline cut an attempt short. It says nothing, and an earlier one that ended does.
pub fn cut_short(context: &Context<Report>) {
    context.report.update(|report| {
        report.attempts += 1;
        let unknown = || CauseField::new("timed_out", "no answer in time");
        report.last_cause.get_or_insert_with(unknown);
    });
}

/// The condition holds.
pub fn holds(context: &Context<Report>, shown_by: impl Into<String>) {
    context.console.ended_waiting();
    context.report.update(|report| {
        report.attempts += 1;
        report.last_pod = None;
        report.first_success_at = Some(Timestamp::now());
        report.shown_by = Some(shown_by.into());
    });
}

/// The time is over: the last cause in words.
pub fn timed_out(context: &Context<Report>, what: &str, hint: &str) -> Failure {
    timed_out_within(context, context.common.timeout, what, hint)
}

/// A limit of the condition's own is over.
pub fn timed_out_within(context: &Context<Report>, limit: Duration, what: &str, hint: &str) -> Failure {
    let (cause, pod) = context.report.update(|report| {
        let cause = report.last_cause.as_ref().map(|cause| cause.detail.clone());
        (cause, report.last_pod.clone())
    });
    let cause = cause.unwrap_or_else(|| "no attempt ended".to_owned());
    let pod = pod.map_or_else(String::new, |pod| pod.beside(&cause));
    let limit = format_duration(limit);
    TIMED_OUT.failure(format!("{what} within {limit}; at last: {cause}{pod}"), hint)
}

impl PodField {
    /// What is known of the pod and stands not in the cause yet.
    fn beside(&self, cause: &str) -> String {
        let mut text = String::new();
        if !cause.contains(&format!("pod {} ", self.name)) {
            let phase = self.phase.as_deref().unwrap_or("unknown");
            text = format!("; pod {} is {phase}", self.name);
            if let Some(reason) = &self.waiting_reason {
                text.push_str(&format!(": {reason}"));
            }
            if self.restarts > 0 {
                text.push_str(&format!(" ({} restarts)", self.restarts));
            }
        }
        if let Some(event) = &self.last_event {
            text.push_str(&format!("; last event: {event}"));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::PodField;

    #[test]
    fn a_pod_is_told_once() {
        let pod = PodField {
            name: "p".to_owned(),
            phase: Some("Pending".to_owned()),
            waiting_reason: Some("ImagePullBackOff".to_owned()),
            image: None,
            restarts: 0,
            last_event: Some("Failed: no such image".to_owned()),
        };
        assert_eq!(
            pod.beside("nothing listens on the port"),
            "; pod p is Pending: ImagePullBackOff; last event: Failed: no such image"
        );
        assert_eq!(
            pod.beside("pod p is Pending"),
            "; last event: Failed: no such image"
        );
    }
}
