//! Do the client's files fit the gateway?

use client_files::GatewayFolder;

use crate::observe::Found;
use crate::report::ClientFilesField;

/// Says of each file that is there whether it fits; `null` where that cannot be told.
pub fn fill_in(files: &mut ClientFilesField, folder: &GatewayFolder, found: &Found) {
    files.metadata.agrees = match (folder.read_metadata(), &found.endpoint) {
        (Ok(Some(metadata)), Some(endpoint)) => Some(metadata.gateway_endpoint == *endpoint),
        (Err(_), _) => Some(false),
        _ => None,
    };
    if found
        .endpoint
        .as_ref()
        .is_some_and(|endpoint| endpoint.starts_with("https"))
    {
        files.bundle.agrees = match found.probe.outcome.as_deref() {
            Some("serving") => Some(true),
            Some("tls_failed") => Some(false),
            Some("no_bundle") if files.bundle.present => Some(false),
            _ => None,
        };
    }
    // The API of another machine is reached through a tunnel, whose port of this machine is any.
    let api_port = found
        .spec
        .as_ref()
        .and_then(|spec| spec.api_port)
        .filter(|_| found.local);
    files.kubeconfig.agrees = match (folder.read_private("kubeconfig"), api_port) {
        (Ok(Some(text)), Some(port)) => {
            let text = String::from_utf8_lossy(&text);
            let server = format!("https://127.0.0.1:{port}");
            Some(
                text.lines()
                    .any(|line| line.trim().trim_start_matches("server: ") == server),
            )
        }
        _ => None,
    };
}
