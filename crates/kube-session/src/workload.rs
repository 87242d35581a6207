//! The gateway server's workload, as a flag names it.

use gateway_names::WORKLOAD;

/// Kinds of workloads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WorkloadKind {
    /// The gateway's own kind.
    StatefulSet,
    /// What a gateway may be instead.
    Deployment,
}

/// A workload in the session's namespace: `openshell` of either kind, where nothing else was said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workload {
    /// Its kind; `None`: whichever exists.
    pub kind: Option<WorkloadKind>,
    /// Its name.
    pub name: String,
}

impl Default for Workload {
    fn default() -> Self {
        Self {
            kind: None,
            name: WORKLOAD.to_owned(),
        }
    }
}

impl std::fmt::Display for Workload {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kind = match self.kind {
            Some(WorkloadKind::Deployment) => "deployment",
            Some(WorkloadKind::StatefulSet) | None => "statefulset",
        };
        write!(formatter, "{kind}/{}", self.name)
    }
}

impl Workload {
    /// Reads `statefulset/NAME`, `deployment/NAME` or `NAME`, as kubectl writes it. The error says what is wrong.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (kind, name) = match text.split_once('/') {
            None => (None, text),
            Some(("statefulset", name)) => (Some(WorkloadKind::StatefulSet), name),
            Some(("deployment", name)) => (Some(WorkloadKind::Deployment), name),
            Some(_) => (None, ""),
        };
        if name.is_empty() || name.contains('/') {
            let shown = text.escape_debug();
            return Err(format!(
                "'{shown}' is none of statefulset/NAME, deployment/NAME and NAME"
            ));
        }
        Ok(Self {
            kind,
            name: name.to_owned(),
        })
    }

    /// The kinds to look for.
    pub fn kinds(&self) -> &'static [WorkloadKind] {
        match self.kind {
            None => &[WorkloadKind::StatefulSet, WorkloadKind::Deployment],
            Some(WorkloadKind::StatefulSet) => &[WorkloadKind::StatefulSet],
            Some(WorkloadKind::Deployment) => &[WorkloadKind::Deployment],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn is_read_and_written_as_kubectl_has_it() {
        for (text, shown, kinds) in [
            ("gw", "statefulset/gw", 2),
            ("statefulset/gw", "statefulset/gw", 1),
            ("deployment/gw", "deployment/gw", 1),
        ] {
            let workload = Workload::parse(text).unwrap();
            assert_eq!(
                (workload.to_string().as_str(), workload.kinds().len()),
                (shown, kinds)
            );
        }
        for wrong in ["", "pod/gw", "deployment/", "deployment/a/b", "/gw"] {
            assert!(Workload::parse(wrong).is_err(), "{wrong}");
        }
    }
}
