//! The tool against a small API server, also through a proxy that spoils requests.

mod check;
mod faults;
mod lines;
mod reconcile;
mod replace;
mod scene;
