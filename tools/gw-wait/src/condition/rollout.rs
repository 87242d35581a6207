//! A workload is rolled out: every replica is of its newest template, and ready.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use contract::{Context, Failure};
use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use k8s_openapi::api::apps::v1::{Deployment, StatefulSet};
use k8s_openapi::api::core::v1::Pod;
use kube::core::Selector;
use kube::runtime::watcher;
use kube_session::{Rollout, Session, WorkloadKind};

use crate::flags::RolloutFlags;
use crate::hopeless::abort::Abort;
use crate::hopeless::under_pressure;
use crate::pods::{self, Past, Problem};
use crate::report::{CauseField, Report, begin, end_of, failed, holds};
use crate::watched::{self, Patience};

/// How often the user may hear what is waited for, and nodes are asked for pressure.
const TICK: Duration = Duration::from_secs(2);
/// What is kept back for the last event about the pod.
const FOR_EVENTS: Duration = Duration::from_millis(400);

/// A workload that exists.
struct Found {
    /// Which pods are its own.
    selector: Selector,
    rollout: Rollout,
}

impl From<&StatefulSet> for Found {
    fn from(set: &StatefulSet) -> Self {
        let labels = set.spec.as_ref().map(|spec| spec.selector.clone());
        Self {
            selector: labels.unwrap_or_default().try_into().unwrap_or_default(),
            rollout: set.into(),
        }
    }
}

impl From<&Deployment> for Found {
    fn from(deployment: &Deployment) -> Self {
        let labels = deployment.spec.as_ref().map(|spec| spec.selector.clone());
        Self {
            selector: labels.unwrap_or_default().try_into().unwrap_or_default(),
            rollout: deployment.into(),
        }
    }
}

/// Something that changed.
enum Change {
    Workload(WorkloadKind, Option<Box<Found>>),
    Pods(BTreeMap<String, Pod>),
}

/// How far the workload is.
enum Verdict {
    /// It is rolled out; the text says what shows that.
    RolledOut(String),
    /// It is not, because of this.
    NotYet(CauseField),
    /// Nothing new is known of it.
    Open,
}

type Changes = BoxStream<'static, Result<Change, watcher::Error>>;

/// Returns once the workload is rolled out.
pub async fn wait(flags: &RolloutFlags, context: &Context<Report>) -> Result<(), Failure> {
    let session = Session::open(context).await?;
    let target = &flags.workload;
    begin(
        context,
        "rollout",
        format!("{}/{}", session.namespace, target.name),
    );
    let what = format!("workload {}", target.name);
    let hint = format!("kubectl -n {} describe pods", session.namespace);
    let end = end_of(context)
        .checked_sub(FOR_EVENTS)
        .unwrap_or_else(Instant::now);
    let mut changes = stream::SelectAll::<Changes>::new();
    for kind in target.kinds() {
        changes.push(of_workload(&session, *kind, &target.name));
    }
    let mut seen = Seen {
        past: Past::since(flags.since),
        ..Seen::default()
    };
    let mut patience = Patience::new();
    loop {
        let pause = TICK.min(end.saturating_duration_since(Instant::now()));
        let verdict = match tokio::time::timeout(pause, changes.next()).await {
            Ok(Some(Ok(change))) => {
                patience.answered();
                if let Some(pods) = seen.take(change, &session) {
                    changes.push(pods);
                }
                seen.verdict(target.kinds(), &flags.abort_on, context)?
            }
            Ok(Some(Err(error))) => Verdict::NotYet(patience.after(&error, &session, end).await?),
            Ok(None) | Err(_) => {
                // What lasts for too long shows without a change.
                seen.problem(&flags.abort_on, context)?;
                Verdict::Open
            }
        };
        match verdict {
            Verdict::RolledOut(shown_by) => {
                holds(context, shown_by);
                return Ok(());
            }
            Verdict::NotYet(cause) => failed(context, cause),
            Verdict::Open => {}
        }
        if flags.abort_on.contains(&Abort::NodePressure)
            && let Some(failure) = under_pressure(&session, flags.since).await
        {
            return Err(failure);
        }
        if Instant::now() >= end {
            read_event(&session, context).await;
            return Err(patience.ended(context, &format!("{what} was not rolled out"), &hint));
        }
        let last = context.report.update(|report| report.last_cause.clone());
        let last = last.map_or_else(|| "no answer yet".to_owned(), |cause| cause.detail);
        context.console.waiting(&format!("{what}: {last}"));
    }
}

