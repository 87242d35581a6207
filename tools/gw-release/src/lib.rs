//! The document of `gw-release`, for programs that read it.

pub mod facts;
pub mod report;
