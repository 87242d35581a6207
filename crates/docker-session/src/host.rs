//! Which Docker is meant: flag, DOCKER_HOST, the docker command line's current context, the platform's socket.

use std::path::{Path, PathBuf};

use crate::DOCKER_HOST_INVALID;
use contract::{Exit, Failure};
use sha2::{Digest, Sha256};

/// Where a Docker listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DockerHost {
    /// A socket of this machine.
    Unix(PathBuf),
    /// `host:port`, without TLS.
    Tcp(String),
    /// `host:port`, with TLS on both sides.
    Tls(String, TlsFiles),
    /// A machine that ssh reaches and that has the docker command.
    Ssh(Ssh),
}

/// PEM files of a client of Docker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// The CA of the engine's certificate.
    pub ca: PathBuf,
    /// The client's certificate.
    pub certificate: PathBuf,
    /// The client's private key.
    pub key: PathBuf,
}

impl TlsFiles {
    /// Named as the docker command line names them.
    fn in_folder(folder: &Path) -> Self {
        Self {
            ca: folder.join("ca.pem"),
            certificate: folder.join("cert.pem"),
            key: folder.join("key.pem"),
        }
    }
}

/// A destination of ssh.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ssh {
    /// Who logs in; else ssh decides.
    pub user: Option<String>,
    /// Name or address, or an alias of ssh's configuration.
    pub host: String,
    /// TCP port; else ssh decides.
    pub port: Option<u16>,
    /// The private key's file; else ssh decides.
    pub key: Option<PathBuf>,
}

impl Ssh {
    /// `[user@]host[:port]`. `None` for what ssh could take for an option, and for what is no destination.
    fn parse(text: &str) -> Option<Self> {
        let (user, rest) = text
            .split_once('@')
            .map_or((None, text), |(user, rest)| (Some(user), rest));
        let (host, port) = match rest.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            Some((host, "")) => (host, None),
            Some((host, port)) => (host, Some(port.strip_prefix(':')?)),
            None => rest
                .rsplit_once(':')
                .map_or((rest, None), |(host, port)| (host, Some(port))),
        };
        let plain = |word: &str| {
            let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '%');
            !word.is_empty() && !word.starts_with('-') && word.chars().all(allowed)
        };
        let port = port.map(str::parse).transpose().ok()?.filter(|port| *port != 0);
        (plain(host) && user.is_none_or(plain)).then(|| Self {
            user: user.map(str::to_owned),
            host: host.to_owned(),
            port,
            key: None,
        })
    }

    /// What ssh is told: its further options, and the command that is run there.
    pub fn words(&self, options: &[&str], command: &[&str]) -> Vec<String> {
        let mut words: Vec<String> = ["-T", "-o", "ConnectTimeout=30"].map(str::to_owned).to_vec();
        words.extend(options.iter().map(|word| (*word).to_owned()));
        if let Some(user) = &self.user {
            words.extend(["-l".to_owned(), user.clone()]);
        }
        if let Some(port) = self.port {
            words.extend(["-p".to_owned(), port.to_string()]);
        }
        if let Some(key) = &self.key {
            words.extend(["-i".to_owned(), key.display().to_string()]);
        }
        words.extend(["--".to_owned(), self.host.clone()]);
        words.extend(command.iter().map(|word| (*word).to_owned()));
        words
    }
}

