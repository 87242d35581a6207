//! Where a gateway on a Kubernetes cluster of somebody's own is, and which workload and Service its server has: what was kept at its
//! start (`cluster.json`) and at its deployment (`deployment.json`), and what flags say.

mod place;
mod place_file;
mod server;

pub use place::Place;
pub use place_file::{FILE, FORWARD_PORT, PlaceFile, ServerSpec, named_over};
pub use server::ServerNames;

use client_files::GatewayFolder;
use contract::{Exit, Failure, Reason};
use serde::de::DeserializeOwned;

/// What was kept of the gateway's cluster cannot be read.
pub const CLUSTER_FILE_INVALID: Reason = Reason::new(
    "cluster_file_invalid",
    Exit::Configuration,
    "what was kept of the gateway's cluster cannot be read",
);

/// Reasons that this crate's failures carry, for a tool's help.
pub const REASONS: &[Reason] = &[CLUSTER_FILE_INVALID];

/// A file of the gateway's folder; `None` if there is none.
fn read<T: DeserializeOwned>(folder: &GatewayFolder, name: &str) -> Result<Option<T>, Failure> {
    let Some(text) = folder.read_private(name)? else {
        return Ok(None);
    };
    serde_json::from_slice(&text).map(Some).map_err(|error| {
        let file = folder.path().join(name);
        CLUSTER_FILE_INVALID.failure(
            format!("{} cannot be read: {error}", file.display()),
            format!("correct it: {}", file.display()),
        )
    })
}
