//! A small reference gateway server, used only by the default cluster image and by the tests.
//!
//! It is not OpenShell's server: it stands for it where lifecycle tools are tried. It serves mTLS (files are read again
//! when they change), grpc.health.v1, a service of its own for sandboxes, and `CONNECT /connect/ssh`; and it is the
//! controller of `sandboxes.agents.x-k8s.io`, whose pods and volume claims it makes again where they are missing.

pub mod client;
pub mod connect;
pub mod controller;
pub mod handshake;
pub mod health;
pub mod log;
pub mod objects;
pub mod plan;
pub mod sandboxes;
pub mod server;
pub mod settings;
pub mod store;
pub mod tls;

/// The generated messages and services.
#[allow(missing_docs, clippy::all, clippy::pedantic)]
pub mod api {
    tonic::include_proto!("openshell.reference.v1");
}
