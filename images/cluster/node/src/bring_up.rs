//! From an API server that comes up to a node that runs pods and has its chart.

use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use kube::Client;
use tokio::sync::mpsc;

use crate::chart::Bundled;
use crate::sandboxes::{self, Here, Hold};
use crate::services::{self, Services};
use crate::{cluster, dns_service, layout, parts, pod_images};

/// A young API server may refuse: this many times what it refused is tried again.
const TRIES: usize = 20;
const PAUSE: Duration = Duration::from_secs(1);

/// What the kubelet does while the chart is deployed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kubelet {
    /// It has not started: no pod does.
    HeldBack,
    /// It runs pods.
    Runs,
}

/// What is done once the API server answers.
pub struct BringUp {
    /// The administrator's client.
    pub client: Client,
    /// The node, and when it was started.
    pub here: Here,
    /// The chart that this image brings; `None` where somebody else deploys one.
    pub bundled: Option<Bundled>,
    /// The node has no DNS server of its own.
    pub without_dns: bool,
    /// Takes the names of parts that may start from now on.
    pub released: mpsc::Sender<&'static str>,
}

impl BringUp {
    /// Pods start when Services can be reached, so that none that needs the API crashes for want of it. kube-proxy on its part
    /// waits for the Node that the kubelet registers: a node that the cluster does not know yet starts its kubelet first, and the chart waits.
    /// Sandboxes' old pods go before the kubelet starts, and what makes new ones is held back.
    pub async fn run(self) -> anyhow::Result<()> {
        let (images, ()) = tokio::join!(pod_images::import(), self.api_ready());
        // The API server is of use without them, too.
        if let Err(error) = images {
            eprintln!("cluster-node: {error:#}");
        }
        self.until_done(Self::basics).await?;
        self.release(parts::DNS).await;
        let is_known = cluster::knows_node(&self.client, &self.here.node)
            .await
            .context("the node's own object")?;
        let (reached, hold) = if is_known {
            let settled = sandboxes::settle(&self.client, &self.here);
            tokio::join!(services::reachable(), settled)
        } else {
            // A node that has another name than before is not known either, and its volume has sandboxes.
            let hold = sandboxes::settle(&self.client, &self.here).await;
            self.release(parts::KUBELET).await;
            (services::reachable().await, hold)
        };
        if let Services::Lacking(missing) = reached? {
            eprintln!("cluster-node: {missing}; pods start all the same");
        }
        let held_back = async {
            if let Some(hold) = hold {
                Hold::until_served(hold).await;
            }
        };
        let (started, ()) = tokio::join!(self.pods(is_known), held_back);
        started
    }

    /// Lets pods start, and brings the chart to what it should be.
    async fn pods(&self, is_known: bool) -> anyhow::Result<()> {
        // A server that would be replaced at once is not started first.
        if is_known && self.bundled.as_ref().is_some_and(Bundled::differs_from_hint) {
            let deployed = self.until_done(|it| it.charts(Kubelet::HeldBack)).await;
            self.release(parts::KUBELET).await;
            return deployed;
        }
        self.release(parts::KUBELET).await;
        self.until_done(|it| it.charts(Kubelet::Runs)).await
    }

    async fn api_ready(&self) {
        cluster::ready(&self.client).await;
        eprintln!("cluster-node: the API server is ready");
    }

    async fn release(&self, part: &'static str) {
        // Where nobody listens any more the node stops.
        let _ = self.released.send(part).await;
    }

    async fn until_done<'a, F>(&'a self, step: impl Fn(&'a Self) -> F) -> anyhow::Result<()>
    where
        F: Future<Output = anyhow::Result<()>>,
    {
        for _ in 0..TRIES {
            match step(self).await {
                Ok(()) => return Ok(()),
                Err(error) => eprintln!("cluster-node: {error:#}; trying again"),
            }
            tokio::time::sleep(PAUSE).await;
        }
        step(self).await
    }

    async fn basics(&self) -> anyhow::Result<()> {
        cluster::ensure_basics(&self.client).await?;
        dns_service::reconcile(&self.client, self.without_dns).await
    }

    async fn charts(&self, kubelet: Kubelet) -> anyhow::Result<()> {
        apply_manifests().await?;
        match &self.bundled {
            Some(bundled) => bundled.deploy(&self.client, kubelet == Kubelet::HeldBack).await,
            None => Ok(()),
        }
    }
}

/// k3s applies what lies in this folder, and others put their objects there.
async fn apply_manifests() -> anyhow::Result<()> {
    let folder = layout::data("server/manifests");
    let mut entries = std::fs::read_dir(&folder).with_context(|| folder.display().to_string())?;
    let is_manifest = |path: &Path| {
        path.extension()
            .is_some_and(|kind| kind == "yaml" || kind == "json")
    };
    if !entries.any(|entry| entry.is_ok_and(|entry| is_manifest(&entry.path()))) {
        return Ok(());
    }
    let output = tokio::process::Command::new("kubectl")
        .args(["apply", "--filename"])
        .arg(&folder)
        .env("KUBECONFIG", layout::KUBECONFIG)
        .kill_on_drop(true)
        .output()
        .await
        .context("kubectl")?;
    if !output.status.success() {
        // Somebody's wrong manifest must not keep the gateway from starting.
        eprintln!(
            "cluster-node: manifests: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    Ok(())
}
