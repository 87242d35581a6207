//! Every reason of a failure, for the help text.

use contract::Reason;

const OWN: &[Reason] = &[
    Reason::new(
        "handshake_invalid",
        "the Secret exists and does not hold 64 lower-case hex characters",
    ),
    Reason::new(
        "sandboxes_disagree",
        "the Secret is absent, and live sandboxes carry different values",
    ),
    Reason::new(
        "sandbox_secret_invalid",
        "the Secret is absent, and what live sandboxes carry is no handshake secret",
    ),
    Reason::new(
        "adopt_refused",
        "no live sandbox carries what --adopt names, or another secret exists",
    ),
    Reason::new("contended", "others changed the Secret again and again"),
    Reason::new("no_random", "the operating system gives no random numbers"),
];

/// The tool's own reasons and those of the crates it works with, in the order of the help.
pub const ALL: &[&[Reason]] = &[OWN, kube_session::REASONS];
