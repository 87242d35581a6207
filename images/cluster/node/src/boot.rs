//! From the container's start to its stop.

use std::collections::HashSet;
use std::time::Duration;

use anyhow::Context;
use jiff::Timestamp;
use kube::Client;
use rustix::process::{Pid, Signal, kill_process};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

use crate::bring_up::BringUp;
use crate::cgroup::{CgroupRoot, PodProcess, pod_processes};
use crate::chart::Bundled;
use crate::parts::Part;
use crate::sandboxes::{self, Here};
use crate::supervisor::Supervisor;
use crate::{arguments, certificates, cgroup, cluster, configuration, machine, parts, volume};

/// What pods get to end by themselves at a stop.
const POD_GRACE: Duration = Duration::from_secs(5);
/// What sandboxes get after that. Their supervisors do not end by themselves: they want to report it to a server that is gone.
const SANDBOX_GRACE: Duration = Duration::from_secs(2);
/// How long the kernel may take to end what was killed.
const KILL_TIME: Duration = Duration::from_secs(1);
/// How long the API server may take to say which pods are sandboxes.
const ANSWER_TIME: Duration = Duration::from_secs(2);

/// Runs the node until SIGTERM or SIGINT. The error is the reason why it cannot go on.
pub async fn run(words: &[String]) -> anyhow::Result<()> {
    let booted = Timestamp::now();
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
    let client = cluster::client().await?;
    let bringing_up = BringUp {
        client: client.clone(),
        here: Here { node, booted },
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
    stop(&mut supervisor, &root, &all, &client).await;
    eprintln!("cluster-node: stopped");
    ended
}

/// Stops in an order that loses nothing: no new pods, then pods, then what needs the API server, then that one, its store last.
async fn stop(supervisor: &mut Supervisor, root: &CgroupRoot, all: &[Part], client: &Client) {
    eprintln!("cluster-node: stopping");
    supervisor.stop(&["kubelet"]).await;
    let sandboxes = tokio::time::timeout(ANSWER_TIME, sandboxes::pod_uids(client)).await;
    end_pods(root, sandboxes.ok().and_then(Result::ok)).await;
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

/// Ends sandboxes once everything else is gone: a supervisor that is asked to end reports that to the gateway server, which takes it as the
/// end of its sandbox. If nobody knows which pods are sandboxes, none is asked.
async fn end_pods(root: &CgroupRoot, sandboxes: Option<HashSet<String>>) {
    if let Some(sandboxes) = sandboxes {
        end(root, POD_GRACE, |process| !sandboxes.contains(&process.pod)).await;
        end(root, SANDBOX_GRACE, |_| true).await;
    } else {
        end(root, Duration::ZERO, |_| true).await;
    }
}

/// Asks processes to end, if there is time for that, and kills what then still runs.
async fn end(root: &CgroupRoot, grace: Duration, is_meant: impl Fn(&PodProcess) -> bool) {
    let signal = |signal: Signal| {
        let mut meant: Vec<PodProcess> = pod_processes(root);
        meant.retain(&is_meant);
        for pid in meant.iter().filter_map(|process| Pid::from_raw(process.pid)) {
            let _ = kill_process(pid, signal);
        }
    };
    let gone_within = async |time: Duration| {
        let end = tokio::time::Instant::now() + time;
        while pod_processes(root).iter().any(&is_meant) && tokio::time::Instant::now() < end {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    if !grace.is_zero() {
        signal(Signal::TERM);
        gone_within(grace).await;
    }
    signal(Signal::KILL);
    gone_within(KILL_TIME).await;
}
