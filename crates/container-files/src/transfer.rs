//! Whole archives between Docker and what reads or writes them on a thread that may block.

use std::io::Error;

use bollard::body_try_stream;
use bollard::query_parameters::UploadToContainerOptionsBuilder;
use docker_session::DockerSession;
use futures_util::{StreamExt, stream};

use crate::byte_channel::{PartReader, PartWriter, parts};
use crate::fetch;

/// Which side of a transfer broke.
#[derive(Debug)]
pub enum Broken {
    /// Docker's.
    Docker(bollard::errors::Error),
    /// This one.
    Here(Error),
}

/// Fills a folder of the container with the archive that `write` writes.
pub async fn fill(
    session: &DockerSession,
    container: &str,
    folder: &str,
    write: impl FnOnce(PartWriter) -> Result<(), Error> + Send + 'static,
) -> Result<(), Broken> {
    let (sender, receiver) = parts();
    let writer = tokio::task::spawn_blocking(move || write(PartWriter(sender)));
    let body = body_try_stream(stream::unfold(receiver, |mut receiver| async {
        receiver.recv().await.map(|part| (part, receiver))
    }));
    let options = UploadToContainerOptionsBuilder::new().path(folder).build();
    let put = session.api().upload_to_container(container, Some(options), body);
    put.await.map_err(Broken::Docker)?;
    let written = writer.await.unwrap_or_else(|error| Err(Error::other(error)));
    written.map_err(Broken::Here)
}

/// Hands what is at this path to `read`, as an archive.
pub async fn drain<T: Send + 'static>(
    session: &DockerSession,
    container: &str,
    path: &str,
    read: impl FnOnce(PartReader) -> Result<T, Error> + Send + 'static,
) -> Result<T, Broken> {
    let (sender, receiver) = parts();
    let reader = tokio::task::spawn_blocking(move || read(PartReader::new(receiver)));
    let mut stream = fetch::stream(session, container, path);
    let mut broken = None;
    while let Some(part) = stream.next().await {
        let part = part.map_err(|error| {
            broken = Some(error);
            Error::other("Docker's answer broke off")
        });
        // A reader that has ended says why below.
        if sender.send(part).await.is_err() || broken.is_some() {
            break;
        }
    }
    drop(sender);
    let done = reader.await.unwrap_or_else(|error| Err(Error::other(error)));
    match broken {
        Some(error) => Err(Broken::Docker(error)),
        None => done.map_err(Broken::Here),
    }
}
