//! The bundled images of pods: imported into containerd where they are not there yet.

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, bail};
use tokio::process::Command;
use tokio::time::{Instant, sleep};

use crate::layout;

/// How long containerd may take until it answers.
const PATIENCE: Duration = Duration::from_secs(20);
const PAUSE: Duration = Duration::from_millis(100);

/// Imports what is missing, as soon as containerd answers.
pub async fn import() -> anyhow::Result<()> {
    let end = Instant::now() + PATIENCE;
    loop {
        match import_missing().await {
            Err(_) if Instant::now() < end => sleep(PAUSE).await,
            ended => return ended.context("the bundled images of pods cannot be imported"),
        }
    }
}

/// Imports every archive whose image containerd does not have. An archive is named for its image: `NAME@TAG.tar` holds
/// `docker.io/openshell/NAME:TAG`. Importing what is there would cost seconds at each start.
async fn import_missing() -> anyhow::Result<()> {
    let listed = ctr(&["images", "list", "--quiet"]).await?;
    for (image, archive) in bundled()? {
        if !listed.lines().any(|line| line == image) {
            let archive = archive.display().to_string();
            if ctr(&["images", "import", "--no-unpack", &archive]).await.is_err() {
                ctr(&["images", "import", &archive]).await?;
            }
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

async fn ctr(arguments: &[&str]) -> anyhow::Result<String> {
    let output = Command::new("ctr")
        .args(["--address", layout::CONTAINERD, "--namespace", "k8s.io"])
        .args(arguments)
        .kill_on_drop(true)
        .output()
        .await
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
