//! `gw-wait` waits until one condition holds: `api`, `namespace`, `node`, `rollout`, `secret`, `grpc`, `tcp`, `sandbox`,
//! `sandboxes` or `exited`.
//!
//! The document ([`report::Report`]) has the number of attempts, the time waited and the last cause. Exit code 0 once the
//! condition holds, 124 where it does not within `--timeout`, with what was seen last; other codes where waiting cannot help.

mod condition;
mod flags;
mod hopeless;
mod pace;
mod pods;
mod reasons;
mod through;
mod tls;
mod watched;

use std::process::ExitCode;
use std::time::{Duration, Instant};

use contract::{Answer, Context, Failure, SharedFlags, Tool};
use gw_wait::report::{self, Report};

use crate::condition::{api, exited, grpc, namespace, node, rollout, sandbox, sandboxes, secret, tcp};
use crate::flags::{Condition, Flags};

static TOOL: Tool = Tool {
    name: "gw-wait",
    version: env!("CARGO_PKG_VERSION"),
    shared: SharedFlags {
        gateway: true,
        docker: true,
        kubernetes: true,
        dry_run: false,
        lock: false,
        timeout: Duration::from_secs(90),
    },
    reasons: reasons::ALL,
};

fn main() -> ExitCode {
    contract::run::<Flags, Report, _, _>(&TOOL, run)
}

async fn run(flags: Flags, context: Context<Report>) -> Result<Answer, Failure> {
    let begun = Instant::now();
    let condition = &flags.condition;
    let look = condition.look();
    let ended = tokio::select! {
        biased;
        ended = wait(condition, &context) => ended,
        failure = hopeless::met(&look, &context) => Err(failure),
    };
    let waited_ms = begun.elapsed().as_millis().try_into().ok();
    context.report.update(|report| report.waited_ms = waited_ms);
    ended.map(|()| Answer::Done)
}

async fn wait(condition: &Condition, context: &Context<Report>) -> Result<(), Failure> {
    match condition {
        Condition::Api(_) => api::wait(context).await,
        Condition::Namespace(_) => namespace::wait(context).await,
        Condition::Node(flags) => node::wait(flags, context).await,
        Condition::Rollout(flags) => rollout::wait(flags, context).await,
        Condition::Secret(flags) => secret::wait(flags, context).await,
        Condition::Grpc(flags) => grpc::wait(flags, context).await,
        Condition::Tcp(flags) => tcp::wait(flags, context).await,
        Condition::Sandbox(flags) => sandbox::wait(flags, context).await,
        Condition::Sandboxes(flags) => sandboxes::wait(flags, context).await,
        Condition::Exited(flags) => exited::wait(flags, context).await,
    }
}
