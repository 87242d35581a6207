//! Tests: namespaces on the shared cluster, a proxy that injects faults between a tool and the API server, and a small
//! API server for tests that have no cluster.

mod apart;
mod asked;
mod background;
mod fake_api;
mod fault;
mod fault_proxy;
mod hunt;
mod kubeconfig;
mod namespace;
mod played_server;
mod program;
mod shared_gateway;
mod side_by_side;
mod sweep;

pub use apart::run_apart;
pub use asked::Asked;
pub use fake_api::FakeApi;
pub use fault::{Fault, When, all_faults, fault_points, is_thorough, points};
pub use fault_proxy::FaultProxy;
pub use hunt::Hunt;
pub use kubeconfig::{client, kubeconfig, unreachable as unreachable_kubeconfig};
pub use namespace::Namespace;
pub use program::Program;
pub use shared_gateway::SharedGateway;
pub use side_by_side::time_side_by_side;
pub use sweep::sweep;
