//! The bundled images of pods: imported into containerd where they are not there yet.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, bail};

use crate::layout;

/// Imports every archive whose image containerd does not have. An archive is named for its image: `NAME@TAG.tar` holds
/// `docker.io/openshell/NAME:TAG`. Importing what is there would cost seconds at each start.
pub fn import() -> anyhow::Result<()> {
    let listed = ctr(&["images", "list", "--quiet"])?;
    for (image, archive) in bundled()? {
        if !listed.lines().any(|line| line == image) {
            let archive = archive.display().to_string();
            ctr(&["images", "import", "--no-unpack", &archive])
                .or_else(|_| ctr(&["images", "import", &archive]))?;
        }
    }
    Ok(())
}

fn bundled() -> anyhow::Result<Vec<(String, PathBuf)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(layout::POD_IMAGES).context(layout::POD_IMAGES)? {
        let path = entry?.path();
        let name = path
            .file_stem()
            .and_then(|name| name.to_str())
            .and_then(|name| name.split_once('@'));
        if let Some((name, tag)) = name {
            found.push((format!("docker.io/openshell/{name}:{tag}"), path));
        }
    }
    Ok(found)
}

fn ctr(arguments: &[&str]) -> anyhow::Result<String> {
    let output = Command::new("ctr")
        .args(["--address", layout::CONTAINERD, "--namespace", "k8s.io"])
        .args(arguments)
        .output()
        .context("ctr")?;
    if !output.status.success() {
        bail!(
            "ctr {}: {}",
            arguments.join(" "),
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}
