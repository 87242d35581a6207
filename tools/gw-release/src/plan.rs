//! What is to be done, from what there is.

use gw_release::report::Step;
use helm_revision::{Decision, Known, decide};

use crate::observe::Observed;

/// What starts the description of each revision that a gateway's tools make; the fingerprint follows.
pub const DESCRIPTION: &str = "openshell ";

/// What is known beside the cluster.
#[derive(Clone, Debug)]
pub struct Own<'a> {
    /// The fingerprint of what is wanted.
    pub fingerprint: &'a str,
    /// The revision that helm was asked for last; 0: none.
    pub begun: u64,
    /// Was something deleted that helm has not made anew yet?
    pub is_unmade: bool,
    /// Now, in seconds since 1970.
    pub now: i64,
}

/// The step for this last revision.
pub fn step(last: Option<&Observed>, own: &Own<'_>) -> Step {
    let known = Known {
        description: last.map(|last| last.description.clone()).unwrap_or_default(),
        wanted: format!("{DESCRIPTION}{}", own.fingerprint),
        begun: own.begun,
        now: own.now,
    };
    match decide(last.map(|last| &last.revision), &known) {
        Decision::Install => Step::Install,
        // What helm recorded is not there: only helm brings the workload back.
        Decision::Keep if own.is_unmade => Step::Upgrade,
        Decision::Upgrade => Step::Upgrade,
        Decision::Keep => Step::Keep,
        Decision::Wait => Step::Wait,
        Decision::Forget => Step::Forget,
        Decision::Ask => Step::Ask,
    }
}

/// Was the last revision made by a gateway's tools or the gateway's own node?
pub fn is_ours(last: &Observed, begun: u64) -> bool {
    last.description.starts_with(DESCRIPTION) || last.revision.is_of_node || last.revision.number == begun
}

/// The revision to go back to: the last one before the newest that was in use.
pub fn before(revisions: &[Observed]) -> Option<&Observed> {
    let was_deployed = |one: &&Observed| matches!(one.revision.status.as_str(), "deployed" | "superseded");
    revisions.iter().skip(1).find(was_deployed)
}

#[cfg(test)]
mod tests {
    use helm_revision::Revision;

    use super::*;

    fn observed(number: u64, status: &str, description: &str) -> Observed {
        Observed {
            revision: Revision {
                number,
                status: status.to_owned(),
                ..Revision::default()
            },
            description: description.to_owned(),
            manifest: String::new(),
        }
    }

    fn own(is_unmade: bool) -> Own<'static> {
        Own {
            fingerprint: "a",
            begun: 0,
            is_unmade,
            now: 10,
        }
    }

    #[test]
    fn a_workload_that_was_deleted_is_made_again_though_the_record_agrees() {
        let last = observed(3, "deployed", "openshell a");
        assert_eq!(step(Some(&last), &own(false)), Step::Keep);
        assert_eq!(step(Some(&last), &own(true)), Step::Upgrade);
        assert_eq!(step(None, &own(true)), Step::Install);
    }

    #[test]
    fn what_was_begun_here_is_ours() {
        assert!(is_ours(&observed(3, "failed", "Upgrade \"openshell\" failed"), 3));
        assert!(is_ours(&observed(3, "deployed", "openshell a"), 0));
        assert!(!is_ours(&observed(3, "deployed", "Upgrade complete"), 2));
    }

    #[test]
    fn a_failed_revision_is_not_gone_back_to() {
        let all = [
            observed(4, "failed", ""),
            observed(3, "failed", ""),
            observed(2, "superseded", ""),
            observed(1, "superseded", ""),
        ];
        assert_eq!(before(&all).unwrap().revision.number, 2);
        assert!(before(&all[..2]).is_none());
        assert!(before(&[]).is_none());
    }
}
