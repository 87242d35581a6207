//! The document of `gw-doctor`, the causes that it names and the questions that it is answered, for programs that read them.

pub mod cause;
pub mod question;
pub mod report;
