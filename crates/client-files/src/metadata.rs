//! `metadata.json`, as OpenShell's clients read it.

use serde::{Deserialize, Serialize};

/// How clients reach a gateway. Fields that another client wrote are kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Metadata {
    /// The gateway's name.
    pub name: String,
    /// `scheme://host:port`.
    pub gateway_endpoint: String,
    /// The gateway's Docker is on another host.
    #[serde(default)]
    pub is_remote: bool,
    /// TCP port on the host.
    #[serde(default)]
    pub gateway_port: u16,
    /// The remote host, as the user named it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remote_host: Option<String>,
    /// The remote host's address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resolved_host: Option<String>,
    /// How clients prove who they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth_mode: Option<String>,
    /// What another client added.
    #[serde(flatten)]
    pub others: serde_json::Map<String, serde_json::Value>,
}
