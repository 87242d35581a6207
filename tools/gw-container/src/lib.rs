//! The document of `gw-container`, for programs that read it.

pub mod report;
