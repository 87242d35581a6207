//! What `openshell doctor` says.

use std::process::Command;

use serde_json::Value;

use crate::driver::Ended;
use crate::gateway::TestGateway;

/// The answer of one run.
#[derive(Debug)]
pub struct Diagnosis {
    /// The causes, in the order of the document.
    pub causes: Vec<String>,
    /// The document.
    pub document: Value,
}

impl Diagnosis {
    /// Runs the driver, and holds its document against what every finding must have.
    ///
    /// # Panics
    /// Where the document is none, or the exit code is another than its findings tell.
    pub fn of(mut command: Command) -> Self {
        command.arg("--json");
        let ended = Ended::of(command);
        let document = ended.document();
        let findings = document["findings"].as_array().unwrap_or_else(|| {
            panic!("no findings: {document:#}\n{}", ended.stderr);
        });
        for finding in findings {
            for field in ["cause", "object", "message", "next"] {
                let text = finding[field].as_str().unwrap_or_default();
                assert!(!text.is_empty() && !text.contains("null"), "{field}: {finding:#}");
            }
        }
        assert_eq!(
            ended.code,
            i32::from(!findings.is_empty()),
            "{document:#}\n{}",
            ended.stderr
        );
        let cause = |finding: &Value| finding["cause"].as_str().unwrap_or_default().to_owned();
        Self {
            causes: findings.iter().map(cause).collect(),
            document,
        }
    }

    /// Exactly these causes must be named.
    ///
    /// # Panics
    /// With all findings, where others are.
    pub fn names(self, causes: &[&str]) -> Self {
        assert_eq!(
            self.causes,
            causes,
            "{:#}\nasked:\n{}",
            self.document["findings"],
            self.asked()
        );
        self
    }

    /// The finding of a cause.
    ///
    /// # Panics
    /// Where it is not named.
    pub fn finding(&self, cause: &str) -> &Value {
        let found = self.causes.iter().position(|named| named == cause);
        let index = found.unwrap_or_else(|| panic!("{cause} is not named: {:#}", self.document["findings"]));
        &self.document["findings"][index]
    }

    /// What each tool answered, one a line.
    fn asked(&self) -> String {
        let asked = self.document["asked"].as_array();
        let line = |one: &Value| format!("{} {}: {}\n", one["name"], one["exit_code"], one["document"]);
        asked.into_iter().flatten().map(line).collect()
    }
}

impl TestGateway {
    /// `doctor`.
    pub fn doctor(&self, flags: &[&str]) -> Diagnosis {
        Diagnosis::of(self.command("doctor", flags))
    }
}
