//! What is asked of Docker beside the facts of a gateway.

use std::path::Path;

use bollard::query_parameters::DownloadFromContainerOptionsBuilder;
use contract::{Context, Failure};
use docker_session::{DockerSession, absent, docker_failure};
use futures_util::TryStreamExt;
use gateway_facts::{Container, Facts, node_in_certificate};
use gateway_names::{KUBELET_CERTIFICATE, VOLUME_PATH};

use crate::report::{DockerField, Report};

/// How clients reach Docker's machine, where that is another one.
pub async fn machine_address(session: &DockerSession) -> Option<String> {
    session.machine().await.map(|machine| machine.address)
}

/// Opens the connection and says which Docker it is.
pub async fn open(context: &Context<Report>) -> Result<DockerSession, Failure> {
    let session = DockerSession::open(context).await?;
    if session.is_podman() {
        context.console.warning(
            "this is podman, which speaks Docker's API: what is said of the gateway is a best effort",
        );
    }
    context.report.update(|report| {
        report.docker = DockerField {
            host: Some(session.host().to_string()),
            api_version: Some(session.api_version()),
            engine: Some(if session.is_podman() { "podman" } else { "docker" }.to_owned()),
        };
    });
    Ok(session)
}

/// The image's digest in its registry. An image that is gone has none.
pub async fn image_digest(
    session: &DockerSession,
    container: Option<&Container>,
) -> Result<Option<String>, Failure> {
    let Some(container) = container else {
        return Ok(None);
    };
    let answer = absent(
        session.api().inspect_image(&container.image_id).await,
        &container.image_id,
    );
    let image =
        answer.map_err(|error| docker_failure(&format!("inspect image {}", container.image_id), &error))?;
    let digests = image.and_then(|image| image.repo_digests).unwrap_or_default();
    Ok(digests.into_iter().next())
}

/// The node's name that the volume knows: from the volume's folder where this user may read it, which costs nothing;
/// else through the container, which has the volume mounted.
pub async fn node_of_volume(session: &DockerSession, facts: &Facts) -> Result<Option<String>, Failure> {
    let Some(volume) = &facts.volume else {
        return Ok(None);
    };
    if session.is_local() && !volume.mountpoint.is_empty() {
        let folder = Path::new(&volume.mountpoint);
        match std::fs::read(folder.join(KUBELET_CERTIFICATE)) {
            Ok(certificate) => return Ok(node_in_certificate(&certificate)),
            Err(_) if folder.read_dir().is_ok() => return Ok(None),
            Err(_) => {}
        }
    }
    let Some(container) = &facts.container else {
        return Ok(None);
    };
    let path = format!("{VOLUME_PATH}/{KUBELET_CERTIFICATE}");
    let options = DownloadFromContainerOptionsBuilder::new().path(&path).build();
    let archive = session
        .api()
        .download_from_container(&container.id, Some(options));
    let archive: Result<Vec<_>, _> = archive.try_collect().await;
    let archive = absent(archive, &path).map_err(|error| docker_failure(&format!("read {path}"), &error))?;
    // The certificate is text in an archive: its own marks tell where it begins.
    Ok(archive.and_then(|parts| node_in_certificate(&parts.concat())))
}

/// What the volume takes, where that was asked for.
pub async fn size_of_volume(
    session: &DockerSession,
    facts: &Facts,
    asked: bool,
) -> Result<Option<u64>, Failure> {
    let Some(volume) = facts.volume.as_ref().filter(|_| asked) else {
        return Ok(None);
    };
    session.volume_size(&volume.name).await
}
