//! `gw-release` makes the helm release of a gateway's server match the chart and the values that were chosen, and on a cluster of its user's
//! own the place that it is in.
//!
//! - `prepare` makes that place: the namespace, and what is kept of the cluster. `publish` writes what clients read of it.
//! - `choose` checks chart and values and keeps them with the gateway, for the next `apply`.
//! - `facts` says which workload of the chart is the server and what it needs; it asks no cluster. `recall` says the same of what was
//!   deployed last, as far as this host knows.
//! - `helm` says which helm is used of those that are named.
//! - `plan` says what `apply` would do, by the last revision that helm recorded.
//! - `apply` keeps the choice with the gateway, and brings the release to it by helm. What Kubernetes lets nobody change in place is found by
//!   a dry run on the API server, deleted and made anew; volumes stay.
//! - `remove` uninstalls the release, with `--with-data` all else that the gateway has on a cluster; `rollback` goes back to the revision
//!   before, and `restart` gives the server new pods.
//!
//! helm runs as a child within this run's time. Exit codes are those of the contract; every reason is in `--help`.

mod act;
mod apply;
mod choose;
mod cluster;
mod deployment;
mod endpoint;
mod file_failure;
mod flags;
mod gateway;
mod helm;
mod kept;
mod namespace;
mod observe;
mod place;
mod plan;
mod prepare;
mod publish;
mod reach;
mod reasons;
mod removal;
mod resolve;
mod restart;
mod set_values;
mod undo;
mod which_helm;

use std::process::ExitCode;
use std::time::Duration;

use contract::{Answer, Context, Failure, SharedFlags, Tool};
use gw_release::report::Report;

use crate::flags::{Flags, Verb};

static TOOL: Tool = Tool {
    name: "gw-release",
    version: env!("CARGO_PKG_VERSION"),
    shared: SharedFlags {
        gateway: true,
        docker: false,
        kubernetes: true,
        dry_run: true,
        lock: true,
        timeout: Duration::from_secs(600),
    },
    reasons: reasons::ALL,
};

fn main() -> ExitCode {
    contract::run::<Flags, Report, _, _>(&TOOL, run)
}

async fn run(flags: Flags, context: Context<Report>) -> Result<Answer, Failure> {
    match flags.verb {
        Verb::Prepare(flags) => prepare::prepare(flags, &context).await,
        Verb::Choose(flags) => apply::choose(&flags.into(), &context).await,
        Verb::Facts(flags) => apply::facts(&flags.into(), &context).await,
        Verb::Recall(flags) => apply::recall(&flags, &context),
        Verb::Plan(flags) => apply::plan(flags.into(), context).await,
        Verb::Apply(flags) => apply::apply(flags.into(), context).await,
        Verb::Publish(flags) => publish::publish(&flags.endpoint, &context).await,
        Verb::Helm(flags) => which_helm::tell(&flags.helm, &context).await,
        Verb::Restart(_) => restart::restart(&context).await,
        Verb::Remove(flags) if flags.with_data => removal::remove(&flags, &context).await,
        Verb::Remove(flags) => undo::remove(&flags.helm, context).await,
        Verb::Rollback(flags) => undo::rollback(&flags.helm, context).await,
    }
}
