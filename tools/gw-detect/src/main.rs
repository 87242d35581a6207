//! `gw-detect` says what there is of a gateway: it reads the client's files, then Docker, or for a gateway on a cluster of
//! somebody's own that cluster's API; it connects to the gateway's port once, and changes nothing.
//!
//! The document ([`report::Report`]) has the state, what it was concluded from, and what to do next. Exit code 0 for every
//! state that could be determined; with `--expect` 0 where the state is one of those named, else 1. With `--all` the document
//! lists every gateway on this Docker and on clusters instead.
//!
//! Of a container: two questions to Docker one after another (which version, then all that is asked side by side), and a third beside the
//! connection to the port: it is meant to be asked often.

mod agreement;
mod client_probe;
mod cluster;
mod conclude;
mod container;
mod describe;
mod every;
mod flags;
mod observe;
mod ports;
mod reasons;

use std::process::ExitCode;
use std::time::Duration;

use client_files::ClientFiles;
use contract::{Answer, CommonFlags, Context, Failure, SharedFlags, Tool};
use gateway_place::Place;
use gw_detect::report::{self, Report};
use gw_detect::state;

use crate::flags::Flags;

static TOOL: Tool = Tool {
    name: "gw-detect",
    version: env!("CARGO_PKG_VERSION"),
    shared: SharedFlags {
        gateway: true,
        docker: true,
        kubernetes: true,
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
        only_all(&flags, &context.common)?;
        every::run(&context).await?;
        return Ok(Answer::Done);
    }
    let files = ClientFiles::of_user()?;
    let gateway = files.resolve(context.common.gateway.as_deref())?;
    let folder = files.gateway(&gateway);
    context.report.update(|report| {
        report.gateway = Some(gateway.to_string());
        report.client_files = describe::client_files(&folder);
    });
    let state = match Place::of(&folder, &context.common)? {
        Some(place) => {
            let place = place.with(flags.workload.clone(), flags.service.clone());
            cluster::run(&context, &place, &folder).await?
        }
        None => container::run(&context, &gateway, &folder, flags.size).await?,
    };
    let expected = flags.expect.is_none_or(|expected| expected.0.contains(&state));
    Ok(if expected { Answer::Done } else { Answer::No })
}

/// Refuses what `--all` does not go with.
fn only_all(flags: &Flags, common: &CommonFlags) -> Result<(), Failure> {
    let names_cluster = common.kubeconfig.is_some() || common.context.is_some() || common.namespace.is_some();
    if flags.expect.is_none() && !flags.size && common.gateway.is_none() && !names_cluster {
        return Ok(());
    }
    Err(Failure::usage(
        "--all lists every gateway: it goes with none of --gateway, --expect, --size, --kubeconfig, --context and --namespace",
        format!("ask one by one: {}", contract::typed("gw-detect --gateway NAME")),
    ))
}
