//! Files out of a container and into it, whether it runs or not. Its volumes are part of it.

use bollard::body_full;
use bollard::query_parameters::{DownloadFromContainerOptionsBuilder, UploadToContainerOptionsBuilder};
use bytes::Bytes;
use contract::Failure;
use docker_session::{DockerSession, absent, docker_failure};
use futures_util::{Stream, StreamExt, TryStreamExt};

use crate::archive::{first_file, of_file};

/// The file's content; `None` where Docker proves that there is no such file.
pub async fn file(session: &DockerSession, container: &str, path: &str) -> Result<Option<Vec<u8>>, Failure> {
    let found = file_with_mode(session, container, path).await?;
    Ok(found.map(|(_, content)| content))
}

/// The same with the file's permission bits before it.
pub async fn file_with_mode(
    session: &DockerSession,
    container: &str,
    path: &str,
) -> Result<Option<(u32, Vec<u8>)>, Failure> {
    let archive = stream(session, container, path)
        .try_fold(Vec::new(), |mut all, part| async move {
            all.extend_from_slice(&part);
            Ok(all)
        })
        .await;
    let archive =
        absent_file(session, archive, path).map_err(|error| cannot_read(container, path, &error))?;
    Ok(archive.and_then(|archive| first_file(&archive)))
}

/// Is there something at this path? Only the first bytes are read. (A HEAD would do, but its 404 names nothing.)
pub async fn exists(session: &DockerSession, container: &str, path: &str) -> Result<bool, Failure> {
    let first = stream(session, container, path).next().await.transpose();
    let first = absent_file(session, first, path).map_err(|error| cannot_read(container, path, &error))?;
    Ok(first.is_some())
}

/// Goes through all that is at this path, part by part. `None` where Docker proves that there is nothing.
pub async fn fold<T>(
    session: &DockerSession,
    container: &str,
    path: &str,
    first: T,
    mut next: impl FnMut(T, &[u8]) -> T,
) -> Result<Option<T>, Failure> {
    let mut parts = stream(session, container, path);
    let folded = async {
        let mut all = first;
        while let Some(part) = parts.try_next().await? {
            all = next(all, &part);
        }
        Ok(all)
    };
    absent_file(session, folded.await, path).map_err(|error| cannot_read(container, path, &error))
}

/// Puts a file of root's into a folder of the container.
pub async fn put(
    session: &DockerSession,
    container: &str,
    folder: &str,
    name: &str,
    mode: u32,
    content: &[u8],
) -> Result<(), Failure> {
    let options = UploadToContainerOptionsBuilder::new().path(folder).build();
    let body = body_full(of_file(name, mode, content).into());
    let put = session
        .api()
        .upload_to_container(container, Some(options), body)
        .await;
    put.map_err(|error| docker_failure(&format!("write {folder}/{name} in container {container}"), &error))
}

/// What is at this path, as an archive.
pub fn stream(
    session: &DockerSession,
    container: &str,
    path: &str,
) -> impl Stream<Item = Result<Bytes, bollard::errors::Error>> + Unpin + use<> {
    let options = DownloadFromContainerOptionsBuilder::new().path(path).build();
    Box::pin(
        session
            .clone()
            .api()
            .download_from_container(container, Some(options)),
    )
}

/// `None` where the file is proven absent. podman says what kind of thing is missing, and does not name it.
fn absent_file<T>(
    session: &DockerSession,
    answer: Result<T, bollard::errors::Error>,
    path: &str,
) -> Result<Option<T>, bollard::errors::Error> {
    use bollard::errors::Error;
    match absent(answer, path) {
        Err(Error::DockerResponseServerError {
            status_code: 404,
            message,
        }) if session.is_podman() && message.ends_with("no such file or directory") => Ok(None),
        ended => ended,
    }
}

fn cannot_read(container: &str, path: &str, error: &bollard::errors::Error) -> Failure {
    docker_failure(&format!("read {path} in container {container}"), error)
}
