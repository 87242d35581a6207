//! Kubeconfigs of this user: which there are, and which contexts they have.

use std::path::PathBuf;

use kube::config::Kubeconfig;

use super::plan::Contexts;

/// The files that are meant if nobody names one: those of KUBECONFIG, else the user's own.
pub fn usual() -> Vec<PathBuf> {
    let named = std::env::var_os("KUBECONFIG").filter(|named| !named.is_empty());
    match (named, std::env::var_os("HOME")) {
        (Some(named), _) => std::env::split_paths(&named)
            .filter(|file| !file.as_os_str().is_empty())
            .collect(),
        (None, Some(home)) => vec![PathBuf::from(home).join(".kube/config")],
        (None, None) => Vec::new(),
    }
}

/// What the files have; one that cannot be read has nothing.
pub fn read(files: &[PathBuf]) -> Vec<Contexts> {
    let read = |file: &PathBuf| {
        let file = file.canonicalize().ok()?;
        let found = Kubeconfig::read_from(&file).ok()?;
        Some(Contexts {
            file,
            current: found.current_context.filter(|name| !name.is_empty()),
            names: found.contexts.into_iter().map(|context| context.name).collect(),
        })
    };
    files.iter().filter_map(read).collect()
}
