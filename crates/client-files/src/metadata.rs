//! `metadata.json`, as OpenShell's clients read it.

use serde::{Deserialize, Serialize};

/// How clients reach a gateway. Fields that another client wrote are kept.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
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

#[cfg(test)]
mod tests {
    use super::Metadata;

    #[test]
    fn one_that_an_earlier_version_wrote_is_read() {
        let written = include_bytes!("../tests/written/metadata.json");
        let metadata: Metadata = serde_json::from_slice(written).unwrap();
        assert_eq!(
            (metadata.name.as_str(), metadata.gateway_endpoint.as_str()),
            ("kept", "https://127.0.0.1:28431")
        );
        assert_eq!((metadata.is_remote, metadata.gateway_port), (false, 28431));
        assert!(metadata.others.is_empty());
    }
}
