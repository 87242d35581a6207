//! A failure: a stable reason, a cause in plain words, the next command to type.

use crate::{Exit, USAGE};

/// A reason of a failure. One word means one thing in all tools.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reason {
    /// The stable snake_case word.
    pub word: &'static str,
    /// How a run ends that fails for this reason.
    pub exit: Exit,
    /// What it means, in one line, for the help text.
    pub meaning: &'static str,
}

impl Reason {
    /// A reason from its word, its exit code and its meaning.
    pub const fn new(word: &'static str, exit: Exit, meaning: &'static str) -> Self {
        Self { word, exit, meaning }
    }

    /// The same reason for a run that ends with another exit code.
    pub const fn ending_with(self, exit: Exit) -> Self {
        Self { exit, ..self }
    }

    /// The failure: its cause in plain words, without a full stop, and the next step, most often a command to type.
    pub fn failure(self, message: impl Into<String>, hint: impl Into<String>) -> Failure {
        Failure {
            exit: self.exit,
            reason: self.word,
            message: message.into(),
            hint: hint.into(),
        }
    }
}

/// Why a run failed. Printed in the document as `error` and on standard error in one line.
#[derive(Clone, Debug)]
pub struct Failure {
    /// The exit code.
    pub exit: Exit,
    /// The stable word, one of those that the tool's help lists.
    pub reason: &'static str,
    /// The cause in plain words, without a full stop.
    pub message: String,
    /// What to do next, most often a command to type.
    pub hint: String,
}

impl Failure {
    /// The command line is wrong: exit code 2.
    pub fn usage(message: impl Into<String>, hint: impl Into<String>) -> Self {
        USAGE.failure(message, hint)
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}
