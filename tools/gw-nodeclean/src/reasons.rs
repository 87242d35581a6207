//! Every reason of a failure, for the help text.

use contract::Reason;

const OWN: &[Reason] = &[
    Reason::new(
        "no_live_node",
        "no node lives, or several do and --keep names none of them",
    ),
    Reason::new(
        "bare_pods",
        "a pod of a stale node has no controller that would make it again",
    ),
    Reason::new(
        "volume_not_understood",
        "a volume of a stale node has a form that this tool does not move",
    ),
    Reason::new(
        "volumes_skipped",
        "--skip-volumes left volumes that are bound to a stale node",
    ),
    Reason::new(
        "volume_refused",
        "the API server would not take a volume's object for another node",
    ),
    Reason::new(
        "volume_not_bound",
        "a volume that was moved did not become Bound again",
    ),
    Reason::new(
        "journal_invalid",
        "the journal of a move that was interrupted cannot be read",
    ),
];

/// The tool's own reasons and those of the crates it works with, in the order of the help.
pub const ALL: &[&[Reason]] = &[OWN, kube_session::REASONS];
