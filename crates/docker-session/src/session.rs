//! Opening the connection.

use std::io::ErrorKind;

use bollard::errors::Error;
use bollard::{API_DEFAULT_VERSION, BollardRequest, ClientVersion, Docker};
use contract::{Context, Failure};

use crate::dial::{Dialer, Stream};
use crate::failure::{docker_failure, permission, unreachable};
use crate::machine::{Machine, machine};
use crate::transport::{self, Greeting};
use crate::{DOCKER_HOST_INVALID, DOCKER_TOO_OLD, DOCKER_UNREACHABLE, DockerHost, Settings};

/// Seconds after which bollard itself would give up. The deadline of the run ends a wait long before.
const NEVER: u64 = 86_400;
/// The oldest version of the API that is spoken: that of Docker 20.10.
const OLDEST: (usize, usize) = (1, 41);

/// A Docker that answered, spoken to in the newest API version that both sides know.
#[derive(Clone)]
pub struct DockerSession {
    docker: Docker,
    dialer: Dialer,
    host: DockerHost,
    podman: bool,
}

impl DockerSession {
    /// Connects to the Docker that flag and environment mean and agrees on the API version: one round trip.
    ///
    /// `docker_unreachable` (69), `docker_too_old` (69), `docker_permission` (77), `docker_host_invalid` (2 or 78),
    /// `docker_error` (1).
    pub async fn open<R>(context: &Context<R>) -> Result<Self, Failure> {
        let mut settings = Settings::of_process(context.common.docker_host.as_deref());
        settings.ssh_key.clone_from(&context.common.ssh_key);
        Self::open_with(&settings).await
    }

    /// The same from settings.
    pub async fn open_with(settings: &Settings) -> Result<Self, Failure> {
        let host = settings.resolve()?;
        let dialer = Dialer::new(&host).map_err(|why| {
            DOCKER_HOST_INVALID.failure(
                format!("TLS to Docker at {host}: {why}"),
                "correct the files that DOCKER_CERT_PATH or the Docker context names",
            )
        })?;
        let Greeting { version, podman } = transport::greet(&dialer)
            .await
            .map_err(|error| unanswered(&host, &error))?;
        let agreed = transport::agreed(version, API_DEFAULT_VERSION, OLDEST);
        if agreed < OLDEST {
            return Err(DOCKER_TOO_OLD.failure(
                format!(
                    "Docker at {host} speaks version {}.{} of its API: 1.41 or later is needed",
                    agreed.0, agreed.1
                ),
                "upgrade Docker to 20.10 or later",
            ));
        }
        let version = ClientVersion {
            major_version: agreed.0,
            minor_version: agreed.1,
        };
        let sender = dialer.clone();
        let send = move |request: BollardRequest| transport::send(sender.clone(), request);
        let docker = Docker::connect_with_custom_transport(send, Some("http://docker"), NEVER, &version)
            .map_err(|error| docker_failure(&format!("reach Docker at {host}"), &error))?;
        Ok(Self {
            docker,
            dialer,
            host,
            podman,
        })
    }

    /// The client of the engine's API.
    pub fn api(&self) -> &Docker {
        &self.docker
    }

    /// Which Docker it is.
    pub fn host(&self) -> &DockerHost {
        &self.host
    }

    /// The version of the API that is spoken, such as `1.41`.
    pub fn api_version(&self) -> String {
        self.docker.client_version().to_string()
    }

    /// The bytes that a volume takes, from `/system/df`, which bollard reads only in its newest form. `None` where the
    /// engine does not say. It measures everything and takes seconds.
    pub async fn volume_size(&self, name: &str) -> Result<Option<u64>, Failure> {
        let failed = |error| docker_failure("measure the volume", &error);
        let path = format!("/v{}/system/df", self.api_version());
        let (_, body) = transport::get(&self.dialer, &path).await.map_err(failed)?;
        let usage: serde_json::Value = serde_json::from_slice(&body).map_err(|error| failed(error.into()))?;
        let volumes = usage
            .get("Volumes")
            .or_else(|| usage.pointer("/VolumeUsage/Items"));
        let own = volumes
            .and_then(|volumes| volumes.as_array())
            .and_then(|volumes| volumes.iter().find(|it| it["Name"] == name));
        Ok(own.and_then(|it| it.pointer("/UsageData/Size")?.as_u64()))
    }

