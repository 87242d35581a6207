//! The document of `gw-detect`, for programs that read it.

pub mod report;
pub mod state;
