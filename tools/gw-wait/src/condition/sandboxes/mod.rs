//! Every sandbox of the gateway that is to run is ready.

mod describe;
mod gateway;
mod objects;
mod observe;
mod phase;

use std::time::{Duration, Instant};

use contract::{Context, Failure, format_duration};
use jiff::Timestamp;
use kube_session::Session;

use crate::flags::SandboxesFlags;
use crate::reasons::SANDBOXES_NOT_READY;
use crate::report::{CauseField, Report, SandboxesField, begin, end_of, failed, holds};

/// The pauses between two looks: the first, and the longest unless a look itself takes longer. Each lists all sandboxes and pods.
const PAUSES: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(2));

/// Returns once every sandbox that is to run is ready; with `--no-wait` after one look, whatever it saw.
pub async fn wait(flags: &SandboxesFlags, context: &Context<Report>) -> Result<(), Failure> {
    let session = Session::open(context).await?.of_workload(&flags.workload);
    begin(context, "sandboxes", &session.namespace);
    let gateway = gateway::of_server(&session).await?;
    let (mut pause, longest) = PAUSES;
    let end = end_of(context);
    // A first look that has no answer is a failure of its own; after it, there is something to tell when the time is over.
    let mut found = look(&session, &gateway, flags.since).await?;
    loop {
        let (summary, missed) = (found.summary.clone(), found.missed());
        context.report.update(|report| report.sandboxes = Some(found));
        if missed.is_empty() {
            holds(context, summary);
            return Ok(());
        }
        let detail = format!("{summary}; {}", missed[0]);
        failed(context, CauseField::new("not_ready", detail.clone()));
        if flags.no_wait {
            missed
                .iter()
                .for_each(|one| context.console.progress(&format!("sandbox {one}")));
            return Ok(());
        }
        context.console.waiting(&detail);
        let next = async {
            tokio::time::sleep(pause).await;
            let begun = Instant::now();
            (look(&session, &gateway, flags.since).await, begun.elapsed())
        };
        let Ok((next, took)) = tokio::time::timeout_at(end.into(), next).await else {
            return Err(not_ready(context));
        };
        found = next?;
        pause = (pause * 2).min(longest).max(took);
    }
}

/// What there is at this moment.
async fn look(
    session: &Session,
    gateway: &gateway::Gateway,
    since: Option<Timestamp>,
) -> Result<SandboxesField, Failure> {
    let Some(resource) = session.sandboxes_served_or_listed().await? else {
        return Ok(SandboxesField::new(Vec::new(), gateway.id.as_deref(), true));
    };
    let observed = observe::look(session, gateway, &resource).await?;
    let now = Timestamp::now();
    let told = observed
        .sandboxes
        .iter()
        .map(|sandbox| describe::told(sandbox, observed.pod_of(sandbox), since, now));
    Ok(SandboxesField::new(
        told.collect(),
        gateway.id.as_deref(),
        observed.all_namespaces,
    ))
}

/// The time is over. Each that is missed is named, with the cause.
fn not_ready(context: &Context<Report>) -> Failure {
    let limit = format_duration(context.common.timeout);
    let message = context.report.update(|report| {
        let seen = report.sandboxes.get_or_insert_default();
        let (missed, named) = (seen.not_ready, seen.missed().join("; "));
        let total = seen.total;
        format!("{missed} of {total} sandboxes did not become ready within {limit}: {named}")
    });
    let gateway = context
        .common
        .gateway
        .as_ref()
        .map(|name| format!(" --gateway {name}"));
    let hint = contract::typed_by_driver("status").map_or_else(
        || contract::typed("gw-wait sandboxes --no-wait"),
        |status| format!("{status}{} lists them", gateway.unwrap_or_default()),
    );
    SANDBOXES_NOT_READY.failure(message, hint)
}
