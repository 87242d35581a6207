//! Which kubeconfig is meant, and what is wrong with it.

use std::path::PathBuf;

use contract::Failure;
use kube::config::Kubeconfig;

use crate::KUBECONFIG_INVALID;

/// It is missing, unreadable or wrong.
pub fn kubeconfig_invalid(message: String) -> Failure {
    KUBECONFIG_INVALID.failure(
        message,
        format!(
            "name a kubeconfig by --kubeconfig or KUBECONFIG; {} writes a gateway's",
            contract::typed("gw-node kubeconfig")
        ),
    )
}

/// The kubeconfig that a flag or KUBECONFIG names, and its file for messages.
pub fn read_kubeconfig(flag: Option<PathBuf>) -> Result<(Kubeconfig, String), Failure> {
    let from_environment = || std::env::var_os("KUBECONFIG").filter(|value| !value.is_empty());
    if let Some(path) = flag {
        let read = Kubeconfig::read_from(&path);
        let wrong = |error| {
            kubeconfig_invalid(format!(
                "the kubeconfig {} cannot be read: {error}",
                path.display()
            ))
        };
        return read
            .map(|found| (found, path.display().to_string()))
            .map_err(wrong);
    }
    let Some(paths) = from_environment() else {
        return Err(kubeconfig_invalid("no kubeconfig was named".to_owned()));
    };
    let paths = paths.to_string_lossy().into_owned();
    let wrong = |error| {
        kubeconfig_invalid(format!(
            "the kubeconfig {paths} (KUBECONFIG) cannot be read: {error}"
        ))
    };
    match Kubeconfig::from_env() {
        Ok(Some(found)) => Ok((found, paths)),
        Ok(None) => Err(kubeconfig_invalid(format!("KUBECONFIG names no file: {paths}"))),
        Err(error) => Err(wrong(error)),
    }
}
