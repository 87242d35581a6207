//! Do the client's files fit the gateway?

use client_files::GatewayFolder;

use crate::report::ClientFilesField;

/// What the client's files are compared with.
#[derive(Clone, Copy, Debug)]
pub struct Gateway<'a> {
    /// Where clients connect.
    pub endpoint: Option<&'a str>,
    /// How a client's connection there ended.
    pub outcome: Option<&'a str>,
    /// The port of this machine that the API is published on; `None` if Docker is on another one.
    pub api_port: Option<u16>,
}

/// Says of each file that is there whether it fits; `null` if that cannot be told.
pub fn fill_in(files: &mut ClientFilesField, folder: &GatewayFolder, gateway: Gateway<'_>) {
    files.metadata.agrees = match (folder.read_metadata(), gateway.endpoint) {
        (Ok(Some(metadata)), Some(endpoint)) => Some(metadata.gateway_endpoint == endpoint),
        (Err(_), _) => Some(false),
        _ => None,
    };
    if gateway
        .endpoint
        .is_some_and(|endpoint| endpoint.starts_with("https"))
    {
        files.bundle.agrees = match gateway.outcome {
            Some("serving") => Some(true),
            Some("tls_failed") => Some(false),
            Some("no_bundle") if files.bundle.present => Some(false),
            _ => None,
        };
    }
    files.kubeconfig.agrees = match (folder.read_private("kubeconfig"), gateway.api_port) {
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
