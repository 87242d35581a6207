//! The document's own fields.

use std::time::{Duration, Instant};

use contract::{Context, Exit, Failure, format_duration};
use schemars::JsonSchema;
use serde::Serialize;

/// What was waited for, and how it went.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub struct Report {
    /// The condition: api, namespace or grpc; null where none was read.
    pub condition: Option<&'static str>,
    /// What was asked: an address or a name.
    pub target: Option<String>,
    /// How often it was asked.
    pub attempts: u64,
    /// Milliseconds until the condition held, or until the wait was given up.
    pub waited_ms: Option<u128>,
    /// Why the last attempt before the end failed; null where the first one succeeded.
    pub last_cause: Option<CauseField>,
    /// What showed that the condition holds; null where it does not.
    pub shown_by: Option<String>,
}

/// Why an attempt failed.
#[derive(Clone, Debug, Serialize, JsonSchema)]
#[schemars(rename = "Cause", deny_unknown_fields)]
pub struct CauseField {
    /// A stable word.
    pub word: &'static str,
    /// The cause in plain words.
    pub detail: String,
}

/// What is kept back of the run's time, so that the last cause is reported instead of a bare time-out.
const RESERVE: Duration = Duration::from_millis(200);

/// The run must report by this time.
pub fn end_of(context: &Context<Report>) -> Instant {
    context.deadline.checked_sub(RESERVE).unwrap_or(context.deadline)
}

/// Another attempt failed for this cause.
pub fn failed(context: &Context<Report>, cause: CauseField) {
    context.report.update(|report| {
        report.attempts += 1;
        report.last_cause = Some(cause);
    });
}

/// The condition holds.
pub fn holds(context: &Context<Report>, shown_by: impl Into<String>) {
    context.console.ended_waiting();
    context.report.update(|report| {
        report.attempts += 1;
        report.shown_by = Some(shown_by.into());
    });
}

/// The time is over: the last cause in words.
pub fn timed_out(context: &Context<Report>, what: &str, hint: &str) -> Failure {
    let cause = context
        .report
        .update(|report| report.last_cause.as_ref().map(|cause| cause.detail.clone()));
    let cause = cause.unwrap_or_else(|| "no attempt ended".to_owned());
    let limit = format_duration(context.common.timeout);
    Failure::new(
        Exit::TimedOut,
        "timed_out",
        format!("{what} within {limit}; at last: {cause}"),
        hint,
    )
}
