//! The phase of a sandbox, from its object's conditions and its pod. Pure.
//!
//! The words are those of OpenShell's server. The server also remembers what no object shows: a supervisor's report that its main
//! process ended keeps a sandbox in phase Error there, whatever becomes of its object.

use gateway_names::SANDBOX_ENDED;
use jiff::Timestamp;

use super::objects::{PodFacts, Ready, Sandbox};
use crate::report::{CauseField, Phase};

/// A sandbox's pod.
#[derive(Clone, Copy, Debug)]
pub enum Pod<'a> {
    /// Pods may not be listed.
    Unknown,
    /// There is none.
    Missing,
    /// There is this one.
    Found(&'a PodFacts),
}

/// What follows for a sandbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Its phase.
    pub phase: Phase,
    /// Why it is not as it is wanted; `None` if it is.
    pub cause: Option<CauseField>,
}

const SUSPENDED: &str = "SandboxSuspended";

/// The phase, and why it is not `Ready` or `Stopped`. A pod whose containers started before `since` is not known to run.
pub fn judge(sandbox: &Sandbox, pod: Pod<'_>, since: Option<Timestamp>) -> Verdict {
    let with = |phase, word: &str, detail: String| Verdict {
        phase,
        cause: Some(CauseField::new(word, detail)),
    };
    let fine = |phase| Verdict { phase, cause: None };
    if sandbox.deleting {
        return with(Phase::Deleting, "deleting", "it is being deleted".to_owned());
    }
    if !sandbox.wants_to_run {
        return match pod {
            Pod::Found(pod) if !sandbox.suspended => with(
                Phase::Stopping,
                "pod_terminating",
                format!("pod {} has not ended yet", pod.name),
            ),
            _ => fine(Phase::Stopped),
        };
    }
    if let Some(reason) = sandbox
        .ready
        .reason()
        .filter(|reason| SANDBOX_ENDED.contains(reason))
    {
        let pod = match pod {
            Pod::Found(pod) => pod.problem.as_ref().map(|cause| format!("; {}", cause.detail)),
            Pod::Unknown | Pod::Missing => None,
        };
        let detail = format!("its controller reports {reason}{}", pod.unwrap_or_default());
        return with(Phase::Error, &snake_case(reason), detail);
    }
    let phase = match sandbox.ready.reason() {
        Some(SUSPENDED) => Phase::Starting,
        _ => Phase::Provisioning,
    };
    match not_running(pod, since) {
        Some(cause) => Verdict {
            phase,
            cause: Some(cause),
        },
        None if sandbox.ready == Ready::Yes => fine(Phase::Ready),
        None => with(phase, "not_reported", sandbox.ready.to_string()),
    }
}

/// A reason of Kubernetes as documents have it: `PodFailed` becomes `pod_failed`.
fn snake_case(reason: &str) -> String {
    let mut word = String::new();
    for letter in reason.chars() {
        if letter.is_ascii_uppercase() && !word.is_empty() {
            word.push('_');
        }
        word.push(letter.to_ascii_lowercase());
    }
    word
}

