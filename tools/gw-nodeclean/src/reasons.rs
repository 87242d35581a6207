//! Every reason of a failure, for the help text.

use contract::{Exit, Reason};

/// No node lives, or several do and --keep names none of them.
pub const NO_LIVE_NODE: Reason = Reason::new(
    "no_live_node",
    Exit::Failed,
    "no node lives, or several do and --keep names none of them",
);
/// A pod of a stale node has no controller that would make it again.
pub const BARE_PODS: Reason = Reason::new(
    "bare_pods",
    Exit::Failed,
    "a pod of a stale node has no controller that would make it again",
);
/// A volume of a stale node has a form that this tool does not move.
pub const VOLUME_NOT_UNDERSTOOD: Reason = Reason::new(
    "volume_not_understood",
    Exit::Failed,
    "a volume of a stale node has a form that this tool does not move",
);
/// --skip-volumes left volumes that are bound to a stale node.
pub const VOLUMES_SKIPPED: Reason = Reason::new(
    "volumes_skipped",
    Exit::Failed,
    "--skip-volumes left volumes that are bound to a stale node",
);
/// The API server would not take a volume's object for another node.
pub const VOLUME_REFUSED: Reason = Reason::new(
    "volume_refused",
    Exit::Failed,
    "the API server would not take a volume's object for another node",
);
/// A volume that was moved did not become Bound again.
pub const VOLUME_NOT_BOUND: Reason = Reason::new(
    "volume_not_bound",
    Exit::Failed,
    "a volume that was moved did not become Bound again",
);
/// The journal of an interrupted run cannot be read.
pub const JOURNAL_INVALID: Reason = Reason::new(
    "journal_invalid",
    Exit::Configuration,
    "the journal of an interrupted run cannot be read",
);

const OWN: &[Reason] = &[
    NO_LIVE_NODE,
    BARE_PODS,
    VOLUME_NOT_UNDERSTOOD,
    VOLUMES_SKIPPED,
    VOLUME_REFUSED,
    VOLUME_NOT_BOUND,
    JOURNAL_INVALID,
];

/// The tool's own reasons and those of the crates it works with, in the order of the help.
pub const ALL: &[&[Reason]] = &[OWN, kube_session::REASONS];
