//! The built server, as clients and Kubernetes see it. Kubernetes and sandboxes are stand-ins of this test; what needs
//! real ones is in `cluster_sandboxes.rs`.

mod authority;
mod kubernetes;
mod process;
mod sandbox;
mod starting;
mod tls_files;
mod tunnels;
