//! `gw-container` makes, starts, stops and removes a gateway's container with its network and volume.
//!
//! - `ensure` compares what exists with what is wanted and changes only what differs. A container that must be replaced
//!   keeps its volume, its node's name and its port. Nothing is removed before its successor runs.
//! - `stop` stops the container and keeps all.
//! - `remove` removes container and network; with `--volume --yes` also the volume and the client's folder.
//!
//! The document ([`Report`]) says what there is afterwards and what was done. `--dry-run` does nothing and says what
//! would be done. Exit codes are those of the contract; every reason is in `--help`.

mod act;
mod credentials;
mod describe;
mod ensure;
mod flags;
mod lost;
mod memory;
mod observe;
mod plan;
mod reasons;
mod remove;
mod stop;

use std::process::ExitCode;
use std::time::Duration;

use contract::{Answer, Context, Failure, SharedFlags, Tool};
use gw_container::report::Report;

use crate::flags::{Flags, Verb};

static TOOL: Tool = Tool {
    name: "gw-container",
    version: env!("CARGO_PKG_VERSION"),
    shared: SharedFlags {
        gateway: true,
        docker: true,
        kubernetes: false,
        dry_run: true,
        lock: true,
        timeout: Duration::from_secs(180),
    },
    reasons: reasons::ALL,
};

fn main() -> ExitCode {
    contract::run::<Flags, Report, _, _>(&TOOL, run)
}

async fn run(flags: Flags, context: Context<Report>) -> Result<Answer, Failure> {
    match flags.verb {
        Verb::Ensure(flags) => ensure::run(flags, context).await,
        Verb::Stop(flags) => stop::run(&flags, context).await,
        Verb::Remove(flags) => remove::run(&flags, context).await,
    }
}
