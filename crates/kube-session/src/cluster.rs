//! Which cluster is meant.

use std::path::PathBuf;

/// A cluster and a namespace of it.
#[derive(Clone, Debug)]
pub struct Cluster {
    /// The kubeconfig; else the one that KUBECONFIG names.
    pub kubeconfig: Option<PathBuf>,
    /// The kubeconfig's context; else its current one.
    pub context: Option<String>,
    /// The namespace.
    pub namespace: String,
}
