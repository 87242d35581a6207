//! The conditions of a sandbox, by the version of Agent Sandbox that is stood for. Pure.
//!
//! | from | what changed |
//! | --- | --- |
//! | v0.5.1 | a failed pod is `PodFailed`, one that ended well `PodSucceeded`; before, either is `DependenciesNotReady` |
//! | v0.5.4 | `Suspended` is true only once the pod is gone; before, as soon as it is asked for |

use serde_json::{Value, json};

use crate::plan::{Observation, Pod, PodState};
use crate::settings::Version;

/// A failed pod has a reason of its own.
const TELLS_FAILED: Version = Version(0, 5, 1);
/// A suspension is told once it is complete.
const TELLS_SUSPENDED_LATE: Version = Version(0, 5, 4);

/// A condition without its time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Condition {
    /// Its type.
    pub name: &'static str,
    /// Its status.
    pub holds: bool,
    /// Why.
    pub reason: &'static str,
}

/// The conditions that follow from what was seen.
pub fn conditions(seen: &Observation, version: Version) -> Vec<Condition> {
    if !seen.wants_to_run {
        let pod_is_gone = matches!(seen.pod, Pod::Missing | Pod::Foreign);
        let suspended = pod_is_gone || version < TELLS_SUSPENDED_LATE;
        let reason = if suspended {
            "PodTerminated"
        } else {
            "PodNotTerminated"
        };
        return vec![
            condition("Ready", false, "SandboxSuspended"),
            condition("Suspended", suspended, reason),
        ];
    }
    let state = match seen.pod {
        Pod::Own {
            state,
            deleting: false,
            ..
        } => state,
        Pod::Own { .. } | Pod::Missing | Pod::Foreign => PodState::Pending,
    };
    let ready = match state {
        PodState::Ready => condition("Ready", true, "DependenciesReady"),
        PodState::Failed if version >= TELLS_FAILED => condition("Ready", false, "PodFailed"),
        PodState::Succeeded if version >= TELLS_FAILED => condition("Ready", false, "PodSucceeded"),
        PodState::Pending | PodState::Failed | PodState::Succeeded => {
            condition("Ready", false, "DependenciesNotReady")
        }
    };
    vec![ready, condition("Suspended", false, "SandboxRunning")]
}

fn condition(name: &'static str, holds: bool, reason: &'static str) -> Condition {
    Condition { name, holds, reason }
}

/// The conditions as an object's status has them; `None`: the status says so already. A time changes with its status alone.
pub fn changed(known: &Value, wanted: &[Condition], now: &str) -> Option<Value> {
    let known = known.as_array().map(Vec::as_slice).unwrap_or_default();
    let mut all_known = known.len() == wanted.len();
    let mut told = Vec::new();
    for one in wanted {
        let status = if one.holds { "True" } else { "False" };
        let before = known.iter().find(|before| before["type"] == one.name);
        let same_status = before.filter(|before| before["status"] == status);
        all_known &= same_status.is_some_and(|before| before["reason"] == one.reason);
        let since = same_status.and_then(|before| before["lastTransitionTime"].as_str());
        told.push(json!({
            "type": one.name, "status": status, "reason": one.reason, "message": "",
            "lastTransitionTime": since.unwrap_or(now),
        }));
    }
    (!all_known).then(|| Value::Array(told))
}

#[cfg(test)]
mod tests {
    use super::{changed, conditions};
    use crate::plan::{Observation, Pod, PodState};
    use crate::settings::Version;
    use serde_json::{Value, json};

    fn told(wants_to_run: bool, pod: Pod, version: Version) -> Vec<(&'static str, bool, &'static str)> {
        let seen = Observation {
            deleting: false,
            wants_to_run,
            claims: Vec::new(),
            pod,
        };
        let all = conditions(&seen, version);
        all.iter().map(|one| (one.name, one.holds, one.reason)).collect()
    }

    fn own(state: PodState, deleting: bool) -> Pod {
        Pod::Own {
            uid: String::new(),
            deleting,
            state,
        }
    }

    #[test]
    fn a_pods_state_is_told_as_the_version_tells_it() {
        let running = ("Suspended", false, "SandboxRunning");
        let (old, new) = (Version(0, 5, 0), Version(0, 5, 1));
        for (state, version, holds, reason) in [
            (PodState::Ready, old, true, "DependenciesReady"),
            (PodState::Pending, new, false, "DependenciesNotReady"),
            (PodState::Failed, old, false, "DependenciesNotReady"),
            (PodState::Failed, new, false, "PodFailed"),
            (PodState::Succeeded, old, false, "DependenciesNotReady"),
            (PodState::Succeeded, new, false, "PodSucceeded"),
        ] {
            assert_eq!(
                told(true, own(state, false), version),
                [("Ready", holds, reason), running]
            );
        }
        for pod in [Pod::Missing, Pod::Foreign, own(PodState::Ready, true)] {
            assert_eq!(told(true, pod, new)[0], ("Ready", false, "DependenciesNotReady"));
        }
    }

    #[test]
    fn a_suspension_is_complete_when_its_version_says_so() {
        let pod = || own(PodState::Ready, true);
        assert!(told(false, pod(), Version(0, 5, 3))[1].1);
        assert!(!told(false, pod(), Version(0, 5, 4))[1].1);
        for pod in [pod(), Pod::Missing] {
            assert_eq!(
                told(false, pod, Version(0, 5, 4))[0],
                ("Ready", false, "SandboxSuspended")
            );
        }
        assert!(told(false, Pod::Missing, Version(0, 5, 4))[1].1);
    }

    #[test]
    fn only_a_change_is_written_and_times_follow_the_status() {
        let seen = |state| Observation {
            deleting: false,
            wants_to_run: true,
            claims: Vec::new(),
            pod: own(state, false),
        };
        let new = Version(0, 5, 4);
        let first = changed(&Value::Null, &conditions(&seen(PodState::Pending), new), "t1").unwrap();
        assert_eq!(first[0]["lastTransitionTime"], "t1");
        assert_eq!(
            changed(&first, &conditions(&seen(PodState::Pending), new), "t2"),
            None
        );
        let failed = changed(&first, &conditions(&seen(PodState::Failed), new), "t2").unwrap();
        assert_eq!(failed[0]["reason"], "PodFailed");
        assert_eq!(failed[0]["lastTransitionTime"], "t1", "False before and after");
        let ready = changed(&failed, &conditions(&seen(PodState::Ready), new), "t3").unwrap();
        assert_eq!(
            (&ready[0]["status"], &ready[0]["lastTransitionTime"]),
            (&json!("True"), &json!("t3"))
        );
    }
}
