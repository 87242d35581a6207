//! A file that could not be read or written, in the contract's words.

use std::io::{Error, ErrorKind};
use std::path::Path;

use contract::Failure;

use crate::{CLIENT_FILES_FAILED, CLIENT_FILES_PERMISSION};

/// `doing` is what failed, such as `read`; `path` names the file.
pub fn file_failure(doing: &str, path: &Path, error: &Error) -> Failure {
    let message = format!("cannot {doing} {}: {error}", path.display());
    match error.kind() {
        ErrorKind::PermissionDenied => CLIENT_FILES_PERMISSION.failure(
            message,
            format!(
                "see who owns it: ls -ld {}",
                path.parent().unwrap_or(path).display()
            ),
        ),
        ErrorKind::StorageFull => CLIENT_FILES_FAILED.failure(
            message,
            format!("make room: df -h {}", path.parent().unwrap_or(path).display()),
        ),
        _ => CLIENT_FILES_FAILED.failure(
            message,
            format!("look at it: ls -la {}", path.parent().unwrap_or(path).display()),
        ),
    }
}
