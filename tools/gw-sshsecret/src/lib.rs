//! The document of `gw-sshsecret`, for programs that read it.

pub mod report;
