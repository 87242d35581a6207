//! The controller of sandboxes: stands for the one of Agent Sandbox (agents.x-k8s.io v1beta1 and v1alpha1).
//!
//! It makes claims and pods that are missing, and writes conditions. It never replaces a pod that is there: what becomes of a failed one
//! is not its business. Only the holder of its Lease works; one that died holds it for 15 s more.
//!
//! It needs, in the namespaces that it watches: `get list watch` on sandboxes, `patch` on `sandboxes/status`, `update` on
//! `sandboxes/finalizers`, `get list watch create delete` on pods, `get list watch create` on volume claims; and `get create update` on
//! leases in its own.

pub mod conditions;
pub mod controller;
pub mod lease;
pub mod objects;
pub mod plan;
pub mod run;
pub mod settings;
