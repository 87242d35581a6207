//! Every reason of a failure, for the help text.

use contract::Reason;

/// Those of the crates that it works with, in the order of the help.
pub const ALL: &[&[Reason]] = &[
    gateway_place::REASONS,
    docker_session::REASONS,
    kube_session::REASONS,
    client_files::REASONS,
];
