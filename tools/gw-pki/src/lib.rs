//! The document of `gw-pki`, for programs that read it.

pub mod finding;
pub mod report;
