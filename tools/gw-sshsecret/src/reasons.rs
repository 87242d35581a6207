//! Every reason of a failure, for the help text.

use contract::{Exit, Reason};

/// The Secret exists and does not hold 64 lower-case hex characters, or an empty secret was given.
pub const HANDSHAKE_INVALID: Reason = Reason::new(
    "handshake_invalid",
    Exit::Failed,
    "the Secret exists and does not hold 64 lower-case hex characters, or an empty secret was given",
);
/// The Secret does not exist.
pub const HANDSHAKE_MISSING: Reason =
    Reason::new("handshake_missing", Exit::Failed, "the Secret does not exist");
/// The Secret has no valid secret, and live sandboxes carry different ones.
pub const SANDBOXES_DISAGREE: Reason = Reason::new(
    "sandboxes_disagree",
    Exit::Failed,
    "the Secret has no valid secret, and live sandboxes carry different ones",
);
/// The Secret has no valid secret, and what live sandboxes carry is none either.
pub const SANDBOX_SECRET_INVALID: Reason = Reason::new(
    "sandbox_secret_invalid",
    Exit::Failed,
    "the Secret has no valid secret, and what live sandboxes carry is none either",
);
/// No live sandbox carries what --adopt names, or another secret exists.
pub const ADOPT_REFUSED: Reason = Reason::new(
    "adopt_refused",
    Exit::Failed,
    "no live sandbox carries what --adopt names, or another secret exists",
);
/// A Secret must be changed, and it is marked immutable.
pub const SECRET_IMMUTABLE: Reason = Reason::new(
    "secret_immutable",
    Exit::Failed,
    "a Secret must be changed, and it is marked immutable",
);
/// Others changed the same objects again and again.
pub const CONTENDED: Reason = Reason::new(
    "contended",
    Exit::Retry,
    "others changed the same objects again and again",
);
/// The operating system gives no random numbers.
pub const NO_RANDOM: Reason = Reason::new(
    "no_random",
    Exit::Failed,
    "the operating system gives no random numbers",
);
/// A file or standard input could not be read.
pub const INPUT_FAILED: Reason = Reason::new(
    "input_failed",
    Exit::Failed,
    "a file or standard input could not be read",
);
/// The fields given make no handshake line.
pub const LINE_INVALID: Reason = Reason::new(
    "line_invalid",
    Exit::Failed,
    "the fields given make no handshake line",
);

const OWN: &[Reason] = &[
    HANDSHAKE_INVALID,
    HANDSHAKE_MISSING,
    SANDBOXES_DISAGREE,
    SANDBOX_SECRET_INVALID,
    ADOPT_REFUSED,
    SECRET_IMMUTABLE,
    CONTENDED,
    NO_RANDOM,
    INPUT_FAILED,
    LINE_INVALID,
];

/// The tool's own reasons and those of the crates it works with, in the order of the help.
pub const ALL: &[&[Reason]] = &[OWN, kube_session::REASONS];
