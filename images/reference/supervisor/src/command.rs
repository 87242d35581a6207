//! Commands in the sandbox.

use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::ExitStatus;

use tokio::process::Command;

use crate::kept_lines::FOLDER_VARIABLE;

/// The command of `words`; `None`: there are none. The supervisor's own folder is on its PATH: an image of a sandbox may have no program.
pub fn of(words: &[String], data: &Path) -> Option<Command> {
    let (program, arguments) = words.split_first()?;
    let mut command = Command::new(program);
    command.args(arguments).env(FOLDER_VARIABLE, data);
    let own = std::env::current_exe().ok();
    if let Some(own) = own.as_deref().and_then(Path::parent) {
        let mut folders = std::env::var_os("PATH").unwrap_or_else(|| "/usr/local/bin:/usr/bin:/bin".into());
        folders.push(":");
        folders.push(own);
        command.env("PATH", folders);
    }
    Some(command)
}

/// The exit code of a process, as a shell tells it.
pub fn code(ended: std::io::Result<ExitStatus>) -> i32 {
    match ended {
        Ok(status) => status
            .code()
            .or_else(|| status.signal().map(|signal| 128 + signal))
            .unwrap_or(1),
        Err(_) => 1,
    }
}
