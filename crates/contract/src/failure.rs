//! A failure: a stable reason, a cause in plain words, the next command to type.

use crate::Exit;

/// A reason and what it means, for the help text.
#[derive(Clone, Copy, Debug)]
pub struct Reason {
    /// The stable snake_case word.
    pub word: &'static str,
    /// What it means, in one line.
    pub meaning: &'static str,
}

impl Reason {
    /// A reason from its word and its meaning.
    pub const fn new(word: &'static str, meaning: &'static str) -> Self {
        Self { word, meaning }
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
    /// A failure from its parts.
    pub fn new(
        exit: Exit,
        reason: &'static str,
        message: impl Into<String>,
        hint: impl Into<String>,
    ) -> Self {
        Self {
            exit,
            reason,
            message: message.into(),
            hint: hint.into(),
        }
    }

    /// The command line is wrong: exit code 2.
    pub fn usage(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::new(Exit::Usage, "usage", message, hint)
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for Failure {}
