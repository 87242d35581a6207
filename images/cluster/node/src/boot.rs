//! From the container's start to its stop.

use std::time::Duration;

use anyhow::Context;
use kube::Client;
use rustix::process::{Pid, Signal, kill_process};
use tokio::signal::unix::{SignalKind, signal};

use crate::cgroup::{CgroupRoot, pod_processes};
use crate::chart::Bundled;
use crate::parts::{self, Part};
use crate::supervisor::Supervisor;
use crate::{arguments, certificates, cgroup, cluster, configuration, dns_service, machine, pod_images};

/// What pods get to end by themselves at a stop.
const POD_GRACE: Duration = Duration::from_secs(5);

/// Runs the node until SIGTERM or SIGINT. The error is the reason why it cannot go on.
pub async fn run(words: &[String]) -> anyhow::Result<()> {
    let arguments = arguments::read(words);
    if !arguments.ignored.is_empty() {
        eprintln!("cluster-node: no use for {}", arguments.ignored.join(" "));
    }
    machine::prepare()?;
    if !arguments.without_dns {
        machine::take_dns_address()?;
    }
    let (node, address, root) = (machine::node_name()?, machine::address()?, cgroup::prepare()?);
    certificates::reconcile(&node, address, &arguments.tls_sans).context("certificates")?;
    configuration::write(&root, arguments.without_dns)?;
    eprintln!("cluster-node: node {node} starts at {address}");

    // Before anything is started, so that no signal is missed.
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;

    let (mut supervisor, mut hopeless) = Supervisor::new();
    let all = parts::all(&node, address, arguments.without_dns);
    let bundled = Bundled::read()?;
    // A server that would be replaced at once is not started first.
    let hold_kubelet = bundled.differs_from_hint();
    let mut held: Option<Part> = None;
    for part in all.clone() {
        if part.name == "kubelet" && hold_kubelet {
            held = Some(part);
        } else {
            supervisor.start(part);
        }
    }

    let client = cluster::client().await?;
    let mut workflow = tokio::spawn(after_start(client, bundled, hold_kubelet, arguments.without_dns));
    let mut busy = true;
    let ended = loop {
        tokio::select! {
            _ = terminate.recv() => break Ok(()),
            _ = interrupt.recv() => break Ok(()),
            reason = hopeless.recv() => break reason.map_or(Ok(()), Err),
            done = &mut workflow, if busy => {
                busy = false;
                match done {
                    Ok(Err(error)) => eprintln!("cluster-node: {error:#}"),
                    Err(error) => eprintln!("cluster-node: {error}"),
                    Ok(Ok(())) => {}
                }
                if let Some(kubelet) = held.take() {
                    supervisor.start(kubelet);
                }
            }
        }
    };
    // What it was doing is found unfinished, and done again, at the next start.
    workflow.abort();
    stop(&mut supervisor, &root, &all).await;
    eprintln!("cluster-node: stopped");
    ended
}

/// What is done once the API server answers; tried again until it succeeds, because a young API server may refuse.
async fn after_start(client: Client, bundled: Bundled, held: bool, without_dns: bool) -> anyhow::Result<()> {
    let (images, ()) = tokio::join!(pod_images::import(), api_ready(&client));
    // The API server is of use without them, too.
    if let Err(error) = images {
        eprintln!("cluster-node: {error:#}");
    }
    let mut tries = 0;
    loop {
        let done = async {
            cluster::ensure_basics(&client).await?;
            dns_service::reconcile(&client, without_dns).await?;
            apply_manifests().await?;
            bundled.deploy(&client, held).await
        };
        match done.await {
            Ok(()) => return Ok(()),
            Err(error) if tries >= 20 => return Err(error),
            Err(error) => {
                tries += 1;
                eprintln!("cluster-node: {error:#}; trying again");
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
        }
    }
}

async fn api_ready(client: &Client) {
    cluster::ready(client).await;
    eprintln!("cluster-node: the API server is ready");
}

/// k3s applies what lies in this folder, and others put their objects there.
async fn apply_manifests() -> anyhow::Result<()> {
    let folder = crate::layout::data("server/manifests");
    let mut entries = std::fs::read_dir(&folder).with_context(|| folder.display().to_string())?;
    let is_manifest = |path: &std::path::Path| {
        path.extension()
            .is_some_and(|kind| kind == "yaml" || kind == "json")
    };
    if !entries.any(|entry| entry.is_ok_and(|entry| is_manifest(&entry.path()))) {
        return Ok(());
    }
    let output = tokio::process::Command::new("kubectl")
        .args(["apply", "--filename"])
        .arg(&folder)
        .env("KUBECONFIG", crate::layout::KUBECONFIG)
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

/// Stops in an order that loses nothing: no new pods, then pods, then what needs the API server, then that one, its store last.
async fn stop(supervisor: &mut Supervisor, root: &CgroupRoot, all: &[Part]) {
    eprintln!("cluster-node: stopping");
    supervisor.stop(&["kubelet"]).await;
    end_pods(root).await;
    let last = ["kube-apiserver", "etcd"];
    let first: Vec<&str> = all
        .iter()
        .map(|part| part.name)
        .filter(|name| !last.contains(name))
        .collect();
    supervisor.stop(&first).await;
    for name in last {
        supervisor.stop(&[name]).await;
    }
}

/// Asks the pods' processes to end, and gives up on them after [`POD_GRACE`]: what then still runs ends with the container.
async fn end_pods(root: &CgroupRoot) {
    for pid in pod_processes(root).into_iter().filter_map(Pid::from_raw) {
        let _ = kill_process(pid, Signal::TERM);
    }
    let end = tokio::time::Instant::now() + POD_GRACE;
    while !pod_processes(root).is_empty() && tokio::time::Instant::now() < end {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
