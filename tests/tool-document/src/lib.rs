//! Tests: run a tool, read its one document, hold the document against the schema that the tool committed.

pub mod contract;
mod standard_input;

use std::process::{Command, Stdio};

use serde_json::Value;

pub use standard_input::without_standard_input;

/// What a run of a tool left.
#[derive(Debug)]
pub struct Run {
    /// The exit code; 128 + n where signal n ended the process.
    pub code: i32,
    /// The document.
    pub document: Value,
    /// All of standard output.
    pub stdout: String,
    /// All of standard error.
    pub stderr: String,
}

/// Runs a tool and reads its document from standard output.
///
/// # Panics
/// Where the tool cannot be started, or standard output is anything but one document on one line.
pub fn run(mut command: Command) -> Run {
    let output = command
        .stdin(Stdio::null())
        .output()
        .expect("the tool can be started");
    read(&command, &output)
}

/// Reads the document of a run that a test started by itself.
///
/// # Panics
/// Where standard output is anything but one document on one line.
pub fn read(command: &Command, output: &std::process::Output) -> Run {
    use std::os::unix::process::ExitStatusExt;
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    let code = output
        .status
        .code()
        .or_else(|| output.status.signal().map(|n| 128 + n))
        .expect("an exit code");
    let lines: Vec<&str> = stdout.lines().collect();
    let [line] = lines[..] else {
        panic!(
            "{command:?}: one line was expected on standard output (exit code {code}):\n{stdout}\n{stderr}"
        );
    };
    let document = serde_json::from_str(line).unwrap_or_else(|error| {
        panic!("{command:?}: standard output is no JSON document: {error}\n{stdout}")
    });
    Run {
        code,
        document,
        stdout,
        stderr,
    }
}

/// Holds the document against a schema.
///
/// # Panics
/// With every deviation, where there is any.
pub fn check(run: &Run, schema: &str) {
    let schema: Value = serde_json::from_str(schema).expect("a schema is JSON");
    let validator = jsonschema::validator_for(&schema).expect("a valid schema");
    let errors: Vec<String> = validator
        .iter_errors(&run.document)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert!(
        errors.is_empty(),
        "the document deviates from its schema: {errors:#?}\n{:#}",
        run.document
    );
}

impl Run {
    /// The word of the document's error, or an empty text where there is none.
    pub fn reason(&self) -> &str {
        self.document["error"]["reason"].as_str().unwrap_or_default()
    }
}

/// Every reason that a tool reports must be in its help: the help's list of reasons, as words.
///
/// # Panics
/// Where the tool cannot be started.
pub fn reasons_in_help(mut command: Command) -> Vec<String> {
    let output = command.arg("--help").output().expect("the tool can be started");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let list = text
        .split_once("Reasons of an error:")
        .expect("a list of reasons")
        .1;
    list.lines()
        .filter_map(|line| line.split_whitespace().next())
        .map(str::to_owned)
        .collect()
}
