//! The tool against a small API server, also through a proxy that spoils requests.

mod faults;
mod handshake;
mod reconcile;
mod scene;
