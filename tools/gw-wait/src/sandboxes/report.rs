//! What the document says of sandboxes.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::objects::Sandbox;
use super::phase::{Phase, Pod, judge};
use crate::report::CauseField;

/// As many are named in a message; the document has them all.
const NAMED: usize = 10;

/// The sandboxes of a gateway.
#[derive(Debug, Default, Serialize, JsonSchema)]
#[schemars(rename = "Sandboxes", deny_unknown_fields)]
pub struct SandboxesField {
    /// How many there are of each kind, for people.
    pub summary: String,
    /// How many there are.
    pub total: usize,
    /// How many are ready.
    pub ready: usize,
    /// How many are suspended, or are being suspended.
    pub suspended: usize,
    /// How many are to run and are not ready.
    pub not_ready: usize,
    /// The gateway's id, by which its sandboxes of other namespaces are found; null if its server has none, or it may not be read.
    pub gateway_id: Option<String>,
    /// Were sandboxes of other namespaces looked for, too? False without an id, and if the API server refuses that (403).
    pub all_namespaces: bool,
    /// Each of them, by namespace and name.
    pub list: Vec<SandboxField>,
}

/// A sandbox.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "Sandbox", deny_unknown_fields)]
pub struct SandboxField {
    /// Its namespace.
    pub namespace: String,
    /// Its name, as its users know it.
    pub name: String,
    /// The workspace that it is in; null if its server knows none.
    pub workspace: Option<String>,
    /// The name of its object in Kubernetes.
    pub object: String,
    /// Its phase, in the words of OpenShell's server, as its object and its pod show it.
    pub phase: Phase,
    /// Is it ready?
    pub ready: bool,
    /// Is it suspended, or being suspended?
    pub suspended: bool,
    /// Seconds since it was created; null if it does not say.
    pub age_seconds: Option<u64>,
    /// The name of its pod; null if it has none, or pods may not be listed.
    pub pod: Option<String>,
    /// The name of its volume claim; null if it has none.
    pub pvc: Option<String>,
    /// Why it is neither ready nor suspended; null if it is.
    pub cause: Option<CauseField>,
}

impl SandboxField {
    /// What is told of a sandbox at the time `now`.
    pub fn new(sandbox: &Sandbox, pod: Pod<'_>, since: Option<Timestamp>, now: Timestamp) -> Self {
        let verdict = judge(sandbox, pod, since);
        let found = match pod {
            Pod::Found(pod) => Some(pod),
            Pod::Unknown | Pod::Missing => None,
        };
        let age = |created: Timestamp| u64::try_from(now.as_second() - created.as_second()).unwrap_or(0);
        Self {
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

    /// Is it to run, and does not?
    pub fn is_missed(&self) -> bool {
        !self.ready && !self.suspended && self.phase != Phase::Deleting
    }

    /// Its name, its phase and the cause, for people.
    pub fn told(&self) -> String {
        let cause = self.cause.as_ref().map_or("", |cause| cause.detail.as_str());
        format!("{} is {:?}: {cause}", self.name, self.phase)
    }
}

impl SandboxesField {
    /// All of them.
    pub fn new(mut list: Vec<SandboxField>, gateway_id: Option<&str>, all_namespaces: bool) -> Self {
        list.sort_by(|a, b| (&a.namespace, &a.name).cmp(&(&b.namespace, &b.name)));
        let count = |is_counted: fn(&SandboxField) -> bool| list.iter().filter(|one| is_counted(one)).count();
        Self {
            summary: summary(&list),
            total: list.len(),
            ready: count(|one| one.ready),
            suspended: count(|one| one.suspended),
            not_ready: count(SandboxField::is_missed),
            gateway_id: gateway_id.map(str::to_owned),
            all_namespaces,
            list,
        }
    }

    /// The sandboxes that are to run and are not ready, for people; as many as can be read.
    pub fn missed(&self) -> Vec<String> {
        let missed: Vec<_> = self.list.iter().filter(|one| one.is_missed()).collect();
        let mut told: Vec<_> = missed.iter().take(NAMED).map(|one| one.told()).collect();
        if missed.len() > NAMED {
            told.push(format!("{} more", missed.len() - NAMED));
        }
        told
    }
}

/// `3 sandboxes: 2 ready, 1 suspended`.
fn summary(list: &[SandboxField]) -> String {
    type Kind = (&'static str, fn(&SandboxField) -> bool);
    const KINDS: [Kind; 6] = [
        ("ready", |one| one.ready),
        ("suspended", |one| one.suspended),
        ("starting", |one| one.phase == Phase::Starting),
        ("provisioning", |one| one.phase == Phase::Provisioning),
        ("in error", |one| one.phase == Phase::Error),
        ("being deleted", |one| one.phase == Phase::Deleting),
    ];
    let counted = KINDS.iter().filter_map(|(word, is_counted)| {
        let count = list.iter().filter(|one| is_counted(one)).count();
        (count > 0).then(|| format!("{count} {word}"))
    });
    let counted: Vec<_> = counted.collect();
    match list.len() {
        0 => "no sandboxes".to_owned(),
        1 => format!("1 sandbox: {}", counted.join(", ")),
        count => format!("{count} sandboxes: {}", counted.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandboxes::objects::Ready;

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
        SandboxField::new(&sandbox, Pod::Unknown, None, now)
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
