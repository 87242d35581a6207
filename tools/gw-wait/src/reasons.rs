//! Every reason of a failure, for the help text.

use contract::Reason;

const OWN: &[Reason] = &[
    Reason::new(
        "bundle_invalid",
        "a file of the client's TLS material is missing or wrong",
    ),
    Reason::new("namespace_terminating", "the namespace is being deleted"),
];

/// The tool's own reasons and those of the crates it works with, in the order of the help.
pub const ALL: &[&[Reason]] = &[OWN, kube_session::REASONS, client_files::REASONS];
