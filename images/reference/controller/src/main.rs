//! The controller of sandboxes: `reference-controller --lease-namespace NAMESPACE [--namespace NAMESPACE] [--behave-as v0.5.4]`.
//!
//! It logs to standard error; the line `leading` tells that it works.
//!
//! Exit codes: 0 stopped by SIGTERM or SIGINT; 1 it lost its Lease; 2 usage; 78 the kubeconfig is wrong.

use std::process::ExitCode;

use reference_base::program::{self, Refused};
use reference_controller::run;
use reference_controller::settings::Settings;
use tokio::signal::unix::{SignalKind, signal};

fn main() -> ExitCode {
    program::ended("reference-controller", start())
}

#[tokio::main]
async fn start() -> Result<(), Refused> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let settings = Settings::read(&arguments)?;
    let failed = |error: std::io::Error| Refused::failed(&error.into());
    let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
    // Fails only if one is installed already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let wrong = |error: &dyn std::fmt::Display| {
        Refused::configuration(format!(
            "no way to Kubernetes: {error}; run it in a pod, or set KUBECONFIG"
        ))
    };
    let config = kube::Config::infer().await.map_err(|error| wrong(&error))?;
    let client = kube::Client::try_from(config).map_err(|error| wrong(&error))?;
    let stop = async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    };
    run::until(client, settings, stop)
        .await
        .map_err(|error| Refused::failed(&error))
}
