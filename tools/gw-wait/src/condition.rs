//! What can be waited for: a file for each condition.

pub mod api;
pub mod exited;
pub mod gateway_exit;
pub mod grpc;
pub mod namespace;
pub mod node;
pub mod rollout;
pub mod sandbox;
pub mod sandboxes;
pub mod secret;
pub mod tcp;
