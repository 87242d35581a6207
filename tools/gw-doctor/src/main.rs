//! `gw-doctor` names what is wrong with a gateway, why, and what to type next, concluded from what the other tools say. It reads
//! standard input and nothing else: no Docker, no cluster, no file.
//!
//! Standard input has one JSON value after another, each an answer with the name of its question ([`question::Question`]):
//! `{"name": "detect", "document": {...}}`, with `"exit_code"` if the tool may have ended without a document. The document
//! ([`report::Report`]) has the findings, root causes first: a finding that only follows from another one is left out
//! ([`cause::Cause::follows_from`]). It also names the documents that could not be used, and the questions that nobody answered. Exit
//! code 0 if nothing is wrong, 1 with findings, or if a document could not be used.

mod answers;
mod finding;
mod flags;
mod observe;
mod plan;
mod reasons;
mod spelling;
mod text;

use std::process::ExitCode;
use std::time::Duration;

use contract::{Answer, Context, Exit, Failure, INVALID_GATEWAY_NAME, SharedFlags, Tool};
use gateway_names::{DEFAULT_GATEWAY, GatewayName};
use gw_doctor::report::{self, Report};
use gw_doctor::{cause, question};

use crate::flags::Flags;
use crate::observe::Observed;
use crate::spelling::Spelling;

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
    let given = flags.gateway.as_deref().map(name).transpose()?;
    context.console.waiting("documents on standard input");
    let answers = observe::read(tokio::io::stdin()).await?;
    context.console.ended_waiting();
    let sorted = answers::sort(answers, flags.place);
    let detect = sorted.answers.detect.as_ref().map(|document| &document.report);
    let told = detect.and_then(|detect| detect.gateway.as_deref()?.parse().ok());
    let gateway: Option<GatewayName> = told.or(given);
    let state = detect.and_then(|detect| detect.state);
    let endpoint = detect
        .and_then(|detect| detect.endpoint.clone())
        .or(flags.endpoint.clone());
    let named = gateway.clone().unwrap_or_else(|| {
        let default = DEFAULT_GATEWAY.parse();
        default.expect("the default is a gateway's name")
    });
    let observed = Observed {
        answers: &sorted.answers,
        place: flags.place,
        gateway: &named,
        endpoint: endpoint.as_deref(),
        namespace: &flags.namespace,
        kubeconfig: flags.kubeconfig.as_deref(),
        workload: &flags.workload,
        asked_at: flags.asked_at,
        spelling: Spelling::of(&flags),
    };
    let findings = plan::findings(&observed);
    let text = text::lines(named.as_str(), &findings, &sorted.unread);
    for line in text.iter().filter(|line| !line.is_empty()) {
        context.console.progress(line);
    }
    let is_fine = findings.is_empty() && sorted.unread.is_empty();
    context.report.update(|report| {
        *report = Report {
            gateway: gateway.map(|name| name.to_string()),
            state,
            endpoint,
            findings,
            unread: sorted.unread,
            missing: sorted.missing,
            text,
        };
    });
    Ok(if is_fine { Answer::Done } else { Answer::No })
}

fn name(text: &str) -> Result<GatewayName, Failure> {
    text.parse().map_err(|error| {
        let message = format!("--gateway: {error}");
        INVALID_GATEWAY_NAME
            .ending_with(Exit::Usage)
            .failure(message, "correct --gateway")
    })
}
