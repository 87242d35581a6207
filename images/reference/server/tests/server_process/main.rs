//! The built server, as clients and Kubernetes see it. Kubernetes is a stand-in, sandboxes are, too, where a test plays with them; what needs
//! real ones is in `cluster_sandboxes.rs`.

mod authority;
mod phases;
mod process;
mod sandbox;
mod sdk;
mod starting;
mod tls_files;
mod tunnels;
mod whole;
