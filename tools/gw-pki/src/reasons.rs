//! Every reason of a failure, for the help text.

use contract::Reason;

const OWN: &[Reason] = &[
    Reason::new(
        "secret_immutable",
        "a Secret must be changed, and it is marked immutable",
    ),
    Reason::new(
        "bundle_invalid",
        "the cluster has no bundle that a client could use",
    ),
    Reason::new("output_refused", "the folder of --output holds other files"),
    Reason::new("issue_failed", "a certificate could not be made"),
    Reason::new("contended", "others changed the Secrets again and again"),
];

/// The tool's own reasons and those of the crates it works with, in the order of the help.
pub const ALL: &[&[Reason]] = &[OWN, kube_session::REASONS, client_files::REASONS];
