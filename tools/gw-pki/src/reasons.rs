//! Every reason of a failure, for the help text.

use contract::{Exit, Reason};

/// A Secret must be changed, and it is marked immutable.
pub const SECRET_IMMUTABLE: Reason = Reason::new(
    "secret_immutable",
    Exit::Failed,
    "a Secret must be changed, and it is marked immutable",
);
/// The client's TLS material is missing or wrong.
pub const BUNDLE_INVALID: Reason = Reason::new(
    "bundle_invalid",
    Exit::Configuration,
    "the client's TLS material is missing or wrong",
);
/// The folder of --output holds other files.
pub const OUTPUT_REFUSED: Reason = Reason::new(
    "output_refused",
    Exit::Failed,
    "the folder of --output holds other files",
);
/// A certificate could not be made.
pub const ISSUE_FAILED: Reason = Reason::new("issue_failed", Exit::Failed, "a certificate could not be made");
/// Others changed the same objects again and again.
pub const CONTENDED: Reason = Reason::new(
    "contended",
    Exit::Retry,
    "others changed the same objects again and again",
);

const OWN: &[Reason] = &[
    SECRET_IMMUTABLE,
    BUNDLE_INVALID,
    OUTPUT_REFUSED,
    ISSUE_FAILED,
    CONTENDED,
];

/// The tool's own reasons and those of the crates it works with, in the order of the help.
pub const ALL: &[&[Reason]] = &[OWN, kube_session::REASONS, client_files::REASONS];
