//! `gw-pki` keeps the certificates of a gateway: its TLS Secrets in the cluster and the client's bundle on this host.
//!
//! - `check` shows each certificate with its findings.
//! - `reconcile` leaves valid material as it is, byte for byte, wherever it was made. Where there is none it makes a CA and
//!   keeps its key in the Secret `openshell-ca`; a certificate with a fault that has a name is issued again by that CA. The
//!   bundle on disk then follows the cluster. Where that CA cannot issue, it is replaced in steps that a client that takes
//!   part in them does not notice ([`examine::ca_change`]).
//! - `export` writes the client's bundle for another machine.
//!
//! The document ([`report::Report`]) shows each certificate with its findings, and what was done; `--dry-run` does nothing
//! and says what would be done. Exit codes are those of the contract; every reason is in `--help`.

mod act;
mod certificate;
mod check;
mod describe;
mod examine;
mod export;
mod flags;
mod gateway;
mod observe;
mod plan;
mod reasons;
mod reconcile;
mod refused;

use std::process::ExitCode;
use std::time::Duration;

use contract::{Answer, Context, Failure, SharedFlags, Tool};
use gw_pki::finding;
use gw_pki::report::{self, Report};

use crate::flags::{Flags, Verb};

static TOOL: Tool = Tool {
    name: "gw-pki",
    version: env!("CARGO_PKG_VERSION"),
    shared: SharedFlags {
        gateway: true,
        docker: false,
        kubernetes: true,
        dry_run: true,
        lock: true,
        timeout: Duration::from_secs(90),
    },
    reasons: reasons::ALL,
};

fn main() -> ExitCode {
    contract::run::<Flags, Report, _, _>(&TOOL, run)
}

async fn run(flags: Flags, context: Context<Report>) -> Result<Answer, Failure> {
    match flags.verb {
        Verb::Check(flags) => check::run(flags, context).await,
        Verb::Export(flags) => export::run(flags, context).await,
        Verb::Reconcile(flags) => reconcile::run(flags, context).await,
    }
}
