//! `gw-doctor` says what the other tools' documents mean. It reads standard input and nothing else: no Docker, no cluster, no file.
//!
//! Standard input has one JSON value after another, each an answer with the name of its question ([`question::Question`]):
//! `{"name": "detect", "document": {...}}`, with `"exit_code"` if the tool may have ended without a document.
//!
//! - `findings` names what is wrong with a gateway, why, and what to type next. The document ([`report::Report`]) has the findings, root
//!   causes first: a finding that only follows from another one is left out ([`cause::Cause::follows_from`]). It also names the documents
//!   that could not be used, and the questions that nobody answered. Exit code 0 if nothing is wrong, 1 with findings, or if a document could
//!   not be used.
//! - `status` makes a table of one gateway, `list` of all of them.

mod answers;
mod bundle;
mod finding;
mod findings;
mod flags;
mod list;
mod observe;
mod plan;
mod reasons;
mod redact;
mod spelling;
mod status;
mod text;

use std::process::ExitCode;
use std::time::Duration;

use contract::{Answer, Context, Failure, SharedFlags, Tool};
use gw_doctor::report::{self, Report};
use gw_doctor::{cause, question};

use crate::flags::{Flags, Verb};

static TOOL: Tool = Tool {
    name: "gw-doctor",
    version: env!("CARGO_PKG_VERSION"),
    shared: SharedFlags {
        gateway: false,
        docker: false,
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
    match flags.verb {
        Verb::Findings(flags) => findings::tell(&flags, &context).await,
        Verb::Status(flags) => status::tell(&flags, &context).await,
        Verb::List(flags) => list::tell(&flags, &context).await,
    }
}
