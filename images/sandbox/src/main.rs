//! The program of a sandbox: answers NSSH1 on port 2222, then echoes each line and keeps it in a file.
//!
//! It stands for the supervisor that a sandbox of OpenShell runs, so that a test sees a lost secret or a lost volume as
//! a user would see it. It speaks first only to answer the handshake. The line `.lines` is answered with all lines
//! that are kept, then `.end`; every other line is kept, then echoed.
//!
//! Environment: `OPENSHELL_SSH_HANDSHAKE_SECRET` (required), `OPENSHELL_SSH_HANDSHAKE_SKEW_SECS` (300),
//! `OPENSHELL_SANDBOX_TOKEN_SHA256` (lower-case hex; where it is set, a handshake with another token is refused).
//!
//! Exit codes: 0 stopped by SIGTERM or SIGINT; 1 the file or the port cannot be opened; 2 usage; 78 the environment is
//! wrong.

mod kept_lines;
mod session;
mod settings;

use std::process::ExitCode;

use anyhow::Context;
use settings::{Refused, Settings};

fn main() -> ExitCode {
    let settings = match Settings::from_process() {
        Ok(settings) => settings,
        Err(Refused { message, code }) => {
            if code == 0 {
                println!("{message}");
            } else {
                eprintln!("openshell-sandbox: {message}");
            }
            return ExitCode::from(code);
        }
    };
    match serve(settings) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("openshell-sandbox: {error:#}");
            ExitCode::FAILURE
        }
    }
}

#[tokio::main]
async fn serve(settings: Settings) -> anyhow::Result<()> {
    let lines = kept_lines::KeptLines::open(&settings.data).await?;
    let listener = tokio::net::TcpListener::bind(&settings.listen)
        .await
        .with_context(|| format!("cannot listen on {}", settings.listen))?;
    eprintln!("openshell-sandbox: listening on {}", listener.local_addr()?);
    session::serve(listener, lines, settings).await
}
