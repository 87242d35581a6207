//! What every tool shares: one JSON document on standard output, exit codes, flags and progress.
//!
//! A tool is a [`Tool`], a type for its own flags (argh), a type for its report, and one async function.
//! [`run`] does the rest: it reads the command line, answers `--help`, `--version` and `--schema`, keeps the
//! deadline, obeys signals, prints the document and returns the exit code.

mod action;
mod console;
mod document;
mod duration;
mod exit;
mod failure;
mod fingerprint;
mod flags;
mod help;
mod input;
mod pledge;
mod run;
mod tool;
mod typed;

pub use action::Action;
pub use console::Console;
pub use document::{Document, Draft, ErrorField, schema_of};
pub use duration::{format_duration, parse_duration};
pub use exit::Exit;
pub use failure::{Failure, Reason};
pub use fingerprint::fingerprint;
pub use flags::{CommonFlags, SharedFlags};
pub use input::{open_input, read_input};
pub use pledge::{Pledge, Pledges};
pub use run::{Answer, Context, run};
pub use tool::Tool;
pub use typed::{quoted, typed, typed_by_driver};

/// The command line is wrong.
pub const USAGE: Reason = Reason::new("usage", Exit::Usage, "the command line is wrong");
/// The gateway's name has a form that no gateway can have.
pub const INVALID_GATEWAY_NAME: Reason = Reason::new(
    "invalid_gateway_name",
    Exit::Configuration,
    "the gateway's name has a form that no gateway can have",
);
/// The time that --timeout allows has passed.
pub const TIMED_OUT: Reason = Reason::new(
    "timed_out",
    Exit::TimedOut,
    "the time that --timeout allows has passed",
);
/// SIGINT, SIGTERM or SIGHUP arrived.
pub const INTERRUPTED: Reason = Reason::new("interrupted", Exit::Failed, "SIGINT, SIGTERM or SIGHUP arrived");

/// Reasons that every tool may report, beside its own.
pub const COMMON_REASONS: &[Reason] = &[USAGE, INVALID_GATEWAY_NAME, TIMED_OUT, INTERRUPTED];
