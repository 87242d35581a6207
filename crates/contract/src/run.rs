//! One run of a tool, from the command line to the exit code.

use std::io::{IsTerminal, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use argh::TopLevelCommand;
use schemars::JsonSchema;
use serde::Serialize;
use tokio::signal::unix::{SignalKind, signal};

use crate::document::{Document, Draft, ErrorField, schema_of};
use crate::flags::{CommonFlags, take_shared};
use crate::help::shared_help;
use crate::pledge::Pledges;
use crate::tool::Tool;
use crate::{Console, Exit, Failure, INTERRUPTED, TIMED_OUT, format_duration, typed};

/// How a run that did not fail ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Exit code 0.
    Done,
    /// Exit code 1: the run succeeded, and the answer to its question is no.
    No,
}

/// What the tool's function gets beside its own flags.
#[derive(Debug)]
pub struct Context<R> {
    /// The shared flags.
    pub common: CommonFlags,
    /// Standard error.
    pub console: Arc<Console>,
    /// The report to fill in.
    pub report: Draft<R>,
    /// When the run must have ended.
    pub deadline: Instant,
    /// What is done if a signal or the deadline cuts the run short.
    pub pledges: Pledges,
    data_on_stdout: Arc<AtomicBool>,
    endless: Arc<AtomicBool>,
}

impl<R> Context<R> {
    /// What the deadline was for is done; what is left lasts until it is ended from outside.
    pub fn lasts_from_now_on(&self) {
        self.endless.store(true, Ordering::SeqCst);
    }

    /// Standard output carries data (a file given as `-`): the document becomes the last line of standard error, for programs; on a terminal
    /// nobody reads it.
    pub fn data_goes_to_stdout(&self) {
        self.data_on_stdout.store(true, Ordering::SeqCst);
    }
}

