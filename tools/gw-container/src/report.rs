//! The document's own fields.

use gateway_facts::Spec;
use gateway_work::{WorkFields, WorkReport};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What there is afterwards, and what was done.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Report {
    /// The gateway, and what was done.
    #[serde(flatten)]
    pub work: WorkFields,
    /// The container; null where there is none, or none yet.
    pub container_id: Option<String>,
    /// The node's name, which is the container's hostname.
    pub node_name: Option<String>,
    /// The gateway's address, scheme://host:port.
    pub endpoint: Option<String>,
    /// host:port at which this machine reaches the gateway, whatever name clients use; null where Docker is on another machine.
    pub published: Option<String>,
    /// The API's address, as the kubeconfig has it.
    pub api_endpoint: Option<String>,
    /// Docker is on another machine, and the kubeconfig leads to the API only while `gw-node tunnel` runs.
    pub needs_tunnel: bool,
    /// The kubeconfig file for this host.
    pub kubeconfig: Option<String>,
    /// The cluster image.
    pub image: Option<String>,
    /// The cluster image's id.
    pub image_id: Option<String>,
    /// When the container was created, RFC 3339.
    pub created_at: Option<String>,
    /// When the container started, RFC 3339.
    pub started_at: Option<String>,
    /// TCP port of the gateway on the host.
    pub port: Option<u16>,
    /// How the container is confined: privileged or caps.
    pub confinement: Option<String>,
    /// What the container is made from, as it is persisted; null where that is not known.
    pub spec: Option<Spec>,
}

impl WorkReport for Report {
    fn work(&mut self) -> &mut WorkFields {
        &mut self.work
    }
}
