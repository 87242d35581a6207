//! The API server says that it is ready.

use std::time::{Duration, Instant};

use contract::{Context, Failure};
use kube_session::{Backoff, Session, Trouble, asked_wait, classify, explain};

use crate::report::{CauseField, Report, begin, end_of, failed, holds, timed_out};

/// Asks `/readyz` until it answers `ok`.
pub async fn wait(context: &Context<Report>) -> Result<(), Failure> {
    let session = Session::open(context).await?;
    begin(context, "api", &session.server);
    let mut backoff = Backoff::new(Duration::from_millis(10), Duration::from_millis(50));
    let end = end_of(context);
    loop {
        let asked = match attempt(&session, end).await {
            Ok(()) => {
                holds(context, "readyz answers ok");
                return Ok(());
            }
            Err((cause, asked)) => {
                context
                    .console
                    .waiting(&format!("the API server at {}: {}", session.server, cause.detail));
                failed(context, cause);
                asked
            }
        };
        let pause = backoff.next_wait().max(asked);
        if Instant::now() + pause >= end {
            let what = format!("the API server at {} was not ready", session.server);
            return Err(timed_out(
                context,
                &what,
                "look at the container's log, or give it a longer --timeout",
            ));
        }
        tokio::time::sleep(pause).await;
    }
}

/// The error says for how long the API server asked to be left alone, too.
async fn attempt(session: &Session, end: Instant) -> Result<(), (CauseField, Duration)> {
    let request = http::Request::get("/readyz")
        .body(Vec::new())
        .expect("a constant request");
    let limit = Duration::from_secs(5).min(end.saturating_duration_since(Instant::now()));
    let cause = |word, detail: String| Err((CauseField::new(word, detail), Duration::ZERO));
    match tokio::time::timeout(limit, session.client.request_text(request)).await {
        Err(_) => cause("timed_out", "no answer in time".to_owned()),
        Ok(Ok(text)) if text.trim() == "ok" => Ok(()),
        Ok(Ok(text)) => cause("not_ready", format!("readyz answers {}", text.escape_debug())),
        Ok(Err(error)) => {
            let (word, detail) = match classify(&error, "") {
                Trouble::Unreachable => ("unreachable", explain(&error)),
                Trouble::Forbidden => ("forbidden", explain(&error)),
                _ => ("not_ready", unfinished(&explain(&error))),
            };
            Err((CauseField::new(word, detail), asked_wait(&error)))
        }
    }
}

/// readyz lists every check; only those that are not done yet tell anything.
fn unfinished(answer: &str) -> String {
    let checks: Vec<&str> = answer
        .split("[-]")
        .skip(1)
        .filter_map(|rest| rest.split_whitespace().next())
        .collect();
    match checks.len() {
        0 => answer.to_owned(),
        1..=3 => format!("not ready: {}", checks.join(", ")),
        more => format!("not ready: {} and {} more", checks[..3].join(", "), more - 3),
    }
}

#[cfg(test)]
mod tests {
    use super::unfinished;

    #[test]
    fn only_checks_that_are_not_done_are_named() {
        let answer = "[+]ping ok [-]a failed: reason withheld [+]b ok [-]poststarthook/c failed: reason withheld (500)";
        assert_eq!(unfinished(answer), "not ready: a, poststarthook/c");
        assert_eq!(
            unfinished("[-]a x [-]b x [-]c x [-]d x"),
            "not ready: a, b, c and 1 more"
        );
        assert_eq!(unfinished("etcd is away (500)"), "etcd is away (500)");
    }
}
