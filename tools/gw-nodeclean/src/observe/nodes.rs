//! Which nodes live, and which are stale.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use contract::{Context, Failure};
use jiff::Timestamp;
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::Node;
use kube::Api;
use kube::api::ListParams;
use kube_session::{Backoff, Life, NodeLives, Session, ready_condition};

use crate::flags::Flags;
use crate::reasons::NO_LIVE_NODE;
use crate::report::Report;

/// The namespace in which each kubelet renews the Lease of its node.
pub const LEASES: &str = "kube-node-lease";
/// A living kubelet renews every ten seconds (a quarter of the Lease's 40 s): Kubernetes, "Leases".
const RENEWED_WITHIN: Duration = Duration::from_secs(15);
/// Label that nodes carry their hostname in, and that volumes bind to.
const HOSTNAME: &str = "kubernetes.io/hostname";

/// When each node's Lease was last renewed.
type Renewals = BTreeMap<String, Timestamp>;

/// A node, as far as it matters here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ObservedNode {
    /// Its name.
    pub name: String,
    /// Only this very node.
    pub uid: String,
    /// The value of its hostname label, which may differ from its name.
    pub hostname: String,
    /// Has it a Lease?
    pub has_lease: bool,
}

/// All nodes.
#[derive(Clone, Debug, Default)]
pub struct Nodes {
    /// The one that everything moves to; `None` where several live and none was named.
    pub keep: Option<ObservedNode>,
    /// Those that live.
    pub live: Vec<ObservedNode>,
    /// Those whose containers are gone.
    pub stale: Vec<ObservedNode>,
}

/// Waits until the node that lives is Ready, then tells the living from the stale.
pub async fn observe(session: &Session, flags: &Flags, context: &Context<Report>) -> Result<Nodes, Failure> {
    ready(session, flags, context).await?;
    context.console.ended_waiting();
    let nodes = session
        .list(&session.everywhere::<Node>(), &ListParams::default())
        .await?;
    let before = renewals(session).await?;
    let keep = nodes
        .iter()
        .find(|node| flags.keep.as_ref() == Some(&name_of(node)));
    // Without a time, what was Ready may be from before: each node is watched, also the one that volumes would move to.
    let is_doubtful = |node: &&Node| match (keep, flags.since) {
        (_, None) => true,
        (Some(keep), _) if name_of(keep) == name_of(node) => false,
        (_, Some(since)) => !is_after(node, &before, since),
    };
    let doubtful: Vec<&Node> = nodes.iter().filter(is_doubtful).collect();
    // Two nodes never have one address: this one's container is gone.
    let replaced = |node: &Node| {
        let shares = |keep: &Node| address(keep).is_some() && address(keep) == address(node);
        flags.since.is_some() && keep.is_some_and(shares)
    };
    let watched: Vec<String> = doubtful
        .iter()
        .filter(|node| !replaced(node))
        .map(|node| name_of(node))
        .collect();
    let limit = flags
        .since
        .map_or(flags.grace, |_| flags.grace.min(RENEWED_WITHIN));
    // The one that must live has the time that a living one takes.
    let must_live = match (keep, &nodes[..]) {
        (Some(node), _) | (None, [node]) => Some(name_of(node)),
        _ => None,
    };
    let limit_of = |name: &str| match &must_live {
        Some(node) if node == name => limit.max(RENEWED_WITHIN),
        _ => limit,
    };
    let after = watch(session, &before, &watched, limit_of, context).await?;
    let mut found = Nodes::default();
    for node in &nodes {
        let seen = seen(node, &before);
        let is_stale = doubtful.iter().any(|other| name_of(other) == seen.name)
            && before.get(&seen.name) == after.get(&seen.name);
        if is_stale {
            found.stale.push(seen);
        } else {
            found.live.push(seen);
        }
    }
    found.keep = match (&flags.keep, &found.live[..]) {
        (Some(keep), live) => live.iter().find(|node| node.name == *keep).cloned(),
        (None, [only]) => Some(only.clone()),
        (None, _) => None,
    };
    if found.live.is_empty() || (found.keep.is_none() && flags.keep.is_some()) {
        let name = flags
            .keep
            .as_deref()
            .map_or("every node".to_owned(), |keep| format!("node {keep}"));
        return Err(no_live_node(
            format!("{name} went away, or did not renew its Lease, while it was watched"),
            "see that its kubelet runs, then run it again",
        ));
    }
    if found.keep.is_none() && flags.allow_multi_node {
        let live: Vec<&str> = found.live.iter().map(|node| node.name.as_str()).collect();
        return Err(no_live_node(
            format!("several nodes live ({}), and none was named", live.join(", ")),
            &format!(
                "name the one that volumes move to: {}",
                contract::typed("gw-nodeclean --keep NODE --allow-multi-node")
            ),
        ));
    }
    Ok(found)
}

fn no_live_node(message: String, hint: &str) -> Failure {
    NO_LIVE_NODE.failure(message, hint)
}

