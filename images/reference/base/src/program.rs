//! How the reference programs end.

use std::process::ExitCode;

/// Why a program ends before it does its work.
#[derive(Debug)]
pub struct Refused {
    /// What to tell, help included.
    pub message: String,
    /// The exit code.
    pub code: u8,
}

impl Refused {
    /// It failed.
    pub fn failed(error: &anyhow::Error) -> Self {
        Self {
            message: format!("{error:#}"),
            code: 1,
        }
    }

    /// The configuration is wrong.
    pub fn configuration(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            code: 78,
        }
    }

    /// What argh says in place of flags: help, or what is wrong.
    pub fn usage(exit: &argh::EarlyExit) -> Self {
        Self {
            message: exit.output.trim_end().to_owned(),
            code: if exit.status.is_ok() { 0 } else { 2 },
        }
    }
}

/// Tells how `program` ended, on the stream that people expect.
pub fn ended(program: &str, outcome: Result<(), Refused>) -> ExitCode {
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(Refused { message, code: 0 }) => {
            println!("{message}");
            ExitCode::SUCCESS
        }
        Err(Refused { message, code }) => {
            eprintln!("{program}: {message}");
            ExitCode::from(code)
        }
    }
}
