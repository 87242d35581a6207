//! Credentials of a registry: read from a file or the environment, kept in files of mode 0600, and never shown.
//!
//! An image of this project takes them as k3s does, in `/etc/rancher/k3s/registries.yaml`
//! (<https://docs.k3s.io/installation/private-registry>); another image as REGISTRY_USERNAME and REGISTRY_PASSWORD.

use std::io::Read;

use bollard::auth::DockerCredentials;
use contract::{Exit, Failure, fingerprint};
use serde_json::json;

use crate::fetch;
use crate::flags::EnsureFlags;
use crate::work::Work;

/// Beside the client's files, and in the container's folder.
const FILE: &str = "registries.yaml";
const FOLDER: &str = "/etc/rancher/k3s";

/// Name and password, or token.
#[derive(Clone, PartialEq, Eq)]
pub struct Credentials {
    pub username: String,
    pub password: String,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.fingerprint())
    }
}

impl Credentials {
    /// As the specification shows them.
    pub fn fingerprint(&self) -> String {
        fingerprint(format!("{}:{}", self.username, self.password).as_bytes())
    }

    /// What Docker takes when it asks the registry.
    pub fn for_docker(&self) -> DockerCredentials {
        DockerCredentials {
            username: Some(self.username.clone()),
            password: Some(self.password.clone()),
            ..DockerCredentials::default()
        }
    }

    /// What another image's environment has.
    pub fn environment(&self) -> [String; 2] {
        [
            format!("REGISTRY_USERNAME={}", self.username),
            format!("REGISTRY_PASSWORD={}", self.password),
        ]
    }

    /// The file, for the registry at `host`. JSON is YAML.
    pub fn file(&self, host: &str) -> Vec<u8> {
        let auth = json!({"username": self.username, "password": self.password});
        let content = json!({"configs": {host: {"auth": auth}}});
        serde_json::to_vec(&content).expect("plain data")
    }

    fn parse(text: &[u8]) -> Option<Self> {
        let content: serde_json::Value = serde_norway::from_slice(text).ok()?;
        let auth = content["configs"].as_object()?.values().next()?.get("auth")?;
        Some(Self {
            username: auth["username"].as_str()?.to_owned(),
            password: auth["password"].as_str()?.to_owned(),
        })
    }
}

/// Those that flags or environment name. `registry_password_unreadable` (78), usage (2) where one half is missing.
pub fn named(flags: &EnsureFlags) -> Result<Option<Credentials>, Failure> {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let username = flags
        .registry_username
        .clone()
        .or_else(|| variable("OPENSHELL_REGISTRY_USERNAME"));
    let password = match flags.registry_password_file.as_deref() {
        Some(path) => Some(read_password(path)?),
        None => variable("OPENSHELL_REGISTRY_PASSWORD"),
    };
    match (username, password) {
        (None, None) => Ok(None),
        (Some(username), Some(password)) => Ok(Some(Credentials { username, password })),
        _ => Err(Failure::usage(
            "a registry needs both a user's name and a password",
            "give --registry-username NAME and --registry-password-file FILE",
        )),
    }
}

fn read_password(path: &str) -> Result<String, Failure> {
    let mut text = String::new();
    let read = if path == "-" {
        std::io::stdin().read_to_string(&mut text)
    } else {
        std::fs::File::open(path).and_then(|mut file| file.read_to_string(&mut text))
    };
    let password = text.trim_end_matches(['\r', '\n']).to_owned();
    let why = match read {
        Err(error) => error.to_string(),
        Ok(_) if password.is_empty() => "it is empty".to_owned(),
        Ok(_) => return Ok(password),
    };
    Err(Failure::new(
        Exit::Configuration,
        "registry_password_unreadable",
        format!("cannot read the registry's password from {path}: {why}"),
        "name a file with the password alone: --registry-password-file FILE",
    ))
}

/// Those that are kept: beside the client's files, else in the container.
pub async fn kept(work: &Work, container: Option<&str>) -> Result<Option<Credentials>, Failure> {
    if let Some(text) = work.folder.read_private(FILE)? {
        return Ok(Credentials::parse(&text));
    }
    let Some(container) = container else {
        return Ok(None);
    };
    let text = fetch::file(&work.session, container, &format!("{FOLDER}/{FILE}")).await?;
    Ok(text.and_then(|text| Credentials::parse(&text)))
}

/// Keeps the file beside the client's.
pub fn keep(work: &Work, content: Option<&[u8]>) -> Result<(), Failure> {
    match content {
        Some(content) => work.folder.write_private(FILE, content).map(drop),
        None => work.folder.remove_private(FILE).map(drop),
    }
}

/// Gives a container the file.
pub async fn put(work: &Work, container: &str, content: &[u8]) -> Result<(), Failure> {
    // The folder need not be in the image: the archive brings it along.
    fetch::put(
        &work.session,
        container,
        "/",
        &format!("{}/{FILE}", &FOLDER[1..]),
        0o600,
        content,
    )
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn are_read_as_they_were_written_and_never_shown() {
        let credentials = Credentials {
            username: "u".into(),
            password: "geheim: \"x\"".into(),
        };
        let file = credentials.file("registry.example:5000");
        assert_eq!(Credentials::parse(&file).unwrap(), credentials);
        assert!(!format!("{credentials:?}").contains("geheim"));
        assert!(credentials.fingerprint().starts_with("hmac-sha256:"));
        let k3s = b"mirrors: {}\nconfigs:\n  r:\n    auth:\n      username: a\n      password: b\n";
        assert_eq!(Credentials::parse(k3s).unwrap().password, "b");
        for none in [&b""[..], b"configs: {}", b"[", b"configs:\n  r: 1\n"] {
            assert_eq!(Credentials::parse(none), None);
        }
    }
}
