//! A connection to Kubernetes, and its errors in the contract's words.
//!
//! Absence is only what is proven: a 404 whose status names the very object that was asked for. Every other
//! answer is retried with jitter until the run's deadline nears, and is then an error.

mod backoff;
mod classify;
mod cluster;
mod connect;
mod held_secret;
mod kubeconfig;
mod namespace;
mod node_life;
mod retry_after;
mod rollout;
mod sandboxes;
mod server;
mod session;
mod workload;

pub use backoff::Backoff;
pub use classify::{Trouble, classify, explain, present};
pub use cluster::Cluster;
pub use held_secret::{HeldSecret, Written};
pub use node_life::{Life, NodeLives, ready_condition};
pub use retry_after::asked_wait;
pub use rollout::Rollout;
pub use sandboxes::{sandbox_definition, sandbox_resource, sandbox_wants_to_run};
pub use server::{PODS_OF_NO_SANDBOX, ServerPod, VariableSource};
pub use session::{Created, Session};
pub use workload::{Workload, WorkloadKind};

use contract::{Exit, Reason};

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
/// The API server answered with an error, also when asked again.
pub const API_ERROR: Reason = Reason::new(
    "api_error",
    Exit::Failed,
    "the API server answered with an error, also when asked again",
);
/// The kubeconfig's user may not do this.
pub const FORBIDDEN: Reason = Reason::new(
    "forbidden",
    Exit::Permission,
    "the kubeconfig's user may not do this",
);

/// Reasons that a [`Session`] reports; a tool that speaks Kubernetes lists them beside its own.
pub const REASONS: &[Reason] = &[KUBECONFIG_INVALID, API_UNREACHABLE, API_ERROR, FORBIDDEN];
