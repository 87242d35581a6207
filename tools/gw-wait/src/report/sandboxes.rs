//! What the document says of sandboxes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::cause::CauseField;

/// As many are named in a message; the document has them all.
pub const NAMED: usize = 10;

/// The sandboxes of a gateway.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
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
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
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

/// What a sandbox is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Phase {
    /// On its way.
    Provisioning,
    /// It runs.
    Ready,
    /// Its controller has given up on it.
    Error,
    /// It is being deleted.
    Deleting,
    /// It is being suspended.
    Stopping,
    /// It is suspended.
    Stopped,
    /// It was suspended, and is on its way again.
    Starting,
}

impl Phase {
    /// The phase as OpenShell's server writes it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Provisioning => "Provisioning",
            Self::Ready => "Ready",
            Self::Error => "Error",
            Self::Deleting => "Deleting",
            Self::Stopping => "Stopping",
            Self::Stopped => "Stopped",
            Self::Starting => "Starting",
        }
    }
}

impl SandboxField {
    /// Is it to run, and does not?
    pub fn is_missed(&self) -> bool {
        !self.ready && !self.suspended && self.phase != Phase::Deleting
    }

    /// Its name, its phase and the cause, for people.
    pub fn told(&self) -> String {
        let cause = self.cause.as_ref().map_or("", |cause| cause.detail.as_str());
        format!("{} is {}: {cause}", self.name, self.phase.word())
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
