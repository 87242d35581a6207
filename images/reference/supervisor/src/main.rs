//! The supervisor of a sandbox. Its first command-line word may be `keep LINE` or `kept`: an image of a sandbox has no other program to try
//! whether files last.
//!
//! Over NSSH1 it speaks first only to answer the handshake. The line `.lines` is answered with all lines that are kept, then `.end`; every
//! other line is kept, then echoed.
//!
//! Settings by environment are listed in `settings.rs`.
//!
//! Exit codes: 0 stopped by SIGTERM or SIGINT; 1 the file or the port cannot be opened, or no server answered in time; 2 usage; 78 the
//! environment is wrong; else that of the main process, which ended.

use std::path::Path;
use std::process::ExitCode;

use reference_base::program::{self, Refused};
use reference_supervisor::settings::Settings;
use reference_supervisor::{kept_lines, run};
use tokio::signal::unix::{SignalKind, signal};

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match start(&arguments).await {
        Ok(code) => ExitCode::from(code),
        Err(refused) => program::ended("openshell-sandbox", Err(refused)),
    }
}

async fn start(arguments: &[&str]) -> Result<u8, Refused> {
    let failed = |error: anyhow::Error| Refused::failed(&error);
    match arguments {
        ["keep", line] => {
            let lines = kept_lines::KeptLines::open(&folder()).await.map_err(failed)?;
            let kept = lines.append(format!("{line}\n").as_bytes()).await;
            return kept.map(|()| 0).map_err(|error| failed(error.into()));
        }
        ["kept"] => {
            let lines = kept_lines::KeptLines::open(&folder()).await.map_err(failed)?;
            let all = lines.read().await.map_err(|error| failed(error.into()))?;
            print!("{}", String::from_utf8_lossy(&all));
            return Ok(0);
        }
        _ => {}
    }
    let settings = Settings::read(arguments, |name| std::env::var(name).ok())?;
    let mut terminate = signal(SignalKind::terminate()).map_err(|error| failed(error.into()))?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(|error| failed(error.into()))?;
    let stop = async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    };
    run::until(settings, stop).await.map_err(failed)
}

/// The running supervisor tells its commands where the lines are.
fn folder() -> std::path::PathBuf {
    std::env::var_os(kept_lines::FOLDER_VARIABLE).map_or_else(|| Path::new("/sandbox").to_owned(), Into::into)
}
