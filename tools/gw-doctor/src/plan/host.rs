//! What Docker's host and this one have: room, clock, names, client files.

use gw_detect::report::Report as Detected;
use gw_detect::state::State;
use jiff::Timestamp;

use crate::cause::Cause;
use crate::finding::Finding;
use crate::observe::{Observed, known};

/// A node without this much room cannot write its datastore, pull an image or start a pod; in bytes.
const LEAST_FREE: u64 = 512 << 20;
/// A sandbox refuses a handshake that is 300 s off; certificates and logs mislead much sooner. In seconds.
const MOST_SKEW: i64 = 60;

/// What is wrong.
pub fn findings(observed: &Observed<'_>) -> Vec<Finding> {
    let found = [
        disk_full(observed),
        clock_skew(observed),
        dns_broken(observed),
        kubeconfig_stale(observed),
        kubeconfig_missing(observed),
    ];
    found.into_iter().flatten().collect()
}

/// What clients read, and what only a node that is just starting has.
pub fn client_files(observed: &Observed<'_>) -> Vec<Finding> {
    let found = [
        metadata_stale(observed),
        supervisor_missing(observed),
        starting(observed),
    ];
    found.into_iter().flatten().collect()
}

fn disk_full(observed: &Observed<'_>) -> Option<Finding> {
    let diagnosis = observed.diagnosis()?;
    let free = diagnosis.disk_free_bytes.filter(|free| *free < LEAST_FREE)?;
    let size = diagnosis.disk_bytes.map(|size| (size >> 20).to_string());
    Some(Finding::new(
        Cause::DiskFull,
        format!("volume {}", observed.resource()),
        format!(
            "{} MiB of {} MiB are free where the node keeps its data",
            free >> 20,
            known(size.as_deref())
        ),
        "docker system df # shows what takes the room",
    ))
}

/// Seconds by which the node's clock is ahead of this machine's.
fn skew(observed: &Observed<'_>) -> Option<i64> {
    let of_node: Timestamp = observed.diagnosis()?.node_time.as_ref()?.parse().ok()?;
    Some(of_node.as_second() - observed.asked_at?.as_second())
}

fn clock_skew(observed: &Observed<'_>) -> Option<Finding> {
    let seconds = skew(observed).filter(|seconds| seconds.abs() > MOST_SKEW)?;
    let side = if seconds > 0 { "behind" } else { "ahead of" };
    Some(Finding::new(
        Cause::ClockSkew,
        "clock of this machine",
        format!(
            "it is {} s {side} the node's; certificates and handshakes fail by that",
            seconds.abs()
        ),
        "sudo timedatectl set-ntp true",
    ))
}

fn dns_broken(observed: &Observed<'_>) -> Option<Finding> {
    let diagnosis = observed.diagnosis();
    let resolves = diagnosis.and_then(|diagnosis| diagnosis.resolves_names);
    let is_marked = ["DNS_PROBE_FAILED", "HEALTHCHECK_DNS_FAILURE"]
        .iter()
        .any(|marker| has_marker(observed, marker));
    if resolves != Some(false) && !is_marked {
        return None;
    }
    let servers = diagnosis.map(|diagnosis| diagnosis.name_servers.join(", "));
    Some(Finding::new(
        Cause::DnsBroken,
        format!("container {}", observed.resource()),
        format!(
            "names do not resolve in the container; its name servers: {}",
            servers.unwrap_or_default()
        ),
        format!(
            "{} # gives it Docker's own again; or name one: {} --dns ADDRESS",
            observed.verb("restart"),
            observed.verb("start")
        ),
    ))
}

/// Did the image's health check name this fault?
fn has_marker(observed: &Observed<'_>, marker: &str) -> bool {
    let health = observed
        .container()
        .and_then(|container| container.health.as_ref());
    health.is_some_and(|health| health.markers.iter().any(|named| named == marker))
}

fn is_up(observed: &Observed<'_>) -> bool {
    matches!(
        observed.state(),
        Some(State::Running | State::Starting | State::Serving)
    )
}

fn kubeconfig_stale(observed: &Observed<'_>) -> Option<Finding> {
    let agrees = observed
        .diagnosis()
        .and_then(|diagnosis| diagnosis.kubeconfig_agrees);
    let by_port = observed
        .detected()
        .and_then(|detected| detected.client_files.kubeconfig.agrees);
    let is_stale = match agrees {
        Some(agrees) => !agrees,
        None => by_port == Some(false) && is_up(observed),
    };
    is_stale.then(|| {
        Finding::new(
            Cause::KubeconfigStale,
            format!("file {}", known(observed.kubeconfig)),
            "the kubeconfig is not the one of the cluster that runs",
            new_kubeconfig(observed),
        )
    })
}

fn kubeconfig_missing(observed: &Observed<'_>) -> Option<Finding> {
    let files = &observed.detected()?.client_files;
    (is_up(observed) && !files.kubeconfig.present).then(|| {
        Finding::new(
            Cause::KubeconfigMissing,
            format!("file {}/kubeconfig", known(files.folder.as_deref())),
            "this host has no kubeconfig of the gateway",
            new_kubeconfig(observed),
        )
    })
}

fn new_kubeconfig(observed: &Observed<'_>) -> String {
    observed.tool(&format!("gw-node kubeconfig --gateway {}", observed.gateway))
}

fn metadata_stale(observed: &Observed<'_>) -> Option<Finding> {
    let Detected {
        client_files: files,
        endpoint,
        ..
    } = observed.detected()?;
    (files.metadata.agrees == Some(false)).then(|| {
        Finding::new(
            Cause::MetadataStale,
            format!("file {}/metadata.json", known(files.folder.as_deref())),
            format!(
                "clients read another endpoint there than {}",
                known(endpoint.as_deref())
            ),
            observed.again(),
        )
    })
}

fn supervisor_missing(observed: &Observed<'_>) -> Option<Finding> {
    has_marker(observed, "HEALTHCHECK_MISSING_SUPERVISOR").then(|| {
        Finding::new(
            Cause::SupervisorMissing,
            format!("container {}", observed.resource()),
            "the supervisor of sandboxes is missing on the node",
            observed.verb("restart"),
        )
    })
}

fn starting(observed: &Observed<'_>) -> Option<Finding> {
    (observed.state()? == State::Starting).then(|| {
        Finding::new(
            Cause::Starting,
            format!("container {}", observed.resource()),
            "it started a moment ago and does not serve yet",
            format!("{} # waits until it does", observed.verb("start")),
        )
    })
}
