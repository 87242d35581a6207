//! What was seen of a sandbox, in the document's words.

use jiff::Timestamp;

use super::objects::Sandbox;
use super::phase::{Pod, judge};
use crate::report::{Phase, SandboxField};

/// What is told of a sandbox at the time `now`.
pub fn told(sandbox: &Sandbox, pod: Pod<'_>, since: Option<Timestamp>, now: Timestamp) -> SandboxField {
    let verdict = judge(sandbox, pod, since);
    let found = match pod {
        Pod::Found(pod) => Some(pod),
        Pod::Unknown | Pod::Missing => None,
    };
    let age = |created: Timestamp| u64::try_from(now.as_second() - created.as_second()).unwrap_or(0);
    SandboxField {
        namespace: sandbox.namespace.clone(),
        name: sandbox.name.clone(),
        workspace: sandbox.workspace.clone(),
        object: sandbox.object.clone(),
        phase: verdict.phase,
        ready: verdict.phase == Phase::Ready,
        suspended: !sandbox.wants_to_run && !sandbox.deleting,
        age_seconds: sandbox.created_at.map(age),
        pod: found.map(|pod| pod.name.clone()),
        pvc: sandbox
            .claim
            .clone()
            .or_else(|| found.and_then(|pod| pod.claims.first().cloned())),
        cause: verdict.cause,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::condition::sandboxes::objects::Ready;
    use crate::report::{NAMED, SandboxesField};

    fn field(name: &str, wants_to_run: bool, ready: &str) -> SandboxField {
        let ready = match ready {
            "" => Ready::Unknown,
            "True" => Ready::Yes,
            reason => Ready::No(reason.to_owned(), String::new()),
        };
        let sandbox = Sandbox {
            namespace: "n".to_owned(),
            name: name.to_owned(),
            wants_to_run,
            ready,
            created_at: "2026-01-01T00:00:00Z".parse().ok(),
            ..Sandbox::default()
        };
        let now = "2026-01-01T00:01:30.5Z".parse().expect("a time");
        told(&sandbox, Pod::Unknown, None, now)
    }

    #[test]
    fn the_summary_counts_every_sandbox_once() {
        let deleting = SandboxField {
            phase: Phase::Deleting,
            ..field("g", true, "")
        };
        let (ready, suspended) = (field("a", true, "True"), field("c", false, "SandboxSuspended"));
        for (list, expected) in [
            (vec![], "no sandboxes"),
            (vec![ready.clone()], "1 sandbox: 1 ready"),
            (
                vec![ready.clone(), suspended.clone(), field("b", true, "True")],
                "3 sandboxes: 2 ready, 1 suspended",
            ),
            (
                vec![
                    deleting,
                    ready,
                    suspended,
                    field("d", true, "SandboxSuspended"),
                    field("e", true, "DependenciesNotReady"),
                    field("f", true, "PodFailed"),
                ],
                "6 sandboxes: 1 ready, 1 suspended, 1 starting, 1 provisioning, 1 in error, 1 being deleted",
            ),
        ] {
            let all = SandboxesField::new(list, None, true);
            assert_eq!(all.summary, expected);
            let deleted = all.list.iter().filter(|one| one.phase == Phase::Deleting).count();
            assert_eq!(all.ready + all.suspended + all.not_ready + deleted, all.total);
        }
    }

    #[test]
    fn what_is_missed_is_named_with_its_cause() {
        let all = SandboxesField::new(
            vec![
                field("b", true, "PodFailed"),
                field("a", true, "True"),
                field("c", false, ""),
            ],
            None,
            true,
        );
        assert_eq!(all.missed(), ["b is Error: its controller reports PodFailed"]);
        let many = (0..NAMED + 7).map(|number| field(&format!("{number:02}"), true, ""));
        let told = SandboxesField::new(many.collect(), None, true).missed();
        assert_eq!(
            (told.len(), told.last().map(String::as_str)),
            (NAMED + 1, Some("7 more"))
        );
    }

    #[test]
    fn ages_are_whole_seconds() {
        assert_eq!(field("a", true, "").age_seconds, Some(90));
    }
}
