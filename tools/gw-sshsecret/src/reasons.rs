//! Every reason of a failure, for the help text.

use contract::Reason;

const OWN: &[Reason] = &[
    Reason::new(
        "handshake_invalid",
        "the Secret exists and does not hold 64 lower-case hex characters, or an empty secret was given",
    ),
    Reason::new("handshake_missing", "the Secret does not exist"),
    Reason::new(
        "sandboxes_disagree",
        "the Secret has no valid secret, and live sandboxes carry different ones",
    ),
    Reason::new(
        "sandbox_secret_invalid",
        "the Secret has no valid secret, and what live sandboxes carry is none either",
    ),
    Reason::new(
        "adopt_refused",
        "no live sandbox carries what --adopt names, or another secret exists",
    ),
    Reason::new(
        "secret_immutable",
        "the Secret must be changed, and it is marked immutable",
    ),
    Reason::new("contended", "others changed the Secret again and again"),
    Reason::new("no_random", "the operating system gives no random numbers"),
    Reason::new("input_failed", "a file, or standard input, could not be read"),
    Reason::new("line_invalid", "the fields given make no handshake line"),
];

/// The tool's own reasons and those of the crates it works with, in the order of the help.
pub const ALL: &[&[Reason]] = &[OWN, kube_session::REASONS];
