//! Observation: which nodes live, and what is bound to those that do not.

use std::collections::BTreeMap;
use std::time::Duration;

use contract::{Context, Exit, Failure};
use jiff::Timestamp;
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::{Node, PersistentVolume, Pod};
use kube::Api;
use kube::api::ListParams;
use kube_session::{Backoff, Session};

use crate::flags::Flags;
use crate::plan::Seen;
use crate::report::Report;

/// The namespace in which each kubelet renews the Lease of its node, every ten seconds (Kubernetes, "Leases").
const LEASES: &str = "kube-node-lease";

/// When each node's Lease was last renewed.
type Renewals = BTreeMap<String, Timestamp>;

/// Returns once the node that lives is Ready: the one of `--keep`, else the only one there is.
pub async fn living_node(
    session: &Session,
    flags: &Flags,
    context: &Context<Report>,
) -> Result<String, Failure> {
    let mut backoff = Backoff::new(Duration::from_millis(50), Duration::from_millis(500));
    loop {
        let nodes = session
            .list(&session.everywhere::<Node>(), &ListParams::default())
            .await?;
        let renewals = renewals(session).await?;
        let lives =
            |node: &Node| is_ready(node) && flags.since.is_none_or(|since| is_after(node, &renewals, since));
        let living: Vec<String> = nodes.iter().filter(|node| lives(node)).map(name_of).collect();
        match (&flags.keep, &living[..]) {
            (Some(keep), _) if living.contains(keep) => return Ok(keep.clone()),
            (None, [only]) => return Ok(only.clone()),
            (None, [_, _, ..]) => {
                return Err(Failure::new(
                    Exit::Failed,
                    "no_live_node",
                    format!(
                        "several nodes are Ready ({}), and none was named",
                        living.join(", ")
                    ),
                    "name the one that lives: gw-nodeclean --keep NODE",
                ));
            }
            (Some(keep), _) => context.console.waiting(&format!("node {keep} to be Ready")),
            (None, []) => context.console.waiting("a node to be Ready"),
        }
        tokio::time::sleep(backoff.next_wait()).await;
    }
}

/// Everything that the plan is made from.
pub async fn all(
    session: &Session,
    keep: &str,
    flags: &Flags,
    context: &Context<Report>,
) -> Result<Seen, Failure> {
    context.console.ended_waiting();
    let nodes = session
        .list(&session.everywhere::<Node>(), &ListParams::default())
        .await?;
    let renewals = if nodes.len() > 1 {
        renewals(session).await?
    } else {
        Renewals::new()
    };
    let mut seen = Seen {
        keep: keep.to_owned(),
        delete_bare_pods: flags.delete_bare_pods,
        skip_volumes: flags.skip_volumes,
        ..Seen::default()
    };
    let others: Vec<&Node> = nodes.iter().filter(|node| name_of(node) != keep).collect();
    let later = match flags.since {
        None if !others.is_empty() => watched(session, &renewals, flags.grace, context).await?,
        _ => Renewals::new(),
    };
    seen.live.push(keep.to_owned());
    for node in others {
        let name = name_of(node);
        let lives = match flags.since {
            Some(since) => is_after(node, &renewals, since),
            None => renewals.get(&name) != later.get(&name),
        };
        if lives {
            seen.live.push(name)
        } else {
            seen.stale.push(name)
        }
    }
    if seen.live.len() > 1 && !seen.stale.is_empty() {
        let live = seen.live.join(", ");
        context
            .console
            .warning(&format!("more than one node lives ({live}): nothing is removed"));
        seen.stale.clear();
    }
    for node in &seen.stale {
        let selection = ListParams::default().fields(&format!("spec.nodeName={node}"));
        seen.pods
            .extend(session.list(&session.everywhere::<Pod>(), &selection).await?);
    }
    if !seen.stale.is_empty() {
        seen.volumes = session
            .list(&session.everywhere::<PersistentVolume>(), &ListParams::default())
            .await?;
    }
    Ok(seen)
}

/// The renewals after `grace`, in which a living kubelet renews its Lease several times.
async fn watched(
    session: &Session,
    before: &Renewals,
    grace: Duration,
    context: &Context<Report>,
) -> Result<Renewals, Failure> {
    let end = tokio::time::Instant::now() + grace;
    loop {
        let now = renewals(session).await?;
        let all_renewed = before.iter().all(|(node, time)| now.get(node) != Some(time));
        if all_renewed || tokio::time::Instant::now() >= end {
            return Ok(now);
        }
        context.console.waiting("the Leases of other nodes to be renewed");
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

async fn renewals(session: &Session) -> Result<Renewals, Failure> {
    let leases: Api<Lease> = Api::namespaced(session.client.clone(), LEASES);
    let listed = session.list(&leases, &ListParams::default()).await?;
    let renewal = |lease: Lease| Some((lease.metadata.name?, lease.spec?.renew_time?.0));
    Ok(listed.into_iter().filter_map(renewal).collect())
}

fn name_of(node: &Node) -> String {
    node.metadata.name.clone().unwrap_or_default()
}

fn ready_condition(node: &Node) -> Option<&k8s_openapi::api::core::v1::NodeCondition> {
    let conditions = node.status.as_ref()?.conditions.as_ref()?;
    conditions.iter().find(|condition| condition.type_ == "Ready")
}

fn is_ready(node: &Node) -> bool {
    ready_condition(node).is_some_and(|condition| condition.status == "True")
}

/// Was the node heard of after this time: by its Lease, or by its heartbeat where it has no Lease?
fn is_after(node: &Node, renewals: &Renewals, since: Timestamp) -> bool {
    let heartbeat = || {
        ready_condition(node)?
            .last_heartbeat_time
            .as_ref()
            .map(|time| time.0)
    };
    renewals
        .get(&name_of(node))
        .copied()
        .or_else(heartbeat)
        .is_some_and(|time| time >= since)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_lives_by_its_lease_and_without_one_by_its_heartbeat() {
        let time = |text: &str| text.parse::<Timestamp>().unwrap();
        let node: Node = serde_json::from_value(serde_json::json!({
            "metadata": {"name": "n"},
            "status": {"conditions": [{"type": "Ready", "status": "True", "lastHeartbeatTime": "2026-01-02T00:00:00Z"}]},
        }))
        .unwrap();
        let leases = Renewals::from([("n".to_owned(), time("2026-01-01T00:00:00Z"))]);
        assert!(is_ready(&node));
        assert!(!is_after(&node, &leases, time("2026-01-01T12:00:00Z")));
        assert!(is_after(&node, &Renewals::new(), time("2026-01-01T12:00:00Z")));
        assert!(!is_after(&node, &Renewals::new(), time("2026-01-03T00:00:00Z")));
    }
}
