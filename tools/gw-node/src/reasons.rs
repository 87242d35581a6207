//! Every reason of a failure, for the help text.

use api_access::CONTAINER_EXITED;
use contract::{Exit, Reason};
use docker_images::IMAGE_MISSING;
use gateway_work::{FOREIGN_CONTAINER, NO_CONTAINER, NOT_RUNNING};

/// A command inside the container failed.
pub const NODE_COMMAND_FAILED: Reason = Reason::new(
    "node_command_failed",
    Exit::Failed,
    "a command inside the container failed",
);
/// The file to copy could not be read.
pub const SOURCE_UNREADABLE: Reason = Reason::new(
    "source_unreadable",
    Exit::Failed,
    "the file to copy could not be read",
);
/// There is no room to keep images for a moment.
pub const SPOOL_FAILED: Reason = Reason::new(
    "spool_failed",
    Exit::Failed,
    "there is no room to keep images for a moment",
);
/// Another program is changing the kubeconfig file of --merge.
pub const KUBECONFIG_LOCKED: Reason = Reason::new(
    "kubeconfig_locked",
    Exit::Retry,
    "another program is changing the kubeconfig file of --merge",
);
/// The kubeconfig file of --merge belongs to somebody else.
pub const KUBECONFIG_PERMISSION: Reason = Reason::new(
    "kubeconfig_permission",
    Exit::Permission,
    "the kubeconfig file of --merge belongs to somebody else",
);
/// The kubeconfig file of --merge could not be read or locked.
pub const KUBECONFIG_UNREADABLE: Reason = Reason::new(
    "kubeconfig_unreadable",
    Exit::Failed,
    "the kubeconfig file of --merge could not be read or locked",
);
/// The port that the kubeconfig names for the tunnel is taken.
pub const TUNNEL_PORT_TAKEN: Reason = Reason::new(
    "tunnel_port_taken",
    Exit::Failed,
    "the port that the kubeconfig names for the tunnel is taken",
);
/// The tunnel takes no further connections.
pub const TUNNEL_FAILED: Reason = Reason::new(
    "tunnel_failed",
    Exit::Failed,
    "the tunnel takes no further connections",
);

/// A container or a process has the port already.
pub const PORT_TAKEN: Reason = Reason::new(
    "port_taken",
    Exit::Failed,
    "a container or a process has the port already",
);
/// The port cannot be listened on, or takes no further connections.
pub const FORWARD_FAILED: Reason = Reason::new(
    "forward_failed",
    Exit::Failed,
    "the port cannot be listened on, or takes no further connections",
);
/// The Service to forward to does not exist.
pub const NO_SERVICE: Reason = Reason::new(
    "no_service",
    Exit::Failed,
    "the Service to forward to does not exist",
);
/// The Service to forward to has no such port, or selects no pods.
pub const SERVICE_INVALID: Reason = Reason::new(
    "service_invalid",
    Exit::Failed,
    "the Service to forward to has no such port, or selects no pods",
);
/// The pod whose log is wanted does not exist.
pub const NO_POD: Reason = Reason::new(
    "no_pod",
    Exit::Failed,
    "the pod whose log is wanted does not exist",
);
/// The log could not be written to standard output.
pub const LOG_NOT_WRITTEN: Reason = Reason::new(
    "log_not_written",
    Exit::Failed,
    "the log could not be written to standard output",
);

const OWN: &[Reason] = &[
    NODE_COMMAND_FAILED,
    SOURCE_UNREADABLE,
    SPOOL_FAILED,
    IMAGE_MISSING,
    KUBECONFIG_LOCKED,
    KUBECONFIG_PERMISSION,
    KUBECONFIG_UNREADABLE,
    TUNNEL_PORT_TAKEN,
    TUNNEL_FAILED,
    PORT_TAKEN,
    FORWARD_FAILED,
    NO_SERVICE,
    SERVICE_INVALID,
    NO_POD,
    LOG_NOT_WRITTEN,
    CONTAINER_EXITED,
    FOREIGN_CONTAINER,
    NO_CONTAINER,
    NOT_RUNNING,
];

/// The tool's own reasons and those of the crates it works with, in the order of the help. Two of `api_access` are those of `kube_session`.
pub const ALL: &[&[Reason]] = &[
    OWN,
    kube_session::REASONS,
    docker_session::REASONS,
    client_files::REASONS,
    gateway_place::REASONS,
];
