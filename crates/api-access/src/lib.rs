//! How this host reaches the Kubernetes API of a gateway: the port that it is published on, its address, and the kubeconfig.

mod address;
mod kubeconfig;
mod kubeconfig_text;
mod port;

pub use address::{api_of, local_port, server_of, unreachable};
pub use kubeconfig::{read_kubeconfig, write_kubeconfig};
pub use kubeconfig_text::for_host;
pub use port::{API_BIND, api_ports, is_free_here};

use contract::{Exit, Reason};

/// The container ended while it was waited for.
pub const CONTAINER_EXITED: Reason = Reason::new(
    "container_exited",
    Exit::Failed,
    "the container ended while it was waited for",
);
/// The container's kubeconfig is not understood.
pub const KUBECONFIG_INVALID: Reason = Reason::new(
    "kubeconfig_invalid",
    Exit::Configuration,
    "the container's kubeconfig is not understood",
);
/// The gateway's API port is not reachable from this host.
pub const API_UNREACHABLE: Reason = Reason::new(
    "api_unreachable",
    Exit::Unavailable,
    "the gateway's API port is not reachable from this host",
);

/// Reasons that this crate's failures carry, for a tool's help.
pub const REASONS: &[Reason] = &[CONTAINER_EXITED, KUBECONFIG_INVALID, API_UNREACHABLE];
