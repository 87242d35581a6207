//! Failures of files, which several parts report.

use std::path::Path;

use contract::Failure;

use crate::reasons::{FILES_FAILED, KEPT_INVALID};

/// A file or a folder could not be read or written.
pub fn files_failed(path: &Path, error: &std::io::Error) -> Failure {
    FILES_FAILED.failure(
        format!("{}: {error}", path.display()),
        format!(
            "see its permissions and the room on its disk: ls -ld {}",
            path.display()
        ),
    )
}

/// What is kept in the gateway's folder is not what this tool writes.
pub fn kept_invalid(path: &Path, error: &dyn std::fmt::Display) -> Failure {
    KEPT_INVALID.failure(
        format!("{} cannot be read: {error}", path.display()),
        format!(
            "put it away and choose chart and values anew: mv {0} {0}.invalid",
            path.display()
        ),
    )
}
