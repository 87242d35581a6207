//! Which Docker is meant: flag, DOCKER_HOST, the docker command line's current context, the platform's socket.

use std::path::{Path, PathBuf};

use contract::{Exit, Failure};
use sha2::{Digest, Sha256};

/// Where a Docker listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DockerHost {
    /// A socket of this machine.
    Unix(PathBuf),
    /// `host:port`, without TLS.
    Tcp(String),
}

impl std::fmt::Display for DockerHost {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unix(path) => write!(formatter, "unix://{}", path.display()),
            Self::Tcp(address) => write!(formatter, "tcp://{address}"),
        }
    }
}

/// What the choice depends on. Empty variables count as unset.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// `--docker-host`.
    pub flag: Option<String>,
    /// DOCKER_HOST.
    pub docker_host: Option<String>,
    /// DOCKER_CONTEXT.
    pub docker_context: Option<String>,
    /// DOCKER_CONFIG, else `$HOME/.docker`.
    pub config_folder: Option<PathBuf>,
    /// Sockets to look for, in this order.
    pub sockets: Vec<PathBuf>,
    /// DOCKER_TLS_VERIFY is set.
    pub tls: bool,
}

impl Settings {
    /// The settings of this process.
    pub fn of_process(flag: Option<&str>) -> Self {
        let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let mut sockets = vec![PathBuf::from("/var/run/docker.sock")];
        if let Some(runtime) = variable("XDG_RUNTIME_DIR") {
            sockets.push(Path::new(&runtime).join("docker.sock"));
            sockets.push(Path::new(&runtime).join("podman/podman.sock"));
        }
        sockets.push(PathBuf::from("/run/podman/podman.sock"));
        Self {
            flag: flag.map(str::to_owned),
            docker_host: variable("DOCKER_HOST"),
            docker_context: variable("DOCKER_CONTEXT"),
            config_folder: variable("DOCKER_CONFIG")
                .map(PathBuf::from)
                .or_else(|| variable("HOME").map(|home| Path::new(&home).join(".docker"))),
            sockets,
            tls: variable("DOCKER_TLS_VERIFY").is_some(),
        }
    }

    /// The Docker that these settings mean. `docker_host_invalid` (78, or 2 where the flag is wrong).
    pub fn resolve(&self) -> Result<DockerHost, Failure> {
        if let Some(text) = &self.flag {
            return self.parse(text, Exit::Usage, "--docker-host");
        }
        if let Some(text) = &self.docker_host {
            return self.parse(text, Exit::Configuration, "DOCKER_HOST");
        }
        if let Some((context, text)) = self.host_of_context()? {
            return self.parse(&text, Exit::Configuration, &format!("Docker context {context}"));
        }
        // A socket that may not be looked at is there: the refusal is told, not hidden behind the next one.
        let present = |path: &&PathBuf| !matches!(path.try_exists(), Ok(false));
        let first = self.sockets.iter().find(present).or(self.sockets.first());
        first.cloned().map(DockerHost::Unix).ok_or_else(|| {
            invalid(
                Exit::Configuration,
                "no Docker socket is known".to_owned(),
                "--docker-host",
            )
        })
    }

    fn parse(&self, text: &str, exit: Exit, origin: &str) -> Result<DockerHost, Failure> {
        if let Some(path) = text.strip_prefix("unix://").filter(|path| path.starts_with('/')) {
            return Ok(DockerHost::Unix(path.into()));
        }
        if let Some(address) = text.strip_prefix("tcp://").filter(|rest| !rest.is_empty()) {
            if self.tls {
                return Err(invalid(
                    exit,
                    format!("{origin}: Docker over TCP with TLS (DOCKER_TLS_VERIFY) is not supported"),
                    origin,
                ));
            }
            return Ok(DockerHost::Tcp(address.trim_end_matches('/').to_owned()));
        }
        Err(invalid(
            exit,
            format!(
                "{origin}: '{}' is not supported: unix:///PATH or tcp://HOST:PORT is expected",
                text.escape_debug()
            ),
            origin,
        ))
    }

