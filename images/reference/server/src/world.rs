//! What all parts of the server share.

use std::sync::Arc;

use nssh1::Secret;

use crate::cluster::Cluster;
use crate::phases::Phases;
use crate::sessions::Sessions;
use crate::settings::{SandboxSettings, Settings, Sweep};
use crate::store::Store;

/// What all parts of the server share.
pub struct World {
    /// The records.
    pub store: Arc<Store>,
    /// What is seen of sandboxes.
    pub phases: Phases,
    /// The supervisors that are connected.
    pub sessions: Sessions,
    /// Kubernetes.
    pub cluster: Cluster,
    /// Settings of sandboxes.
    pub settings: SandboxSettings,
    /// When records without an object are removed.
    pub sweep: Sweep,
    /// The handshake secret.
    pub secret: Option<Secret>,
    /// Users need no credentials.
    pub allow_unauthenticated: bool,
}

impl World {
    /// Everything that `settings` ask for.
    pub async fn new(settings: Settings, client: kube::Client) -> anyhow::Result<Self> {
        let store = Arc::new(Store::open(&settings.database)?);
        let cluster = Cluster::new(client, &settings.sandboxes).await;
        Ok(Self {
            phases: Phases::new(store.clone(), settings.sandboxes.endpoint.is_some()),
            store,
            sessions: Sessions::default(),
            cluster,
            settings: settings.sandboxes,
            sweep: settings.sweep,
            secret: settings.secret,
            allow_unauthenticated: settings.allow_unauthenticated,
        })
    }
}
