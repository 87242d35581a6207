//! `gw-node` reaches into the node of a gateway, whose container runs already, and to the server and the sandboxes of one on any cluster.
//!
//! - `load` copies images from the local Docker into the node, and skips those that it already has.
//! - `copy` copies a file onto the node.
//! - `kubeconfig` writes the kubeconfig for this host again, prints it (`--file -`), or adds it to kubectl's (`--merge`).
//! - `tunnel` forwards a port of this host to the API of a gateway on another machine, for as long as it runs.
//! - `forward` leads a port of this machine to the gateway's server through the Kubernetes API, for as long as it runs.
//! - `logs` prints the log of the server or of a sandbox.
//! - `diagnose` says what container, node and host show. It changes nothing, and the container need not run.
//! - `parts` says which parts of the gateway are made from other sources than those of a checkout, and keeps what was deployed.
//!
//! The document ([`Report`]) says where the node is and what was done. `--dry-run` does nothing and says what would be done.
//! Exit codes are those of the contract; every reason is in `--help`.

mod copy;
mod describe;
mod diagnose;
mod exec;
mod flags;
mod forward;
mod kubeconfig;
mod load;
mod logs;
mod parts;
mod reach;
mod reasons;
mod since;
mod tunnel;

use std::process::ExitCode;
use std::time::Duration;

use contract::{Answer, Context, Failure, SharedFlags, Tool};
use gw_node::report::Report;

use crate::flags::{Flags, Verb};

static TOOL: Tool = Tool {
    name: "gw-node",
    version: env!("CARGO_PKG_VERSION"),
    shared: SharedFlags {
        gateway: true,
        docker: true,
        kubernetes: true,
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
        Verb::Load(flags) => load::run(&flags, context).await,
        Verb::Copy(flags) => copy::run(&flags, context).await,
        Verb::Kubeconfig(flags) => kubeconfig::run(&flags, context).await,
        Verb::Tunnel(flags) => tunnel::run(&flags, context).await,
        Verb::Forward(flags) => forward::run(&flags, context).await,
        Verb::Logs(flags) => logs::run(&flags, context).await,
        Verb::Diagnose(flags) => diagnose::run(&flags, context).await,
        Verb::Parts(flags) => parts::run(&flags, context).await,
    }
}
