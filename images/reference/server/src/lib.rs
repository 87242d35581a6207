//! The reference server: stands for OpenShell's gateway server where lifecycle tools are tried.
//!
//! It is not OpenShell's server. It has what the server of v0.0.22 has and what today's has, or one of them by setting:
//!
//! | v0.0.22 | today |
//! | --- | --- |
//! | handshake secret, `CONNECT /connect/ssh`, NSSH1 to the pod | sandboxes dial in; phases with latches; exec, start, stop |
//! | of `openshell.v1` only health, create, get, list, delete and SSH sessions | `openshell.v1` as the package openshell 0.1.5 speaks it |
//!
//! It shows what real servers have shown: mTLS files are read again when they change; grpc.health.v1 is not implemented; a server that
//! cannot reach Kubernetes at its start ends.

pub mod certgen;
pub mod cluster;
pub mod connect;
pub mod exec;
pub mod handshake;
pub mod health;
pub mod objects;
pub mod phase;
pub mod phases;
pub mod server;
pub mod service;
pub mod sessions;
pub mod settings;
pub mod store;
pub mod supervisors;
pub mod sweep;
pub mod tls;
pub mod tokens;
pub mod users;
pub mod watch;
pub mod world;
