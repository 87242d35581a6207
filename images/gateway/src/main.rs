//! The reference gateway server: `openshell-gateway --port PORT --log-level LEVEL --db-url sqlite:PATH`.
//!
//! It logs to standard error; the line `listening on ADDRESS` tells that it serves. Settings by environment are listed in
//! `settings.rs`.
//!
//! Exit codes: 0 stopped by SIGTERM or SIGINT; 1 the port or the database cannot be opened; 2 usage; 78 the environment,
//! the TLS files or the kubeconfig are wrong.

use std::process::ExitCode;

use reference_gateway::settings::{Refused, Settings};
use reference_gateway::{log, server};

fn main() -> ExitCode {
    let settings = match Settings::from_process() {
        Ok(settings) => settings,
        Err(Refused { message, code: 0 }) => {
            println!("{message}");
            return ExitCode::SUCCESS;
        }
        Err(Refused { message, code }) => {
            eprintln!("openshell-gateway: {message}");
            return ExitCode::from(code);
        }
    };
    log::set_level(settings.log_level);
    match run(settings) {
        Ok(()) => ExitCode::SUCCESS,
        Err(Refused { message, code }) => {
            eprintln!("openshell-gateway: {message}");
            ExitCode::from(code)
        }
    }
}

#[tokio::main]
async fn run(settings: Settings) -> Result<(), Refused> {
    server::run(settings).await
}
