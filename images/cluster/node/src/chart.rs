//! The bundled chart: installed where no release exists, upgraded while the last revision is ours, never over somebody
//! else's.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use helm_revision::NodeDecision;
use kube::Client;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::cluster;
use crate::layout;
use crate::release;

/// The server's pod starts without back-off where its Secrets are there before it is; longer than this it need not wait.
const PATIENCE: Duration = Duration::from_secs(30);

/// The bundled chart with the values that this container's environment asks for.
pub struct Bundled {
    values: Value,
    hash: String,
}

impl Bundled {
    /// Reads the chart's hash and values, and the environment; `None` for an image that brings no chart.
    pub fn read() -> anyhow::Result<Option<Self>> {
        if !Path::new(layout::CHART).exists() {
            return Ok(None);
        }
        let read = |name| {
            fs::read_to_string(format!("{}/{name}", layout::CHART))
                .with_context(|| format!("the bundled chart's {name}"))
        };
        let content = read("hash")?;
        let mut values: Value = serde_json::from_str(&read("values.json")?).context("the bundled values")?;
        let of_environment =
            from_environment(&|name| std::env::var(name).ok().filter(|value| !value.is_empty()));
        // Member by member, as helm merges its files of values; neither has a null, which means another thing to helm.
        json_patch::merge(&mut values, &of_environment);
        let digest = Sha256::digest(format!("{content}{values}").as_bytes());
        let hash = hex::encode(&digest[..16]);
        Ok(Some(Self { values, hash }))
    }

    /// Did this image deploy something else last? Then a server of that deployment need not start once more. Only a hint: it is
    /// asked before the API server answers.
    pub fn differs_from_hint(&self) -> bool {
        fs::read_to_string(hint()).is_ok_and(|hash| hash.trim() != self.hash)
    }

    /// Brings the release to what it should be. `held` says that the kubelet does not run yet, so that nothing runs in the
    /// pods that the API server knows.
    pub async fn deploy(&self, client: &Client, held: bool) -> anyhow::Result<()> {
        loop {
            let last = release::last(client).await.context("releases")?;
            match helm_revision::decide_on_node(last.as_ref(), &self.hash) {
                NodeDecision::Forget => {
                    let unfinished = last.context("a release")?;
                    eprintln!(
                        "cluster-node: revision {} of the chart was not finished; it is made again",
                        unfinished.number
                    );
                    release::forget(client, &unfinished).await?;
                }
                NodeDecision::Install => {
                    self.wait_for_secrets(client).await;
                    return self.helm("install", 1).await;
                }
                NodeDecision::Upgrade => {
                    self.helm("upgrade", last.map_or(1, |revision| revision.number + 1))
                        .await?;
                    return if held {
                        cluster::forget_outdated_server(client).await
                    } else {
                        Ok(())
                    };
                }
                NodeDecision::Keep => {
                    return match last.and_then(|revision| revision.node_hash) {
                        Some(hash) => write_hint(&hash),
                        None => remove_hint(),
                    };
                }
            }
        }
    }

    async fn helm(&self, verb: &str, revision: u64) -> anyhow::Result<()> {
        eprintln!("cluster-node: {verb} of the bundled chart");
        let values = format!("{}/values.json", layout::CONFIGURATION);
        fs::write(&values, self.values.to_string()).context("values")?;
        let output = tokio::process::Command::new("helm")
            .args([
                verb,
                gateway_names::WORKLOAD,
                &format!("{}/openshell", layout::CHART),
            ])
            .args(["--namespace", gateway_names::NAMESPACE, "--values", &values])
            .args([
                "--labels",
                &format!("{}={}", helm_revision::HASH_LABEL, self.hash),
            ])
            .args([
                "--labels",
                &format!("{}={revision}", helm_revision::REVISION_LABEL),
            ])
            .env("KUBECONFIG", layout::KUBECONFIG)
            // helm keeps caches in its home.
            .env("HOME", layout::CONFIGURATION)
            .kill_on_drop(true)
            .output()
            .await
            .context("helm")?;
        if !output.status.success() {
            bail!("helm {verb}: {}", String::from_utf8_lossy(&output.stderr).trim());
        }
        write_hint(&self.hash)
    }

    async fn wait_for_secrets(&self, client: &Client) {
        let end = Instant::now() + PATIENCE;
        let tls = self.values["server"]["disableTls"] != json!(true);
        while Instant::now() < end {
            let present = cluster::secret_names(client).await.unwrap_or_default();
            if needed_secrets(tls)
                .iter()
                .all(|needed| present.iter().any(|name| name == needed))
            {
                return;
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

/// The Secrets that the server's pod cannot start without.
pub fn needed_secrets(tls: bool) -> Vec<&'static str> {
    let mut needed = vec![gateway_names::HANDSHAKE_SECRET];
    if tls {
        needed.extend([
            gateway_names::SERVER_TLS_SECRET,
            gateway_names::CLIENT_CA_SECRET,
            gateway_names::CLIENT_TLS_SECRET,
        ]);
    }
    needed
}

/// Is this setting on? Gateways' tools write `1` or `true`.
pub fn is_on(value: Option<String>) -> bool {
    value.is_some_and(|value| matches!(value.as_str(), "1" | "true"))
}

/// The part of the chart's values that the container's environment decides.
fn from_environment(environment: &dyn Fn(&str) -> Option<String>) -> Value {
    let mut values = json!({"server": {
        "disableTls": is_on(environment("DISABLE_TLS")),
        "disableGatewayAuth": is_on(environment("DISABLE_GATEWAY_AUTH")),
    }});
    if let Some(host) = environment("SSH_GATEWAY_HOST") {
        values["server"]["sshGateway"]["host"] = json!(host);
    }
    if let Some(port) = environment("SSH_GATEWAY_PORT").and_then(|port| port.parse::<u16>().ok()) {
        values["server"]["sshGateway"]["port"] = json!(port);
    }
    if let Some(policy) = environment("IMAGE_PULL_POLICY") {
        values["image"]["pullPolicy"] = json!(policy);
    }
    values
}

fn hint() -> PathBuf {
    layout::data("server/openshell-chart")
}

fn write_hint(hash: &str) -> anyhow::Result<()> {
    crate::certificates::write_private(&hint(), format!("{hash}\n").as_bytes())
}

fn remove_hint() -> anyhow::Result<()> {
    match fs::remove_file(hint()) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).context("server/openshell-chart")
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_becomes_values() {
        let environment = |name: &str| match name {
            "DISABLE_TLS" => Some("1".to_owned()),
            "SSH_GATEWAY_PORT" => Some("9000".to_owned()),
            "IMAGE_PULL_POLICY" => Some("Never".to_owned()),
            _ => None,
        };
        let mut values =
            json!({"image": {"tag": "a", "pullPolicy": "IfNotPresent"}, "server": {"sandboxImage": "b"}});
        json_patch::merge(&mut values, &from_environment(&environment));
        assert_eq!(
            values,
            json!({
                "image": {"tag": "a", "pullPolicy": "Never"},
                "server": {
                    "sandboxImage": "b", "disableTls": true, "disableGatewayAuth": false, "sshGateway": {"port": 9000},
                },
            })
        );
    }

    #[test]
    fn without_tls_only_the_handshake_secret_is_needed() {
        assert_eq!(needed_secrets(false), ["openshell-ssh-handshake"]);
        assert_eq!(needed_secrets(true).len(), 4);
    }
}
