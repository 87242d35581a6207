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

/// A container ended while it was waited for.
pub const CONTAINER_EXITED: Reason = Reason::new(
    "container_exited",
    Exit::Failed,
    "a container ended while it was waited for",
);
/// The kubeconfig file is missing, unreadable or wrong.
pub const KUBECONFIG_INVALID: Reason = Reason::new(
    "kubeconfig_invalid",
    Exit::Configuration,
    "the kubeconfig file is missing, unreadable or wrong",
);
/// The API server does not answer.
pub const API_UNREACHABLE: Reason = Reason::new(
    "api_unreachable",
    Exit::Unavailable,
    "the API server does not answer",
);

/// Reasons that this crate's failures carry, for a tool's help.
pub const REASONS: &[Reason] = &[CONTAINER_EXITED, KUBECONFIG_INVALID, API_UNREACHABLE];