    /// Is it podman, which speaks Docker's API? Nothing but reading is tried with it.
    pub fn is_podman(&self) -> bool {
        self.podman
    }

    /// The machine that it runs on, where that is another one.
    pub async fn machine(&self) -> Option<Machine> {
        machine(&self.host).await
    }

    /// A new connection to a TCP port as Docker's machine reaches it: directly on this machine, through ssh on another one.
    pub async fn dial_port(&self, host: &str, port: u16) -> Result<Box<dyn Stream>, std::io::Error> {
        self.dialer.dial_port(host, port).await
    }

    /// What ssh complained of last, where Docker is behind it and a connection has broken.
    pub async fn complaint(&self) -> Option<String> {
        self.dialer.complaint().await
    }

    /// Is it a Docker of this machine, so that its published ports are ports of this machine?
    pub fn is_local(&self) -> bool {
        matches!(self.host, DockerHost::Unix(_))
    }
}

/// Says what is wrong with the host in its own words.
fn unanswered(host: &DockerHost, error: &Error) -> Failure {
    let Error::IOError { err } = error else {
        return docker_failure(&format!("reach Docker at {host}"), error);
    };
    match (host, err.kind()) {
        (DockerHost::Unix(path), ErrorKind::PermissionDenied) => {
            permission(&format!("unix://{}", path.display()))
        }
        (DockerHost::Unix(path), ErrorKind::NotFound) => {
            unreachable(format!("there is no Docker socket at {}", path.display()))
        }
        (DockerHost::Unix(path), ErrorKind::ConnectionRefused) => {
            unreachable(format!("nothing listens on Docker's socket {}", path.display()))
        }
        _ => DOCKER_UNREACHABLE.failure(
            format!(
                "cannot connect to Docker at {host}: {}",
                error_words::explain(err)
            ),
            "see whether it answers: docker --host URL info; or name another by --docker-host or DOCKER_HOST",
        ),
    }
}

impl std::fmt::Debug for DockerSession {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("DockerSession")
            .field("host", &self.host)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

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

    /// Answers each request with these bytes.
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
        let opened = async |name: &str, bytes: &'static [u8]| {
            let path = folder.path().join(name);
            answer(tokio::net::UnixListener::bind(&path).unwrap(), bytes);
            DockerSession::open_with(&at(&path)).await
        };
        let docker = opened(
            "docker",
            b"HTTP/1.1 200 OK\r\nApi-Version: 1.42\r\nContent-Length: 2\r\n\r\nOK",
        )
        .await;
        let docker = docker.unwrap();
        assert_eq!(
            (
                docker.api_version().as_str(),
                docker.is_podman(),
                docker.is_local()
            ),
            ("1.42", false, true)
        );
        let newer = opened(
            "newer",
            b"HTTP/1.1 200 OK\r\nApi-Version: 1.999\r\nContent-Length: 2\r\n\r\nOK",
        )
        .await;
        assert_eq!(newer.unwrap().api_version(), API_DEFAULT_VERSION.to_string());
        let podman = opened(
            "podman",
            b"HTTP/1.1 200 OK\r\nApi-Version: 1.41\r\nLibpod-Api-Version: 4.3.1\r\nContent-Length: 2\r\n\r\nOK",
        );
        assert!(podman.await.unwrap().is_podman());

        for (name, bytes, reason) in [
            (
                "500",
                &b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 15\r\n\r\n{\"message\":\"x\"}"[..],
                "docker_error",
            ),
            (
                "old",
                &b"HTTP/1.1 200 OK\r\nApi-Version: 1.40\r\nContent-Length: 2\r\n\r\nOK"[..],
                "docker_too_old",
            ),
            (
                "cut",
                &b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"Api"[..],
                "docker_unreachable",
            ),
            ("closed", &b""[..], "docker_unreachable"),
        ] {
            let failure = opened(name, bytes).await.unwrap_err();
            assert_eq!(failure.reason, reason, "{name}: {}", failure.message);
        }
    }
}
