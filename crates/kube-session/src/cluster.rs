//! Which cluster is meant.

use std::path::PathBuf;

use contract::CommonFlags;

/// A cluster and a namespace of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cluster {
    /// The kubeconfig; else the one that KUBECONFIG names.
    pub kubeconfig: Option<PathBuf>,
    /// The kubeconfig's context; else its current one.
    pub context: Option<String>,
    /// The namespace.
    pub namespace: String,
}

impl From<&CommonFlags> for Cluster {
    fn from(flags: &CommonFlags) -> Self {
        Self {
            kubeconfig: flags.kubeconfig.clone(),
            context: flags.context.clone(),
            namespace: flags.namespace().to_owned(),
        }
    }
}
