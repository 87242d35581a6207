//! Programs for pods whose image has none: the node's own.

use serde_json::{Value, json};

/// The folders of the node's programs and libraries, as a pod mounts them.
#[derive(Clone, Debug)]
pub struct LentPrograms {
    /// For the pod's `volumes`.
    pub volumes: Vec<Value>,
    /// For a container's `volumeMounts`.
    pub mounts: Vec<Value>,
}

impl LentPrograms {
    /// Debian's, with bash, perl, nft and what else the node's image has.
    pub fn of_node() -> Self {
        let lent = [
            ("/usr", "/usr"),
            ("/usr/bin", "/bin"),
            ("/usr/lib", "/lib"),
            ("/usr/lib64", "/lib64"),
        ];
        let name = |at: &str| format!("lent-{}", at.trim_matches('/'));
        Self {
            volumes: lent
                .map(|(path, at)| json!({"name": name(at), "hostPath": {"path": path}}))
                .to_vec(),
            mounts: lent
                .map(|(_, at)| json!({"name": name(at), "mountPath": at, "readOnly": true}))
                .to_vec(),
        }
    }
}