/// Runs a tool: reads the command line, does the work within the deadline, prints one document.
///
/// Answers `--help`, `--version` and `--schema` without doing any work.
pub fn run<A, R, W, F>(tool: &'static Tool, work: W) -> ExitCode
where
    A: TopLevelCommand,
    R: Default + Serialize + JsonSchema,
    W: FnOnce(A, Context<R>) -> F,
    F: Future<Output = Result<Answer, Failure>>,
{
    let arguments: Vec<String> = std::env::args_os()
        .skip(1)
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    let mut console = Arc::new(Console::new(tool.name, false, false));
    let report = Draft::<R>::default();
    let data_on_stdout = Arc::new(AtomicBool::new(false));

    let ended = match read_command_line::<A>(tool, &arguments, || schema_of::<R>(tool.name)) {
        Ok(Request::Print(text)) => {
            print(&text);
            return ExitCode::SUCCESS;
        }
        Err(failure) => Err(failure),
        Ok(Request::Work(own, common)) => {
            console = Arc::new(Console::new(tool.name, common.quiet, common.no_color));
            let context = Context {
                deadline: Instant::now() + common.timeout,
                common,
                console: Arc::clone(&console),
                report: report.clone(),
                pledges: Pledges::default(),
                data_on_stdout: Arc::clone(&data_on_stdout),
                endless: Arc::default(),
            };
            work_until_deadline(context, |context| work(own, context))
        }
    };

    if let Err(failure) = &ended {
        console.failure(failure);
    }
    let error = ended.as_ref().err().map(ErrorField::from);
    let line = report.update(|report| {
        serde_json::to_string(&Document {
            schema: 1,
            tool: tool.name.to_owned(),
            report,
            error,
        })
        .expect("a report is plain data")
    });
    if data_on_stdout.load(Ordering::SeqCst) {
        let mut stderr = std::io::stderr().lock();
        if !stderr.is_terminal() {
            let _ = writeln!(stderr, "{line}");
        }
    } else {
        print(&line);
    }
    match ended {
        Ok(Answer::Done) => ExitCode::SUCCESS,
        Ok(Answer::No) => ExitCode::from(Exit::Failed.code()),
        Err(failure) => ExitCode::from(failure.exit.code()),
    }
}

enum Request<A> {
    Print(String),
    Work(A, CommonFlags),
}

fn read_command_line<A: TopLevelCommand>(
    tool: &Tool,
    arguments: &[String],
    schema: impl FnOnce() -> serde_json::Value,
) -> Result<Request<A>, Failure> {
    let before_dashes = || arguments.iter().take_while(|word| *word != "--");
    if before_dashes().any(|word| word == "--schema") {
        let text = serde_json::to_string_pretty(&schema()).expect("a schema is plain data");
        return Ok(Request::Print(text));
    }
    if before_dashes().any(|word| word == "--version") {
        return Ok(Request::Print(format!("{} {}", tool.name, tool.version)));
    }
    let help = || typed(&format!("{} --help", tool.name));
    let (common, own) =
        take_shared(&tool.shared, arguments.to_vec()).map_err(|message| Failure::usage(message, help()))?;
    let own: Vec<&str> = own.iter().map(String::as_str).collect();
    match A::from_args(&[tool.name], &own) {
        Ok(flags) => Ok(Request::Work(flags, common)),
        Err(early) if early.status.is_ok() => Ok(Request::Print(format!(
            "{}\n{}",
            early.output.trim_end(),
            shared_help(tool).trim_end()
        ))),
        Err(early) => {
            let message = early
                .output
                .lines()
                .map(str::trim)
                .filter(|line| !line.is_empty())
                .collect::<Vec<_>>();
            Err(Failure::usage(message.join(" "), help()))
        }
    }
}

fn work_until_deadline<R, F>(
    context: Context<R>,
    work: impl FnOnce(Context<R>) -> F,
) -> Result<Answer, Failure>
where
    F: Future<Output = Result<Answer, Failure>>,
{
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("threads and an epoll descriptor for the runtime");
    let console = Arc::clone(&context.console);
    let (limit, deadline) = (context.common.timeout, context.deadline);
    let endless = Arc::clone(&context.endless);
    let pledges = context.pledges.clone();
    let ended = runtime.block_on(async {
        let ended = tokio::select! {
            ended = work(context) => ended,
            number = interrupted(&pledges) => Err(INTERRUPTED.ending_with(Exit::Signal(number)).failure(format!("interrupted by signal {number}; what was done so far stays"),
                "run the same command again: it goes on where this run ended",
            )),
            () = passed(deadline, &endless) => Err(timed_out(&console, limit)),
        };
        pledges.keep_all().await;
        ended
    });
    // A blocked thread (a name lookup, a stuck disk) must not keep the process alive past its deadline.
    runtime.shutdown_background();
    ended
}

async fn passed(deadline: Instant, endless: &AtomicBool) {
    tokio::time::sleep_until(deadline.into()).await;
    if endless.load(Ordering::SeqCst) {
        std::future::pending().await
    }
}

fn timed_out(console: &Console, limit: Duration) -> Failure {
    let what = console
        .waits_for()
        .map_or_else(String::new, |what| format!(" while waiting for {what}"));
    TIMED_OUT.failure(
        format!("not done within {}{what}", format_duration(limit)),
        "run it again with a longer --timeout",
    )
}

/// Resolves with the number of the signal that ends the run.
async fn interrupted(pledges: &Pledges) -> u8 {
    let (Ok(mut interrupt), Ok(mut terminate)) =
        (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => 2,
        _ = terminate.recv() => 15,
        () = hung_up(pledges) => 1,
    }
}

/// Resolves at SIGHUP, once something is owed or a second has passed: until then it ends the process, as it ends any, and short runs do
/// not pay for more. A run under nohup, which ignores it, goes on.
async fn hung_up(pledges: &Pledges) {
    let _ = tokio::time::timeout(Duration::from_secs(1), pledges.made()).await;
    let is_ignored = std::fs::read_to_string("/proc/self/status").is_ok_and(|status| ignores_hangup(&status));
    match signal(SignalKind::hangup()) {
        Ok(mut hangup) if !is_ignored => {
            hangup.recv().await;
        }
        _ => std::future::pending().await,
    }
}

/// The lowest bit of SigIgn is signal 1. Source: proc_pid_status(5).
fn ignores_hangup(status: &str) -> bool {
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask & 1 == 1)
}

/// A closed pipe (`gw-detect | head -0`) ends quietly.
fn print(text: &str) {
    let _ = writeln!(std::io::stdout().lock(), "{text}");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nohup_is_told_by_the_mask_of_ignored_signals() {
        assert!(ignores_hangup("Name:\tx\nSigIgn:\t0000000000001001\n"));
        assert!(!ignores_hangup("SigIgn:\t0000000000001000\n"));
        assert!(!ignores_hangup(""));
    }
}
