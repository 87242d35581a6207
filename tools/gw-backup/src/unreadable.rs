//! A backup that cannot be read.

use std::io::{Error, ErrorKind};

use contract::{Exit, Failure};

use crate::reasons::{BACKUP_INVALID, BACKUP_UNREADABLE};

/// Why not, with what to look at.
pub fn unreadable(file: &str, error: &Error) -> Failure {
    if error.kind() == ErrorKind::InvalidData {
        return BACKUP_INVALID.failure(
            format!("{file} is no whole backup: {error}; nothing was changed"),
            "take another file: this one was cut off or altered",
        );
    }
    let exit = if error.kind() == ErrorKind::PermissionDenied {
        Exit::Permission
    } else {
        Exit::Failed
    };
    BACKUP_UNREADABLE.ending_with(exit).failure(
        format!("cannot read {file}: {error}"),
        format!("look at it: ls -l {file}"),
    )
}
