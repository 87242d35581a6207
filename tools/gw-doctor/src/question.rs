//! The questions whose answers are read: each is asked of one of the other tools.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A question. Its name stands beside the tool's document on standard input.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Question {
    /// What is there? `gw-detect`.
    Detect,
    /// What do container, node and host show? `gw-node diagnose`.
    Container,
    /// A kubeconfig for the other questions: `gw-node kubeconfig`. No cause is concluded from it.
    Kubeconfig,
    /// Does the API server answer? `gw-wait api`.
    Api,
    /// Is the node Ready? `gw-wait node`.
    Node,
    /// Is the namespace there? `gw-wait namespace`.
    Namespace,
    /// Are there stale nodes? `gw-nodeclean --dry-run`.
    Nodes,
    /// Does everybody carry the same handshake secret? `gw-sshsecret check`.
    Secret,
    /// Is the server rolled out? `gw-wait rollout`.
    Rollout,
    /// Are the certificates valid? `gw-pki check`.
    Pki,
    /// Does the server answer? `gw-wait grpc`.
    Grpc,
    /// What became of the sandboxes? `gw-wait sandboxes --no-wait`. No cause is concluded from it.
    Sandboxes,
}

/// Where a gateway is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Place {
    /// In a container on some Docker.
    #[default]
    Container,
    /// On a Kubernetes cluster of the user's own.
    Cluster,
}

impl Question {
    /// All questions.
    pub const ALL: [Self; 12] = [
        Self::Detect,
        Self::Container,
        Self::Kubeconfig,
        Self::Api,
        Self::Node,
        Self::Namespace,
        Self::Nodes,
        Self::Secret,
        Self::Rollout,
        Self::Pki,
        Self::Grpc,
        Self::Sandboxes,
    ];

    /// Its name on standard input and in the document.
    pub fn word(self) -> &'static str {
        match self {
            Self::Detect => "detect",
            Self::Container => "container",
            Self::Kubeconfig => "kubeconfig",
            Self::Api => "api",
            Self::Node => "node",
            Self::Namespace => "namespace",
            Self::Nodes => "nodes",
            Self::Secret => "secret",
            Self::Rollout => "rollout",
            Self::Pki => "pki",
            Self::Grpc => "grpc",
            Self::Sandboxes => "sandboxes",
        }
    }

    /// The tool that answers it.
    pub fn tool(self) -> &'static str {
        match self {
            Self::Detect => "gw-detect",
            Self::Container | Self::Kubeconfig => "gw-node",
            Self::Api | Self::Node | Self::Namespace | Self::Rollout | Self::Grpc | Self::Sandboxes => {
                "gw-wait"
            }
            Self::Nodes => "gw-nodeclean",
            Self::Secret => "gw-sshsecret",
            Self::Pki => "gw-pki",
        }
    }

    /// Do causes depend on its answer, if a gateway is in this place?
    pub fn matters_in(self, place: Place) -> bool {
        match self {
            Self::Kubeconfig | Self::Sandboxes => false,
            Self::Detect | Self::Container | Self::Node | Self::Nodes => place == Place::Container,
            Self::Namespace => place == Place::Cluster,
            Self::Api | Self::Secret | Self::Rollout | Self::Pki | Self::Grpc => true,
        }
    }
}