/// Returns once the node of `--keep` is Ready, with `--since` by a report of after that time; without `--keep`, any node.
async fn ready(session: &Session, flags: &Flags, context: &Context<Report>) -> Result<(), Failure> {
    let what = match &flags.keep {
        Some(keep) => format!("node {keep}"),
        None => "a node".to_owned(),
    };
    let mut backoff = Backoff::new(Duration::from_millis(50), Duration::from_millis(500));
    let mut lives = NodeLives::default();
    loop {
        let (nodes, renewals) = match &flags.keep {
            Some(keep) => {
                let node = session.get(&session.everywhere::<Node>(), keep).await?;
                let lease = session.get(&leases(session), keep).await?;
                (
                    Vec::from_iter(node),
                    lease.and_then(renewal).into_iter().collect(),
                )
            }
            None => {
                let everything = ListParams::default();
                let nodes = session.list(&session.everywhere::<Node>(), &everything).await?;
                (nodes, renewals(session).await?)
            }
        };
        let mut cause = "it is not registered".to_owned();
        for node in &nodes {
            match lives.look(node, renewals.get(&name_of(node)).copied(), flags.since) {
                Life::Ready => return Ok(()),
                Life::Unready(why) => cause = why,
                Life::Unproven => "what is known of it is from before --since".clone_into(&mut cause),
            }
        }
        context.console.waiting(&format!("{what} to be Ready: {cause}"));
        tokio::time::sleep(backoff.next_wait()).await;
    }
}

/// The renewals once all of `names` were renewed, or each that was not has had its time.
async fn watch(
    session: &Session,
    before: &Renewals,
    names: &[String],
    limit_of: impl Fn(&str) -> Duration,
    context: &Context<Report>,
) -> Result<Renewals, Failure> {
    if names.is_empty() {
        return Ok(before.clone());
    }
    let begun = Instant::now();
    loop {
        let now = renewals(session).await?;
        let silent: Vec<&str> = names
            .iter()
            .filter(|name| now.get(*name) == before.get(*name))
            .map(String::as_str)
            .collect();
        let last = silent.iter().map(|name| limit_of(name)).max();
        let rest = last.unwrap_or_default().saturating_sub(begun.elapsed());
        if rest.is_zero() {
            context.console.ended_waiting();
            return Ok(now);
        }
        context.console.waiting(&match silent[..] {
            [only] => format!("node {only} to renew its Lease, if it lives"),
            _ => format!("{} nodes to renew their Leases, if they live", silent.len()),
        });
        tokio::time::sleep(Duration::from_secs(1).min(rest)).await;
    }
}

fn leases(session: &Session) -> Api<Lease> {
    Api::namespaced(session.client.clone(), LEASES)
}

async fn renewals(session: &Session) -> Result<Renewals, Failure> {
    let listed = session.list(&leases(session), &ListParams::default()).await?;
    Ok(listed.into_iter().filter_map(renewal).collect())
}

fn renewal(lease: Lease) -> Option<(String, Timestamp)> {
    Some((lease.metadata.name?, lease.spec?.renew_time?.0))
}

fn name_of(node: &Node) -> String {
    node.metadata.name.clone().unwrap_or_default()
}

fn seen(node: &Node, renewals: &Renewals) -> ObservedNode {
    let name = name_of(node);
    let label = node
        .metadata
        .labels
        .as_ref()
        .and_then(|labels| labels.get(HOSTNAME));
    ObservedNode {
        hostname: label.unwrap_or(&name).clone(),
        uid: node.metadata.uid.clone().unwrap_or_default(),
        has_lease: renewals.contains_key(&name),
        name,
    }
}

fn address(node: &Node) -> Option<&str> {
    let addresses = node.status.as_ref()?.addresses.as_ref()?;
    let internal = addresses.iter().find(|address| address.type_ == "InternalIP")?;
    Some(&internal.address)
}

/// Was the node heard of after this time: by its Lease, by its heartbeat where it has none, else by its registration?
fn is_after(node: &Node, renewals: &Renewals, since: Timestamp) -> bool {
    let heartbeat = || Some(ready_condition(node)?.last_heartbeat_time.as_ref()?.0);
    let registered = || Some(node.metadata.creation_timestamp.as_ref()?.0);
    let last = renewals.get(&name_of(node)).copied();
    last.or_else(heartbeat)
        .or_else(registered)
        .is_some_and(|time| time >= since)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_lives_by_its_lease_and_without_one_by_its_heartbeat() {
        let time = |text: &str| text.parse::<Timestamp>().unwrap();
        let mut node: Node = serde_json::from_value(serde_json::json!({
            "metadata": {"name": "n", "creationTimestamp": "2026-01-01T18:00:00Z"},
            "status": {"conditions": [{"type": "Ready", "status": "True", "lastHeartbeatTime": "2026-01-02T00:00:00Z"}]},
        }))
        .unwrap();
        let leases = Renewals::from([("n".to_owned(), time("2026-01-01T00:00:00Z"))]);
        assert!(!is_after(&node, &leases, time("2026-01-01T12:00:00Z")));
        assert!(is_after(&node, &Renewals::new(), time("2026-01-01T20:00:00Z")));
        assert!(!is_after(&node, &Renewals::new(), time("2026-01-03T00:00:00Z")));
        node.status = None;
        assert!(is_after(&node, &Renewals::new(), time("2026-01-01T12:00:00Z")));
        assert!(!is_after(&node, &Renewals::new(), time("2026-01-01T20:00:00Z")));
    }
}
