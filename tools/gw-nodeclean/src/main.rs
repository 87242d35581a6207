//! `gw-nodeclean` removes what a container that is gone left in the cluster: its Node, pods that are stuck on it, and the
//! binding of volumes to it, which move to the node that lives without losing their data.
//!
//! A node is stale where its Lease was last renewed before `--since`, or, without that, where it was watched not to be
//! renewed for `--grace`. Pods and volumes of other nodes are never written. What the tool does not understand is left and
//! named, with exit code 1. The document ([`report::Report`]) lists everything by name; `--dry-run` does nothing.

mod act;
mod flags;
mod journal;
mod observe;
mod plan;
mod reasons;
mod rebind;
mod report;

use std::process::ExitCode;
use std::time::Duration;

use contract::{Answer, Context, Exit, Failure, SharedFlags, Tool};
use kube_session::Session;

use crate::flags::Flags;
use crate::report::Report;

static TOOL: Tool = Tool {
    name: "gw-nodeclean",
    version: env!("CARGO_PKG_VERSION"),
    shared: SharedFlags {
        gateway: false,
        docker: false,
        kubernetes: true,
        dry_run: true,
        timeout: Duration::from_secs(180),
    },
    reasons: reasons::ALL,
};

fn main() -> ExitCode {
    contract::run::<Flags, Report, _, _>(&TOOL, run)
}

async fn run(flags: Flags, context: Context<Report>) -> Result<Answer, Failure> {
    let dry_run = context.common.dry_run;
    context.report.update(|report| report.dry_run = dry_run);
    let session = Session::open(&context).await?;
    let keep = observe::living_node(&session, &flags, &context).await?;
    // A move that an earlier run began comes first: its volume exists only in the journal.
    if !dry_run {
        journal::finish_begun_moves(&session, &context).await?;
    }
    let seen = observe::all(&session, &keep, &flags, &context).await?;
    let plan = plan::plan(&seen);
    context.report.update(|report| plan.describe(report));
    if !dry_run {
        act::carry_out(&session, &plan, &context).await?;
    }
    match plan.left.first() {
        None => Ok(Answer::Done),
        Some(left) => Err(Failure::new(
            Exit::Failed,
            left.reason,
            format!(
                "{} object(s) were left, the first: {} ({})",
                plan.left.len(),
                left.object,
                left.why
            ),
            "gw-nodeclean --dry-run | jq .left",
        )),
    }
}
