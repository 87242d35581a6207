//! `/etc/rancher/k3s/registries.yaml` as k3s reads it (<https://docs.k3s.io/installation/private-registry>), in containerd's words: a
//! folder for each registry with its mirrors (containerd's docs/hosts.md), and credentials in the configuration itself.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::fs;
use std::path::Path;

use anyhow::Context;
use serde::Deserialize;

use crate::layout;

const FILE: &str = "/etc/rancher/k3s/registries.yaml";
/// Where containerd's settings of registries are, in version 3 of its configuration.
const SECTION: &str = r#"plugins."io.containerd.cri.v1.images".registry"#;

#[derive(Default, Deserialize)]
#[serde(default)]
struct Registries {
    mirrors: BTreeMap<String, Mirror>,
    configs: BTreeMap<String, Settings>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Mirror {
    endpoint: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Settings {
    auth: BTreeMap<String, String>,
    tls: Tls,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Tls {
    insecure_skip_verify: bool,
    ca_file: Option<String>,
    cert_file: Option<String>,
    key_file: Option<String>,
}

/// Writes the registries' folders anew, and returns the part of containerd's own configuration.
pub fn reconcile() -> anyhow::Result<String> {
    let text = if Path::new(FILE).exists() {
        fs::read_to_string(FILE).context(FILE)?
    } else {
        String::new()
    };
    let registries: Registries = if text.is_empty() {
        Registries::default()
    } else {
        serde_norway::from_str(&text).context(FILE)?
    };
    if Path::new(layout::REGISTRIES).exists() {
        fs::remove_dir_all(layout::REGISTRIES).context(layout::REGISTRIES)?;
    }
    for (host, content) in hosts(&registries) {
        let folder = Path::new(layout::REGISTRIES).join(host);
        fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
        fs::write(folder.join("hosts.toml"), content).with_context(|| folder.display().to_string())?;
    }
    Ok(containerd(&registries))
}

/// The registry section of containerd's configuration, with the credentials.
fn containerd(registries: &Registries) -> String {
    let mut toml = format!("[{SECTION}]\n  config_path = {}\n", quoted(layout::REGISTRIES));
    for (host, settings) in registries
        .configs
        .iter()
        .filter(|(_, settings)| !settings.auth.is_empty())
    {
        let _ = writeln!(toml, "[{SECTION}.configs.{}.auth]", quoted(host));
        for (name, value) in &settings.auth {
            let _ = writeln!(toml, "  {name} = {}", quoted(value));
        }
    }
    toml
}

/// Each registry's `hosts.toml`, by the registry's name; `_default` is containerd's name for k3s's `*`.
fn hosts(registries: &Registries) -> BTreeMap<String, String> {
    let with_tls = registries
        .configs
        .iter()
        .filter(|(_, settings)| !tls_lines(&settings.tls).is_empty())
        .map(|(host, _)| host);
    let names: BTreeSet<&String> = registries.mirrors.keys().chain(with_tls).collect();
    let nothing = Mirror::default();
    names
        .into_iter()
        .map(|name| {
            let mirror = registries.mirrors.get(name).unwrap_or(&nothing);
            let mut toml = String::new();
            // containerd asks the registry itself after these; it is named only where it has settings.
            let own = format!("https://{name}");
            let has_settings = registries
                .configs
                .get(name)
                .is_some_and(|own| !tls_lines(&own.tls).is_empty());
            for endpoint in mirror.endpoint.iter().chain(has_settings.then_some(&own)) {
                let (host, path) = parts_of(endpoint);
                let _ = writeln!(toml, "[host.{}]", quoted(endpoint));
                let _ = writeln!(toml, "  capabilities = [\"pull\", \"resolve\"]");
                if !path.is_empty() {
                    toml.push_str("  override_path = true\n");
                }
                let settings = registries.configs.get(host);
                toml.push_str(
                    &settings
                        .map(|settings| tls_lines(&settings.tls))
                        .unwrap_or_default(),
                );
            }
            let folder = if name == "*" { "_default" } else { name };
            (folder.to_owned(), toml)
        })
        .collect()
}

fn tls_lines(tls: &Tls) -> String {
    let mut lines = String::new();
    if tls.insecure_skip_verify {
        lines.push_str("  skip_verify = true\n");
    }
    if let Some(ca) = &tls.ca_file {
        let _ = writeln!(lines, "  ca = {}", quoted(ca));
    }
    if let (Some(certificate), Some(key)) = (&tls.cert_file, &tls.key_file) {
        let _ = writeln!(lines, "  client = [[{}, {}]]", quoted(certificate), quoted(key));
    }
    lines
}

/// `https://host:port/path` -> `host:port` and `path`.
fn parts_of(endpoint: &str) -> (&str, &str) {
    let rest = endpoint.split_once("://").map_or(endpoint, |(_, rest)| rest);
    rest.split_once('/').unwrap_or((rest, ""))
}

/// A string of JSON is one of TOML.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::{Registries, containerd, hosts};

    fn read(text: &str) -> Registries {
        serde_norway::from_str(text).unwrap()
    }

    #[test]
    fn credentials_become_sections_of_their_registry() {
        let registries = read(
            "configs:\n  a.example:\n    auth: {username: u, password: 'p\"q'}\n  b.example:\n    tls: {insecure_skip_verify: true}\n",
        );
        assert_eq!(
            containerd(&registries),
            "[plugins.\"io.containerd.cri.v1.images\".registry]\n  config_path = \"/run/openshell/registries\"\n\
             [plugins.\"io.containerd.cri.v1.images\".registry.configs.\"a.example\".auth]\n  password = \"p\\\"q\"\n  username = \"u\"\n"
        );
    }

    #[test]
    fn mirrors_are_asked_before_the_registry_itself_with_the_settings_of_their_own_host() {
        let registries = read(
            "mirrors:\n  a.example:\n    endpoint: [\"http://b.example:5000\", \"http://d.example/v2/x\"]\n  \"*\":\n    endpoint: [\"https://c.example\"]\n\
             configs:\n  a.example:\n    tls: {ca_file: /ca}\n  c.example:\n    tls: {insecure_skip_verify: true}\n",
        );
        let hosts = hosts(&registries);
        assert_eq!(
            hosts["a.example"],
            "[host.\"http://b.example:5000\"]\n  capabilities = [\"pull\", \"resolve\"]\n\
             [host.\"http://d.example/v2/x\"]\n  capabilities = [\"pull\", \"resolve\"]\n  override_path = true\n\
             [host.\"https://a.example\"]\n  capabilities = [\"pull\", \"resolve\"]\n  ca = \"/ca\"\n"
        );
        assert_eq!(
            hosts["_default"],
            "[host.\"https://c.example\"]\n  capabilities = [\"pull\", \"resolve\"]\n  skip_verify = true\n"
        );
        assert!(hosts["c.example"].contains("skip_verify"));
    }

    #[test]
    fn nothing_is_configured_where_nothing_is_given() {
        assert!(hosts(&read("{}")).is_empty());
        assert!(serde_norway::from_str::<Registries>("configs: [").is_err());
    }
}