/// Why its pod does not run; `None` if it does, or is not known.
fn not_running(pod: Pod<'_>, since: Option<Timestamp>) -> Option<CauseField> {
    let pod = match pod {
        Pod::Unknown => return None,
        Pod::Missing => return Some(CauseField::new("no_pod", "it has no pod yet")),
        Pod::Found(pod) => pod,
    };
    // The API server has the times of containers in whole seconds.
    let is_older = |since: Timestamp| {
        pod.started_at
            .is_none_or(|started| started.as_second() < since.as_second())
    };
    match &pod.problem {
        Some(cause) => Some(cause.clone()),
        None => since.filter(|since| is_older(*since)).map(|since| {
            CauseField::new(
                "not_started_again",
                format!("pod {} has not been started again since {since}", pod.name),
            )
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sandbox(wants_to_run: bool, ready: Ready, suspended: bool) -> Sandbox {
        Sandbox {
            wants_to_run,
            ready,
            suspended,
            ..Sandbox::default()
        }
    }

    fn no(reason: &str) -> Ready {
        Ready::No(reason.to_owned(), String::new())
    }

    fn pod(problem: Option<&'static str>, started_at: &str) -> PodFacts {
        PodFacts {
            name: "p".to_owned(),
            started_at: started_at.parse().ok(),
            problem: problem.map(|word| CauseField::new(word, "pod p is wrong")),
            ..PodFacts::default()
        }
    }

    const BOOT: &str = "2026-01-02T00:00:00.9Z";

    #[test]
    fn every_phase_follows_from_conditions_and_pod() {
        let runs = pod(None, "2026-01-02T00:00:00Z");
        let of_before = pod(None, "2026-01-01T23:59:59Z");
        let failed = pod(Some("container_exited"), "");
        let (running, gone, unknown) = (Pod::Found(&runs), Pod::Missing, Pod::Unknown);
        let ready = || Ready::Yes;
        let table = [
            // Wants to run.
            (true, ready(), false, running, Phase::Ready, None),
            (true, ready(), false, unknown, Phase::Ready, None),
            (true, ready(), false, gone, Phase::Provisioning, Some("no_pod")),
            (
                true,
                ready(),
                false,
                Pod::Found(&failed),
                Phase::Provisioning,
                Some("container_exited"),
            ),
            (
                true,
                ready(),
                false,
                Pod::Found(&of_before),
                Phase::Provisioning,
                Some("not_started_again"),
            ),
            (
                true,
                Ready::Unknown,
                false,
                gone,
                Phase::Provisioning,
                Some("no_pod"),
            ),
            (
                true,
                Ready::Unknown,
                false,
                running,
                Phase::Provisioning,
                Some("not_reported"),
            ),
            (
                true,
                Ready::Unknown,
                false,
                unknown,
                Phase::Provisioning,
                Some("not_reported"),
            ),
            (
                true,
                no("DependenciesNotReady"),
                false,
                running,
                Phase::Provisioning,
                Some("not_reported"),
            ),
            (
                true,
                no("DependenciesNotReady"),
                false,
                Pod::Found(&failed),
                Phase::Provisioning,
                Some("container_exited"),
            ),
            (
                true,
                no("ReconcilerError"),
                false,
                gone,
                Phase::Provisioning,
                Some("no_pod"),
            ),
            (
                true,
                no("PodFailed"),
                false,
                Pod::Found(&failed),
                Phase::Error,
                Some("pod_failed"),
            ),
            (
                true,
                no("PodFailed"),
                false,
                gone,
                Phase::Error,
                Some("pod_failed"),
            ),
            (
                true,
                no("PodSucceeded"),
                false,
                running,
                Phase::Error,
                Some("pod_succeeded"),
            ),
            (
                true,
                no("SandboxExpired"),
                false,
                gone,
                Phase::Error,
                Some("sandbox_expired"),
            ),
            (
                true,
                no("MultiplePods"),
                false,
                running,
                Phase::Error,
                Some("multiple_pods"),
            ),
            // It was suspended, and its controller has not seen yet that it is to run.
            (
                true,
                no("SandboxSuspended"),
                true,
                gone,
                Phase::Starting,
                Some("no_pod"),
            ),
            (
                true,
                no("SandboxSuspended"),
                false,
                running,
                Phase::Starting,
                Some("not_reported"),
            ),
            // Suspended. The controllers of v0.0.22 have no condition Suspended.
            (false, no("SandboxSuspended"), true, gone, Phase::Stopped, None),
            (false, no("SandboxSuspended"), true, running, Phase::Stopped, None),
            (
                false,
                no("SandboxSuspended"),
                false,
                running,
                Phase::Stopping,
                Some("pod_terminating"),
            ),
            (
                false,
                ready(),
                false,
                Pod::Found(&failed),
                Phase::Stopping,
                Some("pod_terminating"),
            ),
            (
                false,
                no("DependenciesNotReady"),
                false,
                gone,
                Phase::Stopped,
                None,
            ),
            (false, no("PodFailed"), false, unknown, Phase::Stopped, None),
        ];
        let since = BOOT.parse().ok();
        for (wants_to_run, ready, suspended, pod, phase, word) in table {
            let given = format!("{wants_to_run} {ready:?} {suspended} {pod:?}");
            let verdict = judge(&sandbox(wants_to_run, ready, suspended), pod, since);
            let told = verdict.cause.as_ref().map(|cause| cause.word.as_str());
            assert_eq!((verdict.phase, told), (phase, word), "{given}");
        }
    }

    #[test]
    fn deleting_comes_before_everything() {
        for wants_to_run in [true, false] {
            let sandbox = Sandbox {
                deleting: true,
                ..sandbox(wants_to_run, no("PodFailed"), true)
            };
            assert_eq!(judge(&sandbox, Pod::Missing, None).phase, Phase::Deleting);
        }
    }

    #[test]
    fn an_old_pod_counts_where_nothing_was_started_again() {
        let of_before = pod(None, "2026-01-01T00:00:00Z");
        let verdict = judge(&sandbox(true, Ready::Yes, false), Pod::Found(&of_before), None);
        assert_eq!(verdict.phase, Phase::Ready);
    }

    #[test]
    fn an_error_says_what_its_controller_and_its_pod_say() {
        let failed = pod(Some("container_exited"), "");
        let verdict = judge(&sandbox(true, no("PodFailed"), false), Pod::Found(&failed), None);
        let detail = verdict.cause.map(|cause| cause.detail);
        assert_eq!(
            detail.as_deref(),
            Some("its controller reports PodFailed; pod p is wrong")
        );
    }
}
