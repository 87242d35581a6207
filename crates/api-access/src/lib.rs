//! How this host reaches the Kubernetes API of a gateway: the port that it is published on, its address, and the kubeconfig.

mod address;
mod kubeconfig;
mod kubeconfig_text;
mod port;

pub use address::{api_of, local_port, server_of, unreachable};
pub use kubeconfig::{read_kubeconfig, write_kubeconfig};
pub use kubeconfig_text::for_host;
pub use port::{API_BIND, api_ports, is_free_here};

use contract::Reason;

/// Reasons that this crate's failures carry, for a tool's help.
pub const REASONS: &[Reason] = &[
    Reason::new("container_exited", "the container ended while it was waited for"),
    Reason::new(
        "kubeconfig_invalid",
        "the container's kubeconfig is not understood",
    ),
    Reason::new(
        "api_unreachable",
        "the gateway's API port is not reachable from this host",
    ),
];
