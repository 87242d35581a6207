//! `gw-container` makes, starts, stops and removes a gateway's container with its network and volume.
//!
//! - `ensure` compares what exists with what is wanted and changes only what differs. A container that must be replaced
//!   keeps its volume, its node's name and its port. Nothing is removed before its successor runs.
//! - `stop` stops the container and keeps all.
//! - `remove` removes container and network; with `--volume --yes` also the volume and the client's folder.
//! - `backup` and `restore` write and read one file with volume, specification and client files.
//! - `load` takes images to the node, `copy` a file; `diagnose` says what container, node and host show.
//! - `tunnel` leads a port of this host to the API of a gateway on another machine, for as long as it runs.
//! - `kubeconfig` writes the kubeconfig for this host again, prints it (`--file -`), or adds it to kubectl's (`--merge`).
//!
//! The document ([`report::Report`]) says what there is afterwards and what was done. `--dry-run` does nothing and says what
//! would be done. Exit codes are those of the contract; every reason is in `--help`.

mod archive;
mod backup;
mod backup_file;
mod byte_channel;
mod carry_out;
mod client_state;
mod copy;
mod create_body;
mod datastore;
mod describe;
mod diagnose;
mod ending;
mod ensure;
mod environment;
mod exec;
mod fetch;
mod flag_values;
mod flags;
mod helper_container;
mod image;
mod journal;
mod k3s_version;
mod kubeconfig;
mod kubeconfig_text;
mod load;
mod memory;
mod network_choice;
mod network_steps;
mod node_facts;
mod plan;
mod port_choice;
mod pull;
mod reasons;
mod redact;
mod refusals;
mod registry;
mod remove;
mod restore;
mod settings;
mod steps;
mod stop;
mod tunnel;
mod volume_look;
mod work;

use std::process::ExitCode;
use std::time::Duration;

use contract::{Answer, Context, Failure, SharedFlags, Tool};
use gw_container::report::{self, Report};

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
        Verb::Kubeconfig(flags) => kubeconfig::run(&flags, context).await,
        Verb::Backup(flags) => backup::run(&flags, context).await,
        Verb::Restore(flags) => restore::run(&flags, context).await,
        Verb::Load(flags) => load::run(&flags, context).await,
        Verb::Copy(flags) => copy::run(&flags, context).await,
        Verb::Diagnose(flags) => diagnose::run(&flags, context).await,
        Verb::Tunnel(flags) => tunnel::run(&flags, context).await,
    }
}
