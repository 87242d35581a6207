//! Tests: a socket between a tool and Docker that counts and notes calls, spoils one of them, or kills the tool at it.
//!
//! The tools make each call on a connection of its own: one connection is one call.

mod call;
mod fault;
mod proxy;

pub use call::Call;
pub use fault::{FAULTS, Fault, When, is_thorough};
pub use proxy::DockerProxy;
