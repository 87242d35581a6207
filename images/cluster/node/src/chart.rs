//! The bundled chart: installed where no release exists, upgraded while the last revision is ours, never over somebody
//! else's.

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use kube::Client;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::cluster;
use crate::layout;

/// The server's pod starts without back-off where its Secrets are there before it is; longer than this it need not wait.
const PATIENCE: Duration = Duration::from_secs(30);

/// What this image did last, kept on the volume.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The hash of chart and values.
    pub hash: String,
    /// The revision of the release that it made.
    pub revision: u64,
}

/// What to do with the release.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// No release exists.
    Install,
    /// The last revision is ours, and chart or values differ.
    Upgrade,
    /// It is as it should be, or somebody else's.
    Keep,
}

/// Decides from the release's last revision, what this image did last, and the hash of what it would deploy.
pub fn decide(last_revision: Option<u64>, mark: Option<&Mark>, hash: &str) -> Decision {
    match (last_revision, mark) {
        (None, _) => Decision::Install,
        (Some(last), Some(mark)) if last == mark.revision && mark.hash != hash => Decision::Upgrade,
        _ => Decision::Keep,
    }
}

/// The bundled chart with the values that this container's environment asks for.
pub struct Bundled {
    values: Value,
    hash: String,
}

impl Bundled {
    /// Reads the chart's hash and the environment.
    pub fn read() -> anyhow::Result<Self> {
        let content =
            fs::read_to_string(format!("{}/hash", layout::CHART)).context("the bundled chart's hash")?;
        let values = values(&|name| std::env::var(name).ok().filter(|value| !value.is_empty()));
        let digest = Sha256::digest(format!("{content}{values}").as_bytes());
        let hash = digest
            .iter()
            .take(16)
            .fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"));
        Ok(Self { values, hash })
    }

    /// Did this image deploy something else last? Then pods of that deployment need not start once more.
    pub fn differs_from_mark(&self) -> bool {
        read_mark().is_some_and(|mark| mark.hash != self.hash)
    }

    /// Brings the release to what it should be.
    pub async fn deploy(&self, client: &Client) -> anyhow::Result<()> {
        let last = cluster::last_revision(client).await.context("releases")?;
        let verb = match decide(last, read_mark().as_ref(), &self.hash) {
            Decision::Keep => return Ok(()),
            Decision::Install => {
                self.wait_for_secrets(client).await;
                "install"
            }
            Decision::Upgrade => {
                cluster::forget_server_pods(client)
                    .await
                    .context("pods of an earlier start")?;
                "upgrade"
            }
        };
        eprintln!("cluster-node: {verb} of the bundled chart");
        self.helm(verb).await?;
        let revision = cluster::last_revision(client)
            .await
            .context("releases")?
            .unwrap_or(1);
        write_mark(&Mark {
            hash: self.hash.clone(),
            revision,
        })
    }

    async fn helm(&self, verb: &str) -> anyhow::Result<()> {
        let own = format!("{}/values.json", layout::CONFIGURATION);
        fs::write(&own, self.values.to_string()).context("values")?;
        let (chart, bundled) = (
            format!("{}/openshell", layout::CHART),
            format!("{}/values.json", layout::CHART),
        );
        let output = tokio::process::Command::new("helm")
            .args([
                verb,
                gateway_names::WORKLOAD,
                &chart,
                "--namespace",
                gateway_names::NAMESPACE,
            ])
            .args(["--values", &bundled, "--values", &own])
            .env("KUBECONFIG", layout::KUBECONFIG)
            // helm keeps caches in its home.
            .env("HOME", layout::CONFIGURATION)
            .output()
            .await
            .context("helm")?;
        if !output.status.success() {
            bail!("helm {verb}: {}", String::from_utf8_lossy(&output.stderr).trim());
        }
        Ok(())
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

fn values(environment: &dyn Fn(&str) -> Option<String>) -> Value {
    let mut server = json!({
        "disableTls": is_on(environment("DISABLE_TLS")),
        "disableGatewayAuth": is_on(environment("DISABLE_GATEWAY_AUTH")),
    });
    if let Some(host) = environment("SSH_GATEWAY_HOST") {
        server["sshGatewayHost"] = json!(host);
    }
    if let Some(port) = environment("SSH_GATEWAY_PORT").and_then(|port| port.parse::<u16>().ok()) {
        server["sshGatewayPort"] = json!(port);
    }
    json!({ "server": server })
}

fn mark_file() -> PathBuf {
    layout::data("server/openshell-chart")
}

fn read_mark() -> Option<Mark> {
    let text = fs::read_to_string(mark_file()).ok()?;
    let (hash, revision) = text.trim().split_once(' ')?;
    Some(Mark {
        hash: hash.to_owned(),
        revision: revision.parse().ok()?,
    })
}

fn write_mark(mark: &Mark) -> anyhow::Result<()> {
    crate::certificates::write_private(
        &mark_file(),
        format!("{} {}\n", mark.hash, mark.revision).as_bytes(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn installs_where_nothing_is_and_touches_only_what_is_ours() {
        let mark = Mark {
            hash: "a".to_owned(),
            revision: 3,
        };
        for (last, mark, hash, expected) in [
            (None, None, "a", Decision::Install),
            (None, Some(&mark), "a", Decision::Install),
            (Some(3), Some(&mark), "a", Decision::Keep),
            (Some(3), Some(&mark), "b", Decision::Upgrade),
            (Some(4), Some(&mark), "b", Decision::Keep),
            (Some(1), None, "b", Decision::Keep),
        ] {
            assert_eq!(decide(last, mark, hash), expected, "{last:?} {mark:?} {hash}");
        }
    }

    #[test]
    fn the_environment_becomes_values() {
        let environment = |name: &str| match name {
            "DISABLE_TLS" => Some("1".to_owned()),
            "SSH_GATEWAY_PORT" => Some("9000".to_owned()),
            _ => None,
        };
        let server = &values(&environment)["server"];
        assert_eq!(server["disableTls"], true);
        assert_eq!(server["disableGatewayAuth"], false);
        assert_eq!(server["sshGatewayPort"], 9000);
        assert!(server.get("sshGatewayHost").is_none());
    }

    #[test]
    fn without_tls_only_the_handshake_secret_is_needed() {
        assert_eq!(needed_secrets(false), ["openshell-ssh-handshake"]);
        assert_eq!(needed_secrets(true).len(), 4);
    }
}
