//! A registry and its credentials: read from a file or the environment, kept in files of mode 0600, and never shown.
//!
//! An image of this project takes them as k3s does, in `/etc/rancher/k3s/registries.yaml`
//! (<https://docs.k3s.io/installation/private-registry>); another image as REGISTRY_USERNAME and REGISTRY_PASSWORD.

use std::path::Path;

use bollard::auth::DockerCredentials;
use contract::{Exit, Failure, fingerprint};
use gateway_facts::Registry;
use serde_json::json;

use crate::fetch;
use crate::flags::EnsureFlags;
use crate::work::Work;

/// Beside the client's files, and in the container's folder.
const FILE: &str = "registries.yaml";
const FOLDER: &str = "/etc/rancher/k3s";

/// More than any token has, in bytes.
const LONGEST_PASSWORD: usize = 1024 * 1024;

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

    fn parse(text: &[u8]) -> Option<Self> {
        let content: serde_json::Value = serde_norway::from_slice(text).ok()?;
        let auth = content["configs"].as_object()?.values().next()?.get("auth")?;
        Some(Self {
            username: auth["username"].as_str()?.to_owned(),
            password: auth["password"].as_str()?.to_owned(),
        })
    }
}

/// What the node needs to know of the registry that is named, or else of the image's own; `None` where that is nothing. JSON is YAML.
pub fn file(registry: &Registry, of_image: &str, credentials: Option<&Credentials>) -> Option<Vec<u8>> {
    let host = registry.host.as_deref().unwrap_or(of_image);
    if credentials.is_none() && !registry.insecure && registry.endpoint.is_none() {
        return None;
    }
    // containerd speaks TLS to a registry unless it is given an address that says otherwise, and asks for the credentials of
    // the host of that address.
    let address = registry.endpoint.as_deref().unwrap_or(host);
    let (scheme, reached) = address
        .split_once("://")
        .unwrap_or((if registry.insecure { "http" } else { "https" }, address));
    let mut content = json!({});
    if registry.insecure || registry.endpoint.is_some() {
        content["mirrors"] = json!({host: {"endpoint": [format!("{scheme}://{reached}")]}});
    }
    if let Some(Credentials { username, password }) = credentials {
        let auth = json!({"username": username, "password": password});
        let at = reached.split('/').next().unwrap_or(reached);
        content["configs"] = json!({host: {"auth": auth}, at: {"auth": auth}});
    }
    Some(serde_json::to_vec(&content).expect("plain data"))
}

/// Those that flags or environment name. `registry_password_unreadable` (78), usage (2) where one half is missing.
pub async fn named(flags: &EnsureFlags) -> Result<Option<Credentials>, Failure> {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let username = flags
        .registry_username
        .clone()
        .or_else(|| variable("OPENSHELL_REGISTRY_USERNAME"));
    let password = match flags.registry_password_file.as_deref() {
        Some(path) => Some(read_password(path).await?),
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

async fn read_password(path: &str) -> Result<String, Failure> {
    let why = match contract::read_input(Path::new(path), LONGEST_PASSWORD).await {
        Err(error) => error.to_string(),
        Ok(content) => match std::str::from_utf8(&content).map(|text| text.trim_end_matches(['\r', '\n'])) {
            Err(_) => "it is no text".to_owned(),
            Ok("") => "it is empty".to_owned(),
            Ok(password) => return Ok(password.to_owned()),
        },
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
    fn a_registry_without_tls_or_elsewhere_is_a_mirror_of_itself() {
        let credentials = Credentials {
            username: "u".into(),
            password: "p".into(),
        };
        let shown = |registry: &Registry, credentials| {
            file(registry, "r:1", credentials).map(|text| String::from_utf8(text).unwrap())
        };
        let mut registry = Registry::default();
        assert_eq!(shown(&registry, None), None);
        registry.insecure = true;
        let mirror = r#"{"mirrors":{"r:1":{"endpoint":["http://r:1"]}}}"#;
        assert_eq!(shown(&registry, None).as_deref(), Some(mirror));
        registry.endpoint = Some("https://far:2/v2".into());
        registry.host = Some("named".into());
        let all = r#"{"mirrors":{"named":{"endpoint":["https://far:2/v2"]}},"configs":{"named":{"auth":{"username":"u","password":"p"}},"far:2":{"auth":{"username":"u","password":"p"}}}}"#;
        assert_eq!(shown(&registry, Some(&credentials)).as_deref(), Some(all));
    }

    #[test]
    fn are_read_as_they_were_written_and_never_shown() {
        let credentials = Credentials {
            username: "u".into(),
            password: "geheim: \"x\"".into(),
        };
        let file = file(&Registry::default(), "registry.example:5000", Some(&credentials)).unwrap();
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
