//! What people read: progress, warnings and the error, on standard error.

use std::io::{IsTerminal, Write};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use crate::Failure;

/// Waits that end sooner are not spoken of.
const BRIEF: Duration = Duration::from_secs(2);
/// A wait for the same thing is spoken of again only after this long.
const REPEAT: Duration = Duration::from_secs(15);

/// Standard error of one run.
#[derive(Debug)]
pub struct Console {
    tool: &'static str,
    quiet: bool,
    color: bool,
    wait: Mutex<Wait>,
}

#[derive(Debug)]
struct Wait {
    since: Option<Instant>,
    spoken_at: Option<Instant>,
    spoken: String,
    last: String,
}

impl Console {
    /// A console for `tool`. Colour needs a terminal, no `NO_COLOR` and no `--no-color`.
    pub fn new(tool: &'static str, quiet: bool, no_color: bool) -> Self {
        let unwanted = no_color || std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let color = !unwanted && std::io::stderr().is_terminal();
        let wait = Mutex::new(Wait {
            since: None,
            spoken_at: None,
            spoken: String::new(),
            last: String::new(),
        });
        Self {
            tool,
            quiet,
            color,
            wait,
        }
    }

    /// Something was done, or is about to be.
    pub fn progress(&self, message: &str) {
        self.ended_waiting();
        if !self.quiet {
            self.line("", message);
        }
    }

    /// Says what is being waited for. Call it as often as the condition is asked: brief waits stay unsaid, and
    /// the same message is not repeated each time.
    pub fn waiting(&self, message: &str) {
        let now = Instant::now();
        let Ok(mut wait) = self.wait.lock() else { return };
        message.clone_into(&mut wait.last);
        let since = *wait.since.get_or_insert(now);
        let due = match wait.spoken_at {
            None => now - since >= BRIEF,
            Some(spoken_at) if wait.spoken == message => now - spoken_at >= REPEAT,
            Some(spoken_at) => now - spoken_at >= BRIEF,
        };
        if due {
            wait.spoken_at = Some(now);
            message.clone_into(&mut wait.spoken);
            if !self.quiet {
                self.line(
                    "",
                    &format!("waiting for {message} ({} s so far)", (now - since).as_secs()),
                );
            }
        }
    }

    /// What is being waited for at this moment, if anything.
    pub fn waits_for(&self) -> Option<String> {
        let wait = self.wait.lock().ok()?;
        wait.since.is_some().then(|| wait.last.clone())
    }

    /// The wait is over.
    pub fn ended_waiting(&self) {
        if let Ok(mut wait) = self.wait.lock() {
            *wait = Wait {
                since: None,
                spoken_at: None,
                spoken: String::new(),
                last: String::new(),
            };
        }
    }

    /// Something that does not stop the run and that the user should know. Also said under `--quiet`.
    pub fn warning(&self, message: &str) {
        let label = if self.color {
            "\x1b[33mwarning:\x1b[0m "
        } else {
            "warning: "
        };
        self.line(label, message);
    }

    /// The error in one line, with the next step.
    pub fn failure(&self, failure: &Failure) {
        let label = if self.color {
            "\x1b[31merror:\x1b[0m "
        } else {
            "error: "
        };
        let next = if failure.hint.is_empty() {
            String::new()
        } else {
            format!("; next: {}", failure.hint)
        };
        self.line(label, &format!("{}{next}", failure.message));
    }

    /// A closed standard error is no reason to fail: the document and the exit code say the same.
    fn line(&self, label: &str, message: &str) {
        let message = message.replace('\n', " ");
        let _ = writeln!(std::io::stderr().lock(), "{}: {label}{message}", self.tool);
    }
}
