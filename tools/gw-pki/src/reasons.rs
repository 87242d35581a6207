//! Every reason of a failure, for the help text.

use contract::Reason;

const OWN: &[Reason] = &[
    Reason::new(
        "ca_key_missing",
        "a certificate must be issued again, and the key of its CA is not there",
    ),
    Reason::new("ca_invalid", "the CA that is kept in the cluster cannot issue"),
    Reason::new(
        "secret_immutable",
        "a Secret must be changed, and it is marked immutable",
    ),
    Reason::new("issue_failed", "a certificate could not be made"),
    Reason::new("contended", "others changed the Secrets again and again"),
];

/// The tool's own reasons and those of the crates it works with, in the order of the help.
pub const ALL: &[&[Reason]] = &[OWN, kube_session::REASONS, client_files::REASONS];