impl std::fmt::Display for DockerHost {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unix(path) => write!(formatter, "unix://{}", path.display()),
            Self::Tcp(address) | Self::Tls(address, _) => write!(formatter, "tcp://{address}"),
            Self::Ssh(ssh) => {
                let user = ssh
                    .user
                    .as_ref()
                    .map_or_else(String::new, |user| format!("{user}@"));
                let port = ssh.port.map_or_else(String::new, |port| format!(":{port}"));
                write!(formatter, "ssh://{user}{}{port}", ssh.host)
            }
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
    /// DOCKER_CERT_PATH; else the docker command line's own folder.
    pub certificates: Option<PathBuf>,
    /// `--ssh-key`.
    pub ssh_key: Option<PathBuf>,
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
            certificates: variable("DOCKER_CERT_PATH").map(PathBuf::from),
            ssh_key: None,
        }
    }

    /// The Docker that these settings mean. `docker_host_invalid` (78, or 2 where the flag is wrong).
    pub fn resolve(&self) -> Result<DockerHost, Failure> {
        let tls = || {
            let folder = self.certificates.as_ref().or(self.config_folder.as_ref());
            folder
                .filter(|_| self.tls)
                .map(|folder| TlsFiles::in_folder(folder))
        };
        if let Some(text) = &self.flag {
            return self.parse(text, tls(), Exit::Usage, "--docker-host");
        }
        if let Some(text) = &self.docker_host {
            return self.parse(text, tls(), Exit::Configuration, "DOCKER_HOST");
        }
        if let Some(found) = self.current_context()? {
            let origin = format!("Docker context {}", found.name);
            return self.parse(&found.host, found.tls, Exit::Configuration, &origin);
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

    fn parse(
        &self,
        text: &str,
        tls: Option<TlsFiles>,
        exit: Exit,
        origin: &str,
    ) -> Result<DockerHost, Failure> {
        if let Some(path) = text.strip_prefix("unix://").filter(|path| path.starts_with('/')) {
            return Ok(DockerHost::Unix(path.into()));
        }
        if let Some(address) = text.strip_prefix("tcp://").filter(|rest| !rest.is_empty()) {
            let address = address.trim_end_matches('/').to_owned();
            return Ok(match tls {
                Some(files) => DockerHost::Tls(address, files),
                None => DockerHost::Tcp(address),
            });
        }
        let destination = text.strip_prefix("ssh://").map(|rest| rest.trim_end_matches('/'));
        if let Some(ssh) = destination.and_then(Ssh::parse) {
            return Ok(DockerHost::Ssh(Ssh {
                key: self.ssh_key.clone(),
                ..ssh
            }));
        }
        Err(invalid(
            exit,
            format!(
                "{origin}: '{}' is not supported: unix:///PATH, tcp://HOST:PORT or ssh://[USER@]HOST[:PORT] is expected",
                text.escape_debug()
            ),
            origin,
        ))
    }

    /// The current context's host; `None` for the default context.
    fn current_context(&self) -> Result<Option<FoundContext>, Failure> {
        let Some(folder) = &self.config_folder else {
            return Ok(None);
        };
        let context = match &self.docker_context {
            Some(context) => Some(context.clone()),
            None => text_at(&folder.join("config.json"), "/currentContext"),
        };
        let Some(name) = context.filter(|name| !name.is_empty() && name != "default") else {
            return Ok(None);
        };
        let digest = hex::encode(Sha256::digest(name.as_bytes()));
        let meta = folder.join("contexts/meta").join(&digest).join("meta.json");
        let host = text_at(&meta, "/Endpoints/docker/Host").ok_or_else(|| {
            invalid(
                Exit::Configuration,
                format!(
                    "the current Docker context {name} has no readable host in {}",
                    meta.display()
                ),
                "the context: docker context ls",
            )
        })?;
        let files = folder.join("contexts/tls").join(&digest).join("docker");
        let tls = files.is_dir().then(|| TlsFiles::in_folder(&files));
        Ok(Some(FoundContext { name, host, tls }))
    }
}

/// A context of the docker command line.
struct FoundContext {
    name: String,
    host: String,
    tls: Option<TlsFiles>,
}

/// A text in a JSON file; `None` where file or text is missing: the docker command line then uses its defaults too.
fn text_at(file: &Path, pointer: &str) -> Option<String> {
    let content = std::fs::read(file).ok()?;
    let value: serde_json::Value = serde_json::from_slice(&content).ok()?;
    value.pointer(pointer)?.as_str().map(str::to_owned)
}

fn invalid(exit: Exit, message: String, correct: &str) -> Failure {
    DOCKER_HOST_INVALID
        .ending_with(exit)
        .failure(message, format!("correct {correct}"))
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
        let name = hex::encode(Sha256::digest(b"far"));
        let meta = folder.path().join("contexts/meta").join(&name);
        std::fs::create_dir_all(&meta).unwrap();
        let content = r#"{"Name":"far","Endpoints":{"docker":{"Host":"tcp://far:2375"}}}"#;
        std::fs::write(meta.join("meta.json"), content).unwrap();
        assert_eq!(shown(&settings), "tcp://far:2375");
        assert!(matches!(settings.resolve().unwrap(), DockerHost::Tcp(_)));
        let tls = folder.path().join("contexts/tls").join(&name).join("docker");
        std::fs::create_dir_all(&tls).unwrap();
        match settings.resolve().unwrap() {
            DockerHost::Tls(_, files) => assert_eq!(files.key, tls.join("key.pem")),
            other => panic!("{other:?}"),
        }
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
            (Some("ssh://-oProxyCommand=x"), None, 2),
            (Some("ssh://host:0x"), None, 2),
            (Some("ssh://a b"), None, 2),
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

    #[test]
    fn ssh_is_told_user_port_and_key_and_never_an_option() {
        let settings = Settings {
            flag: Some("ssh://me@far:2222".to_owned()),
            ssh_key: Some("/k".into()),
            ..Settings::default()
        };
        let host = settings.resolve().unwrap();
        assert_eq!(host.to_string(), "ssh://me@far:2222");
        let DockerHost::Ssh(ssh) = host else {
            panic!("{host}")
        };
        let words = [
            "-T",
            "-o",
            "ConnectTimeout=30",
            "-l",
            "me",
            "-p",
            "2222",
            "-i",
            "/k",
            "--",
            "far",
        ];
        assert_eq!(ssh.words(&[], &[]), words);
        assert_eq!(ssh.words(&["-W", "a:1"], &["true"])[3..5], ["-W", "a:1"]);
        assert_eq!(ssh.words(&[], &["true"]).last().unwrap(), "true");
        assert_eq!(Ssh::parse("[fd00::1]:22").unwrap().host, "fd00::1");
        assert_eq!(Ssh::parse("far").unwrap().port, None);
    }

    #[test]
    fn dockers_variables_name_the_files_for_tls() {
        let settings = Settings {
            docker_host: Some("tcp://far:2376".to_owned()),
            tls: true,
            certificates: Some("/c".into()),
            ..Settings::default()
        };
        let expected = DockerHost::Tls("far:2376".to_owned(), TlsFiles::in_folder(Path::new("/c")));
        assert_eq!(settings.resolve().unwrap(), expected);
    }
}
