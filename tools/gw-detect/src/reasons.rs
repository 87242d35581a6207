//! Every reason of a failure, for the help text.

use contract::Reason;

/// The tool has none of its own: those of the crates that it works with, in the order of the help.
pub const ALL: &[&[Reason]] = &[docker_session::REASONS, client_files::REASONS];