/// What is known so far.
#[derive(Default)]
struct Seen {
    workloads: Vec<(WorkloadKind, Option<Box<Found>>)>,
    pods: BTreeMap<String, Pod>,
    selector: Option<Selector>,
    past: Past,
}

impl Seen {
    /// Takes a change in. Returns the watch of its pods when the workload is seen for the first time.
    fn take(&mut self, change: Change, session: &Session) -> Option<Changes> {
        match change {
            Change::Pods(pods) => self.pods = pods,
            Change::Workload(kind, found) => {
                let selector = found.as_ref().map(|found| found.selector.clone());
                self.workloads.retain(|(other, _)| *other != kind);
                self.workloads.push((kind, found));
                if let Some(selector) = selector
                    && self.selector.is_none()
                {
                    let of_workload = watcher::Config::default().labels_from(&selector);
                    self.selector = Some(selector);
                    let pods = watched::all(session.namespaced::<Pod>(), of_workload);
                    return Some(pods.map(|found| found.map(Change::Pods)).boxed());
                }
            }
        }
        None
    }

    /// Is it rolled out? `Err` where it is hopeless.
    fn verdict(
        &mut self,
        kinds: &[WorkloadKind],
        abort_on: &[Abort],
        context: &Context<Report>,
    ) -> Result<Verdict, Failure> {
        let found = self.workloads.iter().find_map(|(_, found)| found.as_ref());
        let Some(workload) = found else {
            // The other kind may exist.
            let is_known = self.workloads.len() == kinds.len();
            return Ok(if is_known {
                Verdict::NotYet(CauseField::new("absent", "it does not exist"))
            } else {
                Verdict::Open
            });
        };
        let not_yet = match &workload.rollout {
            Rollout::Done(shown_by) => return Ok(Verdict::RolledOut(shown_by.clone())),
            Rollout::NotYet(not_yet) => not_yet.clone(),
        };
        let problem = self.problem(abort_on, context)?;
        let Some(problem) = problem else {
            return Ok(Verdict::NotYet(CauseField::new("not_rolled_out", not_yet)));
        };
        let detail = format!("{not_yet}; {}", problem.cause.detail);
        Ok(Verdict::NotYet(CauseField::new(problem.cause.word, detail)))
    }

    /// What stands in its pods' way; `Err` where that ends the wait. The pod is in the document either way.
    fn problem(&mut self, abort_on: &[Abort], context: &Context<Report>) -> Result<Option<Problem>, Failure> {
        let problem = pods::worst(self.pods.values());
        context
            .report
            .update(|report| report.last_pod = problem.as_ref().map(|problem| problem.pod.clone()));
        let met = self.past.hopeless(problem.as_ref(), abort_on, Instant::now());
        met.map_or(Ok(problem), Err)
    }
}

fn of_workload(session: &Session, kind: WorkloadKind, name: &str) -> Changes {
    match kind {
        WorkloadKind::StatefulSet => watched::object(session.namespaced::<StatefulSet>(), name)
            .map(move |found| {
                found.map(|set| Change::Workload(kind, set.as_ref().map(|set| Box::new(set.into()))))
            })
            .boxed(),
        WorkloadKind::Deployment => watched::object(session.namespaced::<Deployment>(), name)
            .map(move |found| {
                found.map(|set| Change::Workload(kind, set.as_ref().map(|set| Box::new(set.into()))))
            })
            .boxed(),
    }
}

/// Reads the last event about the pod that the condition waits for, so that nobody need ask kubectl.
async fn read_event(session: &Session, context: &Context<Report>) {
    let name = context
        .report
        .update(|report| report.last_pod.as_ref().map(|pod| pod.name.clone()));
    let Some(name) = name else { return };
    let text = pods::last_event(session, &name).await;
    context.report.update(|report| {
        if let Some(pod) = &mut report.last_pod {
            pod.last_event = text;
        }
    });
}
