//! `/etc/rancher/k3s/registries.yaml` as k3s reads it (<https://docs.k3s.io/installation/private-registry>), in containerd's words.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;

use anyhow::Context;
use serde::Deserialize;

const FILE: &str = "/etc/rancher/k3s/registries.yaml";
/// Where containerd's settings of registries are, in version 2 of its configuration.
const SECTION: &str = r#"plugins."io.containerd.grpc.v1.cri".registry"#;

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
    tls: BTreeMap<String, serde_json::Value>,
}

/// The part of containerd's configuration; empty where there is no such file.
pub fn for_containerd() -> anyhow::Result<String> {
    if !Path::new(FILE).exists() {
        return Ok(String::new());
    }
    let text = std::fs::read_to_string(FILE).context(FILE)?;
    translated(&text).context(FILE)
}

fn translated(text: &str) -> anyhow::Result<String> {
    let registries: Registries = serde_norway::from_str(text)?;
    let mut toml = String::new();
    for (host, mirror) in &registries.mirrors {
        let endpoints: Vec<String> = mirror.endpoint.iter().map(|endpoint| quoted(endpoint)).collect();
        writeln!(toml, "[{SECTION}.mirrors.{}]", quoted(host))?;
        writeln!(toml, "  endpoint = [{}]", endpoints.join(", "))?;
    }
    for (host, settings) in &registries.configs {
        writeln!(toml, "[{SECTION}.configs.{}.auth]", quoted(host))?;
        for (name, value) in &settings.auth {
            writeln!(toml, "  {} = {}", quoted(name), quoted(value))?;
        }
        if let Some(skip) = settings
            .tls
            .get("insecure_skip_verify")
            .and_then(serde_json::Value::as_bool)
        {
            writeln!(toml, "[{SECTION}.configs.{}.tls]", quoted(host))?;
            writeln!(toml, "  insecure_skip_verify = {skip}")?;
        }
    }
    Ok(toml)
}

/// A string of JSON is one of TOML.
fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::translated;

    #[test]
    fn credentials_and_mirrors_become_sections_of_their_registry() {
        let text = "mirrors:\n  a.example:\n    endpoint: [\"http://b.example:5000\"]\nconfigs:\n  a.example:\n    auth: {username: u, password: 'p\"q'}\n    tls: {insecure_skip_verify: true}\n";
        let toml = translated(text).unwrap();
        let section = r#"plugins."io.containerd.grpc.v1.cri".registry"#;
        assert_eq!(
            toml,
            format!(
                "[{section}.mirrors.\"a.example\"]\n  endpoint = [\"http://b.example:5000\"]\n\
                 [{section}.configs.\"a.example\".auth]\n  \"password\" = \"p\\\"q\"\n  \"username\" = \"u\"\n\
                 [{section}.configs.\"a.example\".tls]\n  insecure_skip_verify = true\n"
            )
        );
        assert_eq!(translated("{}").unwrap(), "");
        assert!(translated("configs: [").is_err());
    }
}
