//! The document of `gw-backup`, for programs that read it.

pub mod report;
