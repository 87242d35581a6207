//! The document of `gw-node`, for programs that read it.

pub mod report;
