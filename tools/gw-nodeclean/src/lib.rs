//! The document of `gw-nodeclean`, for programs that read it.

pub mod report;
