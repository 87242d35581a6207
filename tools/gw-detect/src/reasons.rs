//! Every reason of a failure, for the help text.

use contract::{Exit, Reason};

/// What was kept of the gateway's cluster cannot be read.
pub const CLUSTER_FILE_INVALID: Reason = Reason::new(
    "cluster_file_invalid",
    Exit::Configuration,
    "what was kept of the gateway's cluster cannot be read",
);

const OWN: &[Reason] = &[CLUSTER_FILE_INVALID];

/// Its own, and those of the crates that it works with, in the order of the help.
pub const ALL: &[&[Reason]] = &[
    OWN,
    docker_session::REASONS,
    kube_session::REASONS,
    client_files::REASONS,
];
