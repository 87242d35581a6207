//! The API server, the node, its neighbours and its volumes.

use crate::cause::Cause;
use crate::finding::Finding;
use crate::observe::{Observed, known};
use crate::plan::wait::{failed, last_cause};
use crate::question::{Place, Question};

/// What is wrong.
pub fn findings(observed: &Observed<'_>) -> Vec<Finding> {
    let mut found: Vec<Finding> = [api(observed), node(observed), namespace(observed)]
        .into_iter()
        .flatten()
        .collect();
    // Who says it first speaks for the others.
    found.dedup_by(|later, first| {
        later.cause == Cause::ApiUnreachable && first.cause == Cause::ApiUnreachable
    });
    found.extend(stale_nodes(observed));
    found.extend(lost_claims(observed));
    found
}

/// The logs of the cluster, then what brings the gateway up again.
fn logs_then(observed: &Observed<'_>, logs: &str) -> String {
    format!("{logs} # then: {}", observed.again())
}

fn api(observed: &Observed<'_>) -> Option<Finding> {
    let (waited, error) = failed(observed.answers.api.as_ref())?;
    let logs = match observed.place {
        Place::Container => observed.verb("logs"),
        Place::Cluster => format!("{} cluster-info", observed.spelling.kubectl),
    };
    let target = waited.report.target.as_deref();
    let object = target.map_or("API server".to_owned(), |target| format!("API server {target}"));
    let message = format!("it does not answer: {}", last_cause(waited, error));
    let next = logs_then(observed, &logs);
    Some(match error.reason.as_str() {
        "timed_out" | "api_unreachable" => Finding::new(Cause::ApiUnreachable, object, message, next),
        _ => Finding::untold(Question::Api, error, object, message, next),
    })
}

fn node(observed: &Observed<'_>) -> Option<Finding> {
    let (waited, error) = failed(observed.answers.node.as_ref())?;
    let object = format!("node {}", known(waited.report.target.as_deref()));
    let next = logs_then(observed, &observed.verb("logs"));
    Some(match error.reason.as_str() {
        "node_pressure" => Finding::new(
            Cause::NodePressure,
            object,
            error.message.clone(),
            "docker system df; free; ps aux --sort -rss | head # the host must have more of what the node lacks",
        ),
        "timed_out" => Finding::new(Cause::NodeNotReady, object, last_cause(waited, error), next),
        "api_unreachable" => Finding::new(Cause::ApiUnreachable, object, last_cause(waited, error), next),
        _ => Finding::untold(Question::Node, error, object, last_cause(waited, error), next),
    })
}

fn namespace(observed: &Observed<'_>) -> Option<Finding> {
    let (waited, error) = failed(observed.answers.namespace.as_ref())?;
    let object = format!("namespace {}", observed.namespace);
    let (message, next) = (last_cause(waited, error), observed.again());
    Some(match error.reason.as_str() {
        "timed_out" => Finding::new(Cause::NamespaceMissing, object, message, next),
        "api_unreachable" => Finding::new(Cause::ApiUnreachable, object, message, next),
        _ => Finding::untold(Question::Namespace, error, object, message, next),
    })
}

fn stale_nodes(observed: &Observed<'_>) -> Vec<Finding> {
    let Some(nodes) = observed.answers.nodes.as_ref().map(|document| &document.report) else {
        return Vec::new();
    };
    let mut message = "its container is gone".to_owned();
    if !nodes.pods_deleted.is_empty() {
        let stuck = nodes.pods_deleted.join(", ");
        message.push_str(&format!("; stuck on such a node: {stuck}"));
    }
    let since = observed
        .container()
        .and_then(|container| container.started_at.as_deref());
    let next = observed.tool(&format!(
        "gw-nodeclean {} --keep {} --since {}",
        observed.spelling.reach,
        nodes.keep.as_deref().unwrap_or("NODE"),
        since.unwrap_or("TIME")
    ));
    let stale = nodes.stale_nodes.iter();
    stale
        .map(|node| Finding::new(Cause::NodeStale, format!("node {node}"), &message, &next))
        .collect()
}

fn lost_claims(observed: &Observed<'_>) -> Vec<Finding> {
    let nodes = observed.answers.nodes.iter();
    let lost = nodes.flat_map(|document| &document.report.claims_lost);
    lost.map(|claim| {
        let (namespace, name) = claim.split_once('/').unwrap_or((observed.namespace, claim));
        Finding::new(
            Cause::ClaimLost,
            format!("persistentvolumeclaim {claim}"),
            "its volume is gone from the cluster",
            format!(
                "{} --namespace {namespace} describe persistentvolumeclaim {name} # a backup has its data: {}",
                observed.spelling.kubectl,
                observed.verb("restore FILE")
            ),
        )
    })
    .collect()
}

/// Tools that could not tell what the cluster has.
pub fn untold(observed: &Observed<'_>) -> Vec<Finding> {
    let answers = observed.answers;
    let nodes = answers.nodes.as_ref().and_then(|it| it.error.as_ref());
    let secret = answers.secret.as_ref().and_then(|it| it.error.as_ref());
    let pki = answers.pki.as_ref().and_then(|it| it.error.as_ref());
    [
        (Question::Nodes, nodes, "nodes and volumes"),
        (Question::Secret, secret, "handshake secret"),
        (Question::Pki, pki, "certificates"),
    ]
    .into_iter()
    .filter_map(|(question, error, object)| {
        let error = error?;
        let (message, next) = (error.message.clone(), error.hint.clone());
        Some(Finding::untold(question, error, object, message, next))
    })
    .collect()
}
