//! The reference server: `reference-server [--config FILE] [--port PORT] [--log-level LEVEL] [--db-url sqlite:PATH]`, and
//! `reference-server generate-certs`, which makes what its chart's hook needs.
//!
//! It logs to standard error; the line `listening on ADDRESS` tells that it serves. Settings by environment and by file are listed in
//! `settings/mod.rs`.
//!
//! Exit codes: 0 stopped by SIGTERM or SIGINT; 1 the port or the database cannot be opened, or Kubernetes does not answer; 2 usage; 78 the
//! environment, the file, the TLS files or the kubeconfig are wrong.

use std::process::ExitCode;

use reference_base::log;
use reference_base::program::{self, Refused};
use reference_server::settings::Settings;
use reference_server::{certgen, server};

fn main() -> ExitCode {
    program::ended("reference-server", run())
}

#[tokio::main]
async fn run() -> Result<(), Refused> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    if let Some(("generate-certs", flags)) = arguments.split_first().map(|(first, rest)| (*first, rest)) {
        return certgen::run(flags).await;
    }
    let settings = Settings::read(&arguments, |name| std::env::var(name).ok())?;
    log::set_level(settings.log_level);
    server::run(settings).await
}
