//! Files out of a container, whether it runs or not.

use bollard::query_parameters::DownloadFromContainerOptionsBuilder;
use contract::Failure;
use docker_session::{DockerSession, absent, docker_failure};
use futures_util::TryStreamExt;

use crate::archive::first_file;

/// The file's content; `None` where Docker proves that there is no such file. The container's volumes are part of it.
pub async fn file(session: &DockerSession, container: &str, path: &str) -> Result<Option<Vec<u8>>, Failure> {
    let options = DownloadFromContainerOptionsBuilder::new().path(path).build();
    let archive = session
        .api()
        .download_from_container(container, Some(options))
        .try_fold(Vec::new(), |mut all, part| async move {
            all.extend_from_slice(&part);
            Ok(all)
        })
        .await;
    let archive = absent(archive, path)
        .map_err(|error| docker_failure(&format!("read {path} in container {container}"), &error))?;
    Ok(archive.and_then(|archive| first_file(&archive)))
}
