//! Every reason of a failure, for the help text.

use contract::Reason;
use docker_images::IMAGE_MISSING;
use gateway_work::{FOREIGN_CONTAINER, NO_CONTAINER, NOT_RUNNING};

const OWN: &[Reason] = &[
    Reason::new("node_command_failed", "a command inside the container failed"),
    Reason::new("source_unreadable", "the file to copy could not be read"),
    Reason::new("spool_failed", "there is no room to keep images for a moment"),
    IMAGE_MISSING,
    Reason::new(
        "kubeconfig_locked",
        "another program is changing the kubeconfig file of --merge",
    ),
    Reason::new(
        "kubeconfig_permission",
        "the kubeconfig file of --merge belongs to somebody else",
    ),
    Reason::new(
        "kubeconfig_unreadable",
        "the kubeconfig file of --merge could not be read or locked",
    ),
    Reason::new(
        "tunnel_port_taken",
        "the port that the kubeconfig names for the tunnel is taken",
    ),
    Reason::new("tunnel_failed", "the tunnel takes no further connections"),
    FOREIGN_CONTAINER,
    NO_CONTAINER,
    NOT_RUNNING,
];

/// The tool's own reasons and those of the crates it works with, in the order of the help.
pub const ALL: &[&[Reason]] = &[
    OWN,
    api_access::REASONS,
    docker_session::REASONS,
    client_files::REASONS,
];
