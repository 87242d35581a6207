//! What is to be done about the last revision.

use crate::Revision;

/// Seconds after which nobody's helm is still at work: its own limit is five minutes.
const AT_WORK_SECONDS: i64 = 600;

/// What a run that deploys knows beside the revision.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// The last revision's description.
    pub description: String,
    /// The description of what is wanted: `openshell FINGERPRINT`.
    pub wanted: String,
    /// The revision that this host asked helm for last; 0: none.
    pub begun: u64,
    /// Now, in seconds since 1970.
    pub now: i64,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// There is no release.
    Install,
    /// It is another one than is wanted, or it failed.
    Upgrade,
    /// It is as it should be.
    Keep,
    /// The node is at work on it.
    Wait,
    /// Nobody will finish it, and helm refuses to go on before its record is deleted.
    Forget,
    /// Somebody else may still be at work on it.
    Ask,
}

/// Decides for a run that deploys what somebody chose.
pub fn decide(last: Option<&Revision>, known: &Known) -> Decision {
    let Some(last) = last else {
        return Decision::Install;
    };
    if last.is_unfinished() {
        let is_old = known.now - last.written_at >= AT_WORK_SECONDS;
        return if last.is_of_node && !is_old {
            Decision::Wait
        } else if last.number == known.begun || is_old {
            Decision::Forget
        } else {
            Decision::Ask
        };
    }
    if last.status == "deployed" && known.description == known.wanted {
        Decision::Keep
    } else {
        Decision::Upgrade
    }
}

/// What the node does about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeDecision {
    /// There is none.
    Install,
    /// It is the node's, and chart or values differ, or it failed.
    Upgrade,
    /// It is the node's, and helm was killed while it made it: helm refuses to go on before it is forgotten.
    Forget,
    /// It is as it should be, or somebody else's.
    Keep,
}

/// Decides for the node, from the hash of what it would deploy: the node runs one helm, so that what it left unfinished is
/// nobody's work any more.
pub fn decide_on_node(last: Option<&Revision>, hash: &str) -> NodeDecision {
    let Some(last) = last else {
        return NodeDecision::Install;
    };
    match &last.node_hash {
        None => NodeDecision::Keep,
        Some(_) if last.is_unfinished() => NodeDecision::Forget,
        Some(deployed) if deployed != hash || last.status == "failed" => NodeDecision::Upgrade,
        Some(_) => NodeDecision::Keep,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: i64 = 10_000;

    fn revision(status: &str, is_of_node: bool, age: i64) -> Revision {
        Revision {
            number: 4,
            status: status.to_owned(),
            is_of_node,
            written_at: NOW - age,
            ..Revision::default()
        }
    }

    fn known(description: &str, begun: u64) -> Known {
        Known {
            description: description.to_owned(),
            wanted: "openshell a".to_owned(),
            begun,
            now: NOW,
        }
    }

    #[test]
    fn what_a_run_does() {
        assert_eq!(decide(None, &known("", 0)), Decision::Install);
        for (status, is_of_node, age, description, begun, expected) in [
            ("deployed", false, 5, "openshell a", 0, Decision::Keep),
            ("deployed", false, 5, "openshell b", 0, Decision::Upgrade),
            ("deployed", true, 5, "Install complete", 0, Decision::Upgrade),
            ("failed", false, 5, "openshell a", 0, Decision::Upgrade),
            ("superseded", false, 5, "openshell a", 0, Decision::Upgrade),
            ("uninstalled", false, 5, "openshell a", 0, Decision::Upgrade),
            ("pending-install", true, 5, "", 0, Decision::Wait),
            ("pending-install", true, 5, "", 4, Decision::Wait),
            ("pending-install", true, 600, "", 0, Decision::Forget),
            ("pending-upgrade", false, 5, "", 4, Decision::Forget),
            ("pending-upgrade", false, 5, "", 3, Decision::Ask),
            ("pending-rollback", false, 599, "", 0, Decision::Ask),
            ("pending-rollback", false, 600, "", 0, Decision::Forget),
            ("uninstalling", false, 5, "", 0, Decision::Ask),
            ("uninstalling", false, 600, "openshell a", 0, Decision::Forget),
        ] {
            let last = revision(status, is_of_node, age);
            let found = decide(Some(&last), &known(description, begun));
            assert_eq!(found, expected, "{last:?} {description} {begun}");
        }
    }

    #[test]
    fn the_node_touches_only_what_is_its_own() {
        for (status, hash, expected) in [
            ("deployed", Some("a"), NodeDecision::Keep),
            ("deployed", Some("b"), NodeDecision::Upgrade),
            ("failed", Some("a"), NodeDecision::Upgrade),
            ("pending-install", Some("a"), NodeDecision::Forget),
            ("pending-upgrade", Some("b"), NodeDecision::Forget),
            ("deployed", None, NodeDecision::Keep),
            ("failed", None, NodeDecision::Keep),
            ("pending-install", None, NodeDecision::Keep),
        ] {
            let mut last = revision(status, hash.is_some(), 5);
            last.node_hash = hash.map(str::to_owned);
            assert_eq!(decide_on_node(Some(&last), "a"), expected, "{last:?}");
        }
        assert_eq!(decide_on_node(None, "a"), NodeDecision::Install);
    }

    proptest! {
        /// Somebody else's helm at work is never cut short, and helm is never run while a record says that one is.
        #[test]
        fn work_of_others_is_left_alone(status in "(deployed|failed|superseded|uninstalling|pending-[a-z]{3,8})",
            is_of_node: bool, age in 0i64..1200, begun in 0u64..6) {
            let last = revision(&status, is_of_node, age);
            let found = decide(Some(&last), &known("openshell a", begun));
            let is_fresh_and_foreign = last.is_unfinished() && age < AT_WORK_SECONDS && (is_of_node || begun != last.number);
            prop_assert_eq!(matches!(found, Decision::Wait | Decision::Ask), is_fresh_and_foreign);
            prop_assert_eq!(found == Decision::Forget, last.is_unfinished() && !is_fresh_and_foreign);
        }
    }
}
