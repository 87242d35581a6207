//! A node is Ready.

use std::collections::BTreeMap;

use contract::{Context, Failure};
use futures_util::{StreamExt, stream};
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::Node;
use kube::Api;
use kube::runtime::watcher;
use kube_session::{Life, NodeLives, Session};

use crate::flags::NodeFlags;
use crate::hopeless::abort::Abort;
use crate::hopeless::pressure::{pressed, pressure};
use crate::report::{CauseField, Report, begin};
use crate::watched::{self, Verdict};

/// The namespace in which each kubelet renews the Lease of its node.
const LEASES: &str = "kube-node-lease";

/// Something that changed.
enum Change {
    Nodes(BTreeMap<String, Node>),
    Leases(BTreeMap<String, Lease>),
}

/// Returns once the named node is Ready; without a name, once any is.
pub async fn wait(flags: &NodeFlags, context: &Context<Report>) -> Result<(), Failure> {
    let session = Session::open(context).await?;
    let what = match &flags.name {
        Some(name) => format!("node {name}"),
        None => "a node".to_owned(),
    };
    begin(context, "node", flags.name.clone().unwrap_or_default());
    let mut selection = watcher::Config::default();
    if let Some(name) = &flags.name {
        selection = selection.fields(&format!("metadata.name={name}"));
    }
    let nodes = watched::all(session.everywhere::<Node>(), selection.clone());
    let mut states = stream::SelectAll::new();
    states.push(nodes.map(|found| found.map(Change::Nodes)).boxed());
    if flags.since.is_some() {
        let api: Api<Lease> = Api::namespaced(session.client.clone(), LEASES);
        let leases = watched::all(api, selection);
        states.push(leases.map(|found| found.map(Change::Leases)).boxed());
    }
    let words = (&*what, "kubectl describe nodes; the kubelet's log says more");
    let mut seen = Seen::default();
    watched::until(&session, context, states.boxed(), words, |change| {
        seen.judge(change, flags)
    })
    .await
}

/// What is known so far.
#[derive(Default)]
struct Seen {
    nodes: BTreeMap<String, Node>,
    leases: BTreeMap<String, Lease>,
    lives: NodeLives,
}

impl Seen {
    fn judge(&mut self, change: Change, flags: &NodeFlags) -> Verdict {
        match change {
            Change::Nodes(nodes) => self.nodes = nodes,
            Change::Leases(leases) => self.leases = leases,
        }
        let mut last = CauseField::new("absent", "it is not registered");
        for (name, node) in &self.nodes {
            if flags.abort_on.contains(&Abort::NodePressure)
                && let Some(pressure) = pressure(node, flags.since)
            {
                return Verdict::Never(pressed(name, pressure));
            }
            let lease = self.leases.get(name).and_then(|lease| lease.spec.as_ref());
            let renewed = lease.and_then(|lease| lease.renew_time.as_ref());
            match self.lives.look(node, renewed.map(|time| time.0), flags.since) {
                Life::Ready => return Verdict::Holds(format!("node {name} is Ready")),
                Life::Unready(why) => {
                    last = CauseField::new("not_ready", format!("node {name} is not Ready: {why}"));
                }
                Life::Unproven => {
                    let why = "and has not shown since then that it lives";
                    last = CauseField::new(
                        "not_heard_of",
                        format!("node {name} was Ready before --since, {why}"),
                    );
                }
            }
        }
        Verdict::NotYet(last)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(kind: &str, status: &str) -> Node {
        let condition = serde_json::json!({"type": kind, "status": status, "message": "cni is missing",
                                           "lastHeartbeatTime": "2026-01-02T00:00:00Z"});
        serde_json::from_value(
            serde_json::json!({"metadata": {"name": "n"}, "status": {"conditions": [condition]}}),
        )
        .unwrap()
    }

    fn judge(nodes: &[&Node], since: Option<&str>, abort_on: &[Abort]) -> Verdict {
        let flags = NodeFlags {
            name: None,
            since: since.map(|time| time.parse().unwrap()),
            abort_on: abort_on.to_vec(),
        };
        let named = nodes.iter().enumerate();
        let named = named.map(|(place, node)| (format!("n{place}"), (*node).clone()));
        Seen::default().judge(Change::Nodes(named.collect()), &flags)
    }

    #[test]
    fn a_node_is_ready_or_says_why_not() {
        let (ready, unready) = (node("Ready", "True"), node("Ready", "False"));
        assert!(matches!(judge(&[&unready, &ready], None, &[]), Verdict::Holds(_)));
        let Verdict::NotYet(cause) = judge(&[&unready], None, &[]) else {
            panic!("it is not ready")
        };
        assert_eq!(cause.detail, "node n0 is not Ready: cni is missing");
        assert!(matches!(judge(&[], None, &[]), Verdict::NotYet(cause) if cause.word == "absent"));
    }

    #[test]
    fn ready_and_pressure_of_before_do_not_count() {
        let (before, after) = (Some("2026-01-01T00:00:00Z"), Some("2026-01-03T00:00:00Z"));
        let ready = node("Ready", "True");
        assert!(matches!(judge(&[&ready], before, &[]), Verdict::Holds(_)));
        assert!(
            matches!(judge(&[&ready], after, &[]), Verdict::NotYet(cause) if cause.word == "not_heard_of")
        );
        let (pressed, abort) = (node("DiskPressure", "True"), [Abort::NodePressure]);
        assert!(matches!(judge(&[&pressed], None, &[]), Verdict::NotYet(_)));
        for since in [None, before] {
            let verdict = judge(&[&pressed], since, &abort);
            assert!(matches!(verdict, Verdict::Never(failure) if failure.reason == "node_pressure"));
        }
        assert!(matches!(judge(&[&pressed], after, &abort), Verdict::NotYet(_)));
    }
}
