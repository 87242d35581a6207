//! `--abort-on` beside a condition: what would keep it from ever holding is watched at the same time.

pub mod abort;
pub mod pressure;

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::time::{Duration, Instant};

use contract::{Context, Failure};
use futures_util::StreamExt;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Node, Pod};
use kube::api::ListParams;
use kube::runtime::watcher;
use kube_session::Session;

use crate::condition::gateway_exit;
use crate::pods::{self, Past};
use crate::report::Report;
use crate::watched::{self, Patience};
use abort::Abort;
use pressure::{pressed, pressure};

/// How often nodes are asked for pressure, and for the last event about a pod.
const TICK: Duration = Duration::from_secs(2);

/// What is watched.
pub struct Look<'a> {
    /// What ends the wait.
    pub abort_on: &'a [Abort],
    /// What was before does not count.
    pub since: Option<Timestamp>,
    /// Label selector of the pods that the condition depends on; `None` where it has none, or watches them itself.
    pub pods: Option<String>,
}

/// Returns once something is met that ends the wait, and never where nothing is.
pub async fn met(look: &Look<'_>, context: &Context<Report>) -> Failure {
    let gateway = async {
        if look.abort_on.contains(&Abort::GatewayExited) {
            Err(gateway_exit::ended(context).await?.failure())
        } else {
            std::future::pending().await
        }
    };
    let pods = async {
        let is_asked = look.abort_on.iter().any(|abort| *abort != Abort::GatewayExited);
        match &look.pods {
            Some(selector) if is_asked => of_pods(selector, look, context).await,
            _ => std::future::pending().await,
        }
    };
    let ended: Result<Infallible, Failure> = tokio::select! {
        ended = gateway => ended,
        ended = pods => ended,
    };
    let Err(failure) = ended;
    failure
}

/// Ends with what was met, or because pods cannot be watched.
async fn of_pods(selector: &str, look: &Look<'_>, context: &Context<Report>) -> Result<Infallible, Failure> {
    let session = Session::open(context).await?;
    let selection = watcher::Config::default().labels(selector);
    let mut states = watched::all(session.namespaced::<Pod>(), selection).boxed();
    let mut patience = Patience::new();
    let mut past = Past::since(look.since);
    let mut pods = BTreeMap::new();
    loop {
        match tokio::time::timeout(TICK, states.next()).await {
            Ok(Some(Ok(found))) => {
                patience.answered();
                pods = found;
            }
            Ok(Some(Err(error))) => {
                patience.after(&error, &session, context.deadline).await?;
            }
            Ok(None) | Err(_) => {}
        }
        let problem = pods::worst(pods.values());
        if let Some(failure) = past.hopeless(problem.as_ref(), look.abort_on, Instant::now()) {
            return Err(failure);
        }
        if look.abort_on.contains(&Abort::NodePressure)
            && let Some(failure) = under_pressure(&session, look.since).await
        {
            return Err(failure);
        }
        let mut pod = problem.map(|problem| problem.pod);
        if let Some(pod) = &mut pod {
            pod.last_event = pods::last_event(&session, &pod.name).await;
        }
        context.report.update(|report| report.last_pod = pod);
    }
}

/// The failure, where a node reports pressure. A question without an answer is no pressure.
pub async fn under_pressure(session: &Session, since: Option<Timestamp>) -> Option<Failure> {
    let nodes = session.everywhere::<Node>();
    let everything = ListParams::default();
    let found = tokio::time::timeout(TICK, nodes.list(&everything))
        .await
        .ok()?
        .ok()?;
    let (name, pressure) = found
        .items
        .iter()
        .find_map(|node| Some((node.metadata.name.clone()?, pressure(node, since)?)))?;
    Some(pressed(&name, pressure))
}
