//! From the container's start to its stop.

use std::time::Duration;

use anyhow::Context;
use rustix::process::{Pid, Signal, kill_process};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

use crate::bring_up::BringUp;
use crate::cgroup::{CgroupRoot, pod_processes};
use crate::chart::Bundled;
use crate::parts::Part;
use crate::supervisor::Supervisor;
use crate::{arguments, certificates, cgroup, cluster, configuration, machine, parts, volume};

/// What pods get to end by themselves at a stop.
const POD_GRACE: Duration = Duration::from_secs(5);

/// Runs the node until SIGTERM or SIGINT. The error is the reason why it cannot go on.
pub async fn run(words: &[String]) -> anyhow::Result<()> {
    let arguments = arguments::read(words);
    if !arguments.ignored.is_empty() {
        eprintln!("cluster-node: no use for {}", arguments.ignored.join(" "));
    }
    machine::prepare()?;
    volume::claim()?;
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
    let is_held = |part: &Part| part.name == parts::KUBELET || part.name == parts::DNS;
    let (mut held, first): (Vec<Part>, Vec<Part>) = all.iter().cloned().partition(is_held);
    for part in first {
        supervisor.start(part);
    }

    let (released, mut due) = mpsc::channel(all.len());
    let bringing_up = BringUp {
        client: cluster::client().await?,
        node,
        bundled: if arguments.no_chart {
            None
        } else {
            Bundled::read()?
        },
        without_dns: arguments.without_dns,
        released,
    };
    let mut workflow = tokio::spawn(bringing_up.run());
    let mut busy = true;
    let ended = loop {
        tokio::select! {
            _ = terminate.recv() => break Ok(()),
            _ = interrupt.recv() => break Ok(()),
            reason = hopeless.recv() => break reason.map_or(Ok(()), Err),
            Some(name) = due.recv() => {
                held.extract_if(.., |part| part.name == name).for_each(|part| supervisor.start(part));
            }
            done = &mut workflow, if busy => {
                busy = false;
                match done {
                    Ok(Err(error)) => eprintln!("cluster-node: {error:#}"),
                    Err(error) => eprintln!("cluster-node: {error}"),
                    Ok(Ok(())) => {}
                }
                held.drain(..).for_each(|part| supervisor.start(part));
            }
        }
    };
    // What it was doing is found unfinished, and done again, at the next start.
    workflow.abort();
    stop(&mut supervisor, &root, &all).await;
    eprintln!("cluster-node: stopped");
    ended
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
