//! What is deleted of the cluster.

use jiff::Timestamp;

/// The namespace of k3s's Secrets with the hashes of node passwords.
pub const PASSWORD_NAMESPACE: &str = "kube-system";
/// A Secret with the hash of a node's password, without the hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodePassword {
    /// Its name.
    pub name: String,
    /// Only this very Secret.
    pub uid: String,
    /// When it was created.
    pub created: Option<Timestamp>,
}

/// A pod to delete by force: it can run nowhere any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DoomedPod {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Only this very pod.
    pub uid: String,
}

impl DoomedPod {
    /// Namespace and name.
    pub fn full_name(&self) -> String {
        format!("{}/{}", self.namespace, self.name)
    }
}

/// A node to delete, with what belongs to its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DoomedNode {
    /// Its name.
    pub name: String,
    /// Only this very node.
    pub uid: String,
    /// VolumeAttachments to it.
    pub attachments: Vec<String>,
    /// k3s's Secret with the hash of its password, where it is there.
    pub password: Option<String>,
    /// Has it a Lease?
    pub has_lease: bool,
}
