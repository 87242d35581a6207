//! Every reason of a failure, for the help text.

use contract::Reason;

const OWN: &[Reason] = &[Reason::new(
    "cluster_file_invalid",
    "what was kept of the gateway's cluster cannot be read",
)];

/// Its own, and those of the crates that it works with, in the order of the help.
pub const ALL: &[&[Reason]] = &[
    OWN,
    docker_session::REASONS,
    kube_session::REASONS,
    client_files::REASONS,
];
