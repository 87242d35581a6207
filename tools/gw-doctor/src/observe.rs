//! What the other tools said, from standard input, and what findings are concluded from.

use contract::{Context, Failure, Reason};
use gateway_names::GatewayName;
use gw_detect::report::{ContainerField, Report as Detected};
use gw_detect::state::State;
use gw_doctor::report::{Report, UnreadField};
use gw_node::report::DiagnosisField;
use jiff::Timestamp;
use tokio::io::AsyncReadExt;

use crate::answers::{Answer, Answers, Sorted};
use crate::question::{Place, Question};
use crate::reasons::{INPUT_FAILED, INPUT_INVALID, NO_DOCUMENTS};
use crate::spelling::Spelling;

/// More than all tools say together, with the longest logs; in bytes.
const LONGEST_INPUT: u64 = 256 * 1024 * 1024;

/// Every answer on standard input, in the order in which they came.
pub async fn read(context: &Context<Report>) -> Result<Vec<Answer>, Failure> {
    context.console.waiting("documents on standard input");
    let mut text = Vec::new();
    let mut input = tokio::io::stdin().take(LONGEST_INPUT + 1);
    let read = input.read_to_end(&mut text).await;
    context.console.ended_waiting();
    read.map_err(|error| failed(INPUT_FAILED, format!("standard input cannot be read: {error}")))?;
    if text.len() as u64 > LONGEST_INPUT {
        let message = format!("standard input has more than {} MiB", LONGEST_INPUT >> 20);
        return Err(failed(INPUT_INVALID, message));
    }
    let answers: Result<Vec<Answer>, _> = serde_json::Deserializer::from_slice(&text).into_iter().collect();
    let answers = answers.map_err(|error| {
        let message = format!("standard input is no stream of documents, each with a name: {error}");
        failed(INPUT_INVALID, message)
    })?;
    if answers.is_empty() {
        let message = "there is no document on standard input, and so nothing can be said";
        return Err(failed(NO_DOCUMENTS, message.to_owned()));
    }
    Ok(answers)
}

fn failed(reason: Reason, message: String) -> Failure {
    let hint = contract::typed_by_driver("doctor").unwrap_or_else(|| {
        let doctor = contract::typed("gw-doctor");
        let detect = contract::typed("gw-detect");
        format!("{detect} | jq '{{name: \"detect\", document: .}}' | {doctor} findings")
    });
    reason.failure(message, hint)
}

/// What `gw-detect` says, without which there is no table.
pub fn detected(sorted: &Sorted) -> Result<&Detected, Failure> {
    if let Some(document) = &sorted.answers.detect {
        return Ok(&document.report);
    }
    let detect = |unread: &&UnreadField| unread.name == Question::Detect.word();
    let unread = sorted.unread.iter().find(detect);
    let why = unread.map_or("there is none", |unread| unread.reason.as_str());
    Err(failed(
        INPUT_INVALID,
        format!("no document of gw-detect can be used: {why}"),
    ))
}

/// What findings are concluded from.
#[derive(Debug)]
pub struct Observed<'a> {
    /// What the other tools said.
    pub answers: &'a Answers,
    /// Where the gateway is.
    pub place: Place,
    /// The gateway's name.
    pub gateway: &'a GatewayName,
    /// The address that clients use.
    pub endpoint: Option<&'a str>,
    /// The gateway's Kubernetes namespace.
    pub namespace: &'a str,
    /// The kubeconfig of this host.
    pub kubeconfig: Option<&'a str>,
    /// The server's workload, kind and name.
    pub workload: &'a str,
    /// When the tools were asked, by this machine's clock.
    pub asked_at: Option<Timestamp>,
    /// How commands are typed.
    pub spelling: Spelling,
}

impl Observed<'_> {
    /// What `gw-detect` says.
    pub fn detected(&self) -> Option<&Detected> {
        self.answers.detect.as_ref().map(|document| &document.report)
    }

    /// The gateway's state.
    pub fn state(&self) -> Option<State> {
        self.detected()?.state
    }

    /// Its container.
    pub fn container(&self) -> Option<&ContainerField> {
        self.detected()?.container.as_ref()
    }

    /// What container, node and host show.
    pub fn diagnosis(&self) -> Option<&DiagnosisField> {
        self.answers.container.as_ref()?.report.diagnosis.as_ref()
    }

    /// The name of its container, volume and network.
    pub fn resource(&self) -> String {
        self.gateway.resource()
    }

    /// A verb of the driver on this gateway.
    pub fn verb(&self, verb: &str) -> String {
        self.driver(&format!("{verb} --gateway {}", self.gateway))
    }

    /// A command line of the driver.
    pub fn driver(&self, words: &str) -> String {
        (self.spelling.driver)(words)
    }

    /// A command line of another tool.
    pub fn tool(&self, words: &str) -> String {
        (self.spelling.tool)(words)
    }

    /// What brings it up again. `start` does nothing to a gateway that serves.
    pub fn again(&self) -> String {
        let is_up = self.state() == Some(State::Serving) || self.place == Place::Cluster;
        self.verb(if is_up { "restart" } else { "start" })
    }
}

/// For people: a value, or that it is not known.
pub fn known(value: Option<&str>) -> &str {
    value.unwrap_or("unknown")
}

/// The last line of a log that has something on it.
pub fn last_line(log: &[String]) -> &str {
    let mut lines = log.iter().rev();
    lines
        .find(|line| !line.trim().is_empty())
        .map_or("", String::as_str)
}
