//! `gw-detect` says what there is of a gateway: it reads Docker and the client's files, connects to the gateway's port
//! once, and changes nothing.
//!
//! The document ([`report::Report`]) has the state, what it was concluded from, and what to do next. Exit code 0 for every
//! state that could be determined; with `--expect` 0 where the state is one of those named, else 1. With `--all` the document
//! lists every gateway on this Docker instead.
//!
//! Two questions to Docker one after another (which version, then all that is asked side by side), and a third beside the
//! connection to the port: it is meant to be asked often.

mod agreement;
mod describe;
mod every;
mod flags;
mod observe;
mod ports;
mod reasons;

use std::process::ExitCode;
use std::time::Duration;

use contract::{Answer, Context, Failure, SharedFlags, Tool};
use gw_detect::report::{self, Report};
use gw_detect::state;

use crate::flags::Flags;

static TOOL: Tool = Tool {
    name: "gw-detect",
    version: env!("CARGO_PKG_VERSION"),
    shared: SharedFlags {
        gateway: true,
        docker: true,
        kubernetes: false,
        dry_run: false,
        lock: false,
        timeout: Duration::from_secs(30),
    },
    reasons: reasons::ALL,
};

fn main() -> ExitCode {
    contract::run::<Flags, Report, _, _>(&TOOL, run)
}

async fn run(flags: Flags, context: Context<Report>) -> Result<Answer, Failure> {
    if flags.all {
        if flags.expect.is_some() || flags.size || context.common.gateway.is_some() {
            return Err(Failure::usage(
                "--all lists every gateway: it goes with neither --gateway nor --expect nor --size",
                format!("ask one by one: {}", contract::typed("gw-detect --gateway NAME")),
            ));
        }
        every::run(&context).await?;
        return Ok(Answer::Done);
    }
    let state = observe::run(&context, flags.size).await?;
    let expected = flags.expect.is_none_or(|expected| expected.0.contains(&state));
    Ok(if expected { Answer::Done } else { Answer::No })
}
