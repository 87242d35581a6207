//! `gw-nodeclean` removes what a container that is gone left in the cluster: its Node, pods that are stuck on it, and the
//! binding of volumes to it, which move to the node that lives without losing their data.
//!
//! A node is stale where its Lease was last renewed before `--since`, or, without that, where it was watched not to be
//! renewed for `--grace`. Pods and volumes of other nodes are never written, and where several nodes live nothing is,
//! unless `--allow-multi-node`. With `--container-created`, what k3s knew of the kept node's former container goes first, because
//! the node would never be Ready. What the tool does not understand is left and named, with exit code 1. The document
//! ([`report::Report`]) lists everything by name; `--dry-run` does nothing.

mod act;
mod describe;
mod flags;
mod observe;
mod plan;
mod reasons;

use std::process::ExitCode;
use std::time::Duration;

use contract::{Answer, Context, Failure, Reason, SharedFlags, Tool};
use gw_nodeclean::report::{self, Report};
use kube_session::Session;

use crate::flags::Flags;
use crate::observe::{Observed, node_password};
use crate::plan::Left;

static TOOL: Tool = Tool {
    name: "gw-nodeclean",
    version: env!("CARGO_PKG_VERSION"),
    shared: SharedFlags {
        gateway: false,
        docker: false,
        kubernetes: true,
        dry_run: true,
        lock: false,
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
    flags.check()?;
    let session = Session::open(&context).await?;
    let password = node_password::of_former_container(&session, &flags).await?;
    act::node_password::forget(&session, password.as_ref(), &context).await?;
    let observed = Observed {
        kept_password: password,
        ..observe::observe(&session, &flags, &context).await?
    };
    let plan = plan::plan(&observed);
    context.report.update(|report| {
        plan.describe(report);
        report.claims_lost.clone_from(&observed.claims_lost);
    });
    if !dry_run {
        act::act(&session, &plan, &context).await?;
    }
    answer(&plan.left, &context)
}

fn answer(left: &[Left], context: &Context<Report>) -> Result<Answer, Failure> {
    for left in left.iter().filter(|left| left.reason.is_none()) {
        context
            .console
            .warning(&format!("{} was left: {}", left.object, left.why));
    }
    let failed: Vec<(&Left, Reason)> = left
        .iter()
        .filter_map(|left| Some((left, left.reason?)))
        .collect();
    let Some((first, reason)) = failed.first() else {
        return Ok(Answer::Done);
    };
    let more = match failed.len() {
        1 => String::new(),
        count => format!(", and {} more", count - 1),
    };
    Err(reason.failure(
        format!("{} was left: {}{more}", first.object, first.why),
        format!(
            "{} | jq .left lists all of it",
            contract::typed("gw-nodeclean --dry-run")
        ),
    ))
}
