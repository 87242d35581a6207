//! `gw-backup` writes a gateway to one file, brings it back, and gets workspaces out of volumes and files.
//!
//! - `create` writes volume, settings and client files to one file. A container that runs is paused meanwhile, or stopped.
//! - `restore` verifies such a file, and makes volume and client files from it, under the same name or another. `gw-container ensure`
//!   then starts it.
//! - `workspaces` lists the folders of persistent volume claims, in the gateway's volume or in a backup, and extracts one to a folder or a
//!   tar archive. The node need not run.
//!
//! The document ([`Report`]) says what was written or read, and what was done. `--dry-run` does nothing and says what would be
//! done. Exit codes are those of the contract; every reason is in `--help`.

mod create;
mod file;
mod flags;
mod reasons;
mod restore;
mod unreadable;
mod workspaces;

use std::process::ExitCode;
use std::time::Duration;

use contract::{Answer, Context, Failure, SharedFlags, Tool};
use gw_backup::report::Report;

use crate::flags::{Flags, Verb};

static TOOL: Tool = Tool {
    name: "gw-backup",
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
        Verb::Create(flags) => create::run(&flags, context).await,
        Verb::Restore(flags) => restore::run(&flags, context).await,
        Verb::Workspaces(flags) => workspaces::run(&flags, context).await,
    }
}
