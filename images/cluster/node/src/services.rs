//! Can pods reach Services? A pod that needs the API at its start must not be started before.

use std::time::Duration;

use anyhow::Context;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use tokio::time::Instant;

use crate::dns_probe::{self, Dns};
use crate::{cluster, layout};

/// A node that does not get there in this time starts its pods all the same: they try again by themselves.
const PATIENCE: Duration = Duration::from_secs(30);
const PAUSE: Duration = Duration::from_millis(50);

/// What came of the wait for Services.
pub enum Services {
    /// Pods can reach them.
    Reachable,
    /// Not within [`PATIENCE`]; the text says what is missing.
    Lacking(&'static str),
}

/// Returns once the API server answers at its Service's address and the DNS server knows the cluster's names, or after
/// [`PATIENCE`].
pub async fn reachable() -> anyhow::Result<Services> {
    let through_service = client().await?;
    let end = Instant::now() + PATIENCE;
    while !cluster::is_ready(&through_service).await {
        if Instant::now() >= end {
            return Ok(Services::Lacking(
                "the API server does not answer at its Service's address",
            ));
        }
        tokio::time::sleep(PAUSE).await;
    }
    while dns_probe::ask().await == Dns::Silent {
        if Instant::now() >= end {
            return Ok(Services::Lacking("the cluster's DNS does not answer"));
        }
        tokio::time::sleep(PAUSE).await;
    }
    Ok(Services::Reachable)
}

/// As a pod asks: by the Service's address. Only the API server's own certificate is taken for an answer: before kube-proxy has
/// written its rules, the question leaves the node.
async fn client() -> anyhow::Result<Client> {
    let mut kubeconfig = Kubeconfig::read_from(layout::KUBECONFIG).context("kubeconfig")?;
    for cluster in kubeconfig
        .clusters
        .iter_mut()
        .filter_map(|it| it.cluster.as_mut())
    {
        cluster.server = Some(format!("https://{}:443", layout::API_SERVICE));
    }
    let mut config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await?;
    config.connect_timeout = Some(Duration::from_millis(250));
    config.read_timeout = Some(Duration::from_secs(2));
    config.default_retry = false;
    Ok(Client::try_from(config)?)
}
