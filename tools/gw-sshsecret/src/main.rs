//! `gw-sshsecret` keeps the SSH handshake secret of a gateway: the Secret `openshell-ssh-handshake`, by which the gateway and
//! its sandboxes know each other.
//!
//! - `reconcile` leaves a valid Secret as it is. Where its absence is proven, it is made again from the value that live
//!   sandboxes carry in their environment; only where none carries one, a new value is generated. A Secret that exists is
//!   written only where the user asks for that: `--replace-invalid` where it holds no secret, `--rotate --yes`.
//! - `check` compares the Secret with what the gateway server's pods and each sandbox carry.
//! - `sign` and `verify` make and judge NSSH1 handshake lines, for somebody who looks for a fault.
//!
//! The document ([`report::Report`]) names the secret by its fingerprint, where it came from, and what was done; `--dry-run`
//! does nothing and says what would be done. Exit codes are those of the contract; every reason is in `--help`.

mod act;
mod check;
mod flags;
mod handshake;
mod input;
mod lines;
mod observe;
mod plan;
mod reasons;
mod reconcile;
mod refused;

use std::process::ExitCode;
use std::time::Duration;

use contract::{Answer, Context, Failure, SharedFlags, Tool};
use gw_sshsecret::report::{self, Report};

use crate::flags::{Flags, Verb};

static TOOL: Tool = Tool {
    name: "gw-sshsecret",
    version: env!("CARGO_PKG_VERSION"),
    shared: SharedFlags {
        gateway: false,
        docker: false,
        kubernetes: true,
        dry_run: true,
        lock: false,
        timeout: Duration::from_secs(90),
    },
    reasons: reasons::ALL,
};

fn main() -> ExitCode {
    contract::run::<Flags, Report, _, _>(&TOOL, run)
}

async fn run(flags: Flags, context: Context<Report>) -> Result<Answer, Failure> {
    match flags.verb {
        Verb::Reconcile(flags) => reconcile::run(flags, context).await,
        Verb::Check(flags) => check::run(&flags, context).await,
        Verb::Sign(flags) => lines::sign(flags, context).await,
        Verb::Verify(flags) => lines::verify(flags, context).await,
    }
}
