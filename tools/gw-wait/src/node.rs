//! A node is Ready.

use contract::{Context, Failure};
use futures_util::StreamExt;
use k8s_openapi::api::core::v1::{Node, NodeCondition};
use kube::runtime::watcher;
use kube_session::Session;

use crate::abort::{Abort, aborted};
use crate::flags::NodeFlags;
use crate::report::{CauseField, Report, begin};
use crate::watched::{self, Verdict};

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
    let states = watched::all(session.everywhere::<Node>(), selection).boxed();
    let words = (&*what, "kubectl describe nodes; the kubelet's log says more");
    watched::until(&session, context, states, words, |nodes| {
        judge(nodes.values().collect(), &flags.abort_on)
    })
    .await
}

fn judge(nodes: Vec<&Node>, abort_on: &[Abort]) -> Verdict {
    let mut last = CauseField::new("absent", "it is not registered");
    for node in nodes {
        let name = node.metadata.name.as_deref().unwrap_or_default();
        if abort_on.contains(&Abort::NodePressure)
            && let Some(pressure) = pressure(node)
        {
            return Verdict::Never(aborted(
                "node_pressure",
                format!("node {name} reports {pressure}"),
                "free disk, memory or processes on the host, then run it again",
            ));
        }
        match condition(node, "Ready") {
            Some(ready) if ready.status == "True" => return Verdict::Holds(format!("node {name} is Ready")),
            Some(ready) => {
                let message = ready
                    .message
                    .as_deref()
                    .or(ready.reason.as_deref())
                    .unwrap_or("no reason given");
                last = CauseField::new("not_ready", format!("node {name} is not Ready: {message}"));
            }
            None => last = CauseField::new("not_ready", format!("node {name} has not reported yet")),
        }
    }
    Verdict::NotYet(last)
}

fn condition<'a>(node: &'a Node, kind: &str) -> Option<&'a NodeCondition> {
    let conditions = node.status.as_ref()?.conditions.as_ref()?;
    conditions.iter().find(|condition| condition.type_ == kind)
}

/// The pressure that a node reports, such as DiskPressure.
pub fn pressure(node: &Node) -> Option<&str> {
    let conditions = node.status.as_ref()?.conditions.as_ref()?;
    let found = conditions
        .iter()
        .find(|found| found.type_.ends_with("Pressure") && found.status == "True");
    found.map(|found| found.type_.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_is_ready_or_says_why_not() {
        let node = |kind: &str, status: &str| -> Node {
            let condition = serde_json::json!({"type": kind, "status": status, "message": "cni is missing"});
            serde_json::from_value(
                serde_json::json!({"metadata": {"name": "n"}, "status": {"conditions": [condition]}}),
            )
            .unwrap()
        };
        let (ready, unready, pressed) = (
            node("Ready", "True"),
            node("Ready", "False"),
            node("DiskPressure", "True"),
        );
        assert!(matches!(judge(vec![&unready, &ready], &[]), Verdict::Holds(_)));
        let Verdict::NotYet(cause) = judge(vec![&unready], &[]) else {
            panic!("it is not ready")
        };
        assert_eq!(cause.detail, "node n is not Ready: cni is missing");
        assert!(matches!(judge(vec![], &[]), Verdict::NotYet(cause) if cause.word == "absent"));
        assert!(matches!(judge(vec![&pressed], &[]), Verdict::NotYet(_)));
        let abort = [Abort::NodePressure];
        assert!(
            matches!(judge(vec![&pressed], &abort), Verdict::Never(failure) if failure.reason == "node_pressure")
        );
    }
}
