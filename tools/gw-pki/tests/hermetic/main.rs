//! The tool against a small API server, also through a proxy that spoils requests.

mod check;
mod export;
mod faults;
mod handshake;
mod openssl;
mod reconcile;
mod rotate;
mod scene;
