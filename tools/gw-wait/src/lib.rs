//! The document of `gw-wait`, for programs that read it.

pub mod report;