    /// The current context's name and host; `None` for the default context.
    fn host_of_context(&self) -> Result<Option<(String, String)>, Failure> {
        let Some(folder) = &self.config_folder else {
            return Ok(None);
        };
        let context = match &self.docker_context {
            Some(context) => Some(context.clone()),
            None => text_at(&folder.join("config.json"), "/currentContext"),
        };
        let Some(context) = context.filter(|name| !name.is_empty() && name != "default") else {
            return Ok(None);
        };
        let digest: String = Sha256::digest(context.as_bytes())
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let meta = folder.join("contexts/meta").join(digest).join("meta.json");
        let host = text_at(&meta, "/Endpoints/docker/Host").ok_or_else(|| {
            invalid(
                Exit::Configuration,
                format!(
                    "the current Docker context {context} has no readable host in {}",
                    meta.display()
                ),
                "the context: docker context ls",
            )
        })?;
        Ok(Some((context, host)))
    }
}

/// A text in a JSON file; `None` where file or text is missing: the docker command line then uses its defaults too.
fn text_at(file: &Path, pointer: &str) -> Option<String> {
    let content = std::fs::read(file).ok()?;
    let value: serde_json::Value = serde_json::from_slice(&content).ok()?;
    value.pointer(pointer)?.as_str().map(str::to_owned)
}

fn invalid(exit: Exit, message: String, correct: &str) -> Failure {
    Failure::new(exit, "docker_host_invalid", message, format!("correct {correct}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(folder: &Path) -> Settings {
        Settings {
            config_folder: Some(folder.to_owned()),
            sockets: vec![folder.join("one.sock"), folder.join("two.sock")],
            ..Settings::default()
        }
    }

    #[test]
    fn flag_then_environment_then_context_then_socket() {
        let folder = tempfile::tempdir().unwrap();
        let mut settings = settings(folder.path());
        let shown = |settings: &Settings| settings.resolve().unwrap().to_string();
        let socket = |name: &str| format!("unix://{}", folder.path().join(name).display());
        assert_eq!(shown(&settings), socket("one.sock"));
        std::fs::write(folder.path().join("two.sock"), "").unwrap();
        assert_eq!(shown(&settings), socket("two.sock"));

        std::fs::write(folder.path().join("config.json"), r#"{"currentContext":"far"}"#).unwrap();
        assert_eq!(settings.resolve().unwrap_err().reason, "docker_host_invalid");
        // sha256 of "far", as the docker command line names the folder.
        let digest = Sha256::digest(b"far");
        let name: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        let meta = folder.path().join("contexts/meta").join(name);
        std::fs::create_dir_all(&meta).unwrap();
        let content = r#"{"Name":"far","Endpoints":{"docker":{"Host":"tcp://far:2375"}}}"#;
        std::fs::write(meta.join("meta.json"), content).unwrap();
        assert_eq!(shown(&settings), "tcp://far:2375");
        settings.docker_context = Some("default".into());
        assert_eq!(shown(&settings), socket("two.sock"));

        settings.docker_host = Some("unix:///of/environment".into());
        assert_eq!(shown(&settings), "unix:///of/environment");
        settings.flag = Some("unix:///of/flag".into());
        assert_eq!(shown(&settings), "unix:///of/flag");
    }

    #[test]
    fn other_kinds_are_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        for (flag, environment, code) in [
            (Some("ssh://host"), None, 2),
            (Some("unix://relative"), None, 2),
            (None, Some("npipe:////./pipe/docker"), 78),
        ] {
            let settings = Settings {
                flag: flag.map(str::to_owned),
                docker_host: environment.map(str::to_owned),
                ..settings(folder.path())
            };
            let failure = settings.resolve().unwrap_err();
            assert_eq!(
                (failure.reason, failure.exit.code()),
                ("docker_host_invalid", code)
            );
        }
    }
}
