//! Opening the connection.

use std::io::ErrorKind;
use std::path::Path;

use bollard::{API_DEFAULT_VERSION, Docker};
use contract::{Context, Exit, Failure};

use crate::failure::{docker_failure, permission, unreachable};
use crate::{DockerHost, Settings};

/// Seconds after which bollard itself would give up. The deadline of the run ends a wait long before.
const NEVER: u64 = 86_400;

/// A Docker that answered, spoken to in the newest API version that both sides know.
#[derive(Clone, Debug)]
pub struct DockerSession {
    docker: Docker,
    host: DockerHost,
}

impl DockerSession {
    /// Connects to the Docker that flag and environment mean and agrees on the API version: one round trip.
    ///
    /// `docker_unreachable` (69), `docker_permission` (77), `docker_host_invalid` (2 or 78), `docker_error` (1).
    pub async fn open<R>(context: &Context<R>) -> Result<Self, Failure> {
        Self::open_with(&Settings::of_process(context.common.docker_host.as_deref())).await
    }

    /// The same from settings.
    pub async fn open_with(settings: &Settings) -> Result<Self, Failure> {
        let host = settings.resolve()?;
        let docker = match &host {
            DockerHost::Unix(path) => {
                try_socket(path).await?;
                Docker::connect_with_unix(&path.display().to_string(), NEVER, API_DEFAULT_VERSION)
            }
            DockerHost::Tcp(address) => {
                Docker::connect_with_http(&format!("tcp://{address}"), NEVER, API_DEFAULT_VERSION)
            }
        };
        let failed = |error| docker_failure(&format!("reach Docker at {host}"), &error);
        let docker = docker
            .map_err(failed)?
            .negotiate_version()
            .await
            .map_err(failed)?;
        Ok(Self { docker, host })
    }

    /// The client of the engine's API.
    pub fn api(&self) -> &Docker {
        &self.docker
    }

    /// Which Docker it is.
    pub fn host(&self) -> &DockerHost {
        &self.host
    }

    /// Is it a Docker of this machine, so that its published ports are ports of this machine?
    pub fn is_local(&self) -> bool {
        matches!(self.host, DockerHost::Unix(_))
    }
}

/// Says what is wrong with a socket in its own words, where bollard would only say that it failed.
async fn try_socket(path: &Path) -> Result<(), Failure> {
    let shown = path.display();
    tokio::net::UnixStream::connect(path)
        .await
        .map(drop)
        .map_err(|error| match error.kind() {
            ErrorKind::PermissionDenied => permission(&format!("unix://{shown}")),
            ErrorKind::NotFound => unreachable(format!("there is no Docker socket at {shown}")),
            ErrorKind::ConnectionRefused => {
                unreachable(format!("nothing listens on Docker's socket {shown}"))
            }
            _ => Failure::new(
                Exit::Unavailable,
                "docker_unreachable",
                format!("cannot connect to Docker's socket {shown}: {error}"),
                "name another by --docker-host or DOCKER_HOST",
            ),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(path: &Path) -> Settings {
        Settings {
            flag: Some(format!("unix://{}", path.display())),
            ..Settings::default()
        }
    }

    #[tokio::test]
    async fn a_missing_and_a_dead_socket_are_told_apart() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("docker.sock");
        let failure = DockerSession::open_with(&at(&path)).await.unwrap_err();
        assert_eq!((failure.reason, failure.exit.code()), ("docker_unreachable", 69));
        assert!(
            failure.message.contains("no Docker socket"),
            "{}",
            failure.message
        );
        drop(std::os::unix::net::UnixListener::bind(&path).unwrap());
        let failure = DockerSession::open_with(&at(&path)).await.unwrap_err();
        assert_eq!(failure.reason, "docker_unreachable");
        assert!(failure.message.contains("nothing listens"), "{}", failure.message);
    }

    /// Answers one request with these bytes.
    fn answer(listener: tokio::net::UnixListener, bytes: &'static [u8]) {
        tokio::spawn(async move {
            use tokio::io::{AsyncReadExt, AsyncWriteExt};
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut request = [0; 4096];
                if stream.read(&mut request).await.unwrap_or(0) > 0 {
                    stream.write_all(bytes).await.unwrap();
                    stream.shutdown().await.unwrap();
                }
            }
        });
    }

    #[tokio::test]
    async fn speaks_the_older_of_both_versions_and_never_takes_an_error_for_an_answer() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("docker.sock");
        let listener = tokio::net::UnixListener::bind(&path).unwrap();
        answer(
            listener,
            b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 21\r\n\r\n{\"ApiVersion\":\"1.41\"}",
        );
        let session = DockerSession::open_with(&at(&path)).await.unwrap();
        assert_eq!(session.api().client_version().minor_version, 41);
        assert!(session.is_local());

        for (name, bytes, reason) in [
            (
                "500",
                &b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 15\r\n\r\n{\"message\":\"x\"}"[..],
                "docker_error",
            ),
            (
                "cut",
                &b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"Api"[..],
                "docker_unreachable",
            ),
            ("closed", &b""[..], "docker_unreachable"),
        ] {
            let path = folder.path().join(name);
            answer(tokio::net::UnixListener::bind(&path).unwrap(), bytes);
            let failure = DockerSession::open_with(&at(&path)).await.unwrap_err();
            assert_eq!(failure.reason, reason, "{name}: {}", failure.message);
        }
    }
}
