//! The plan of this tool: from what the other tools said to what is wrong. Pure.

mod certificates;
mod cluster;
mod container;
mod docker;
mod host;
mod secret;
mod server;

use contract::ErrorField;
use gw_container::report::DiagnosisField;
use gw_detect::report::{ContainerField, Report as Detected};
use gw_detect::state::State;
use jiff::Timestamp;

use crate::answers::Answers;
use crate::cause::Cause;
use crate::question::{Place, Question};
use crate::report::FindingField;
use crate::spelling::Spelling;

/// What findings are concluded from.
#[derive(Debug)]
pub struct Observed<'a> {
    /// What the other tools said.
    pub answers: &'a Answers,
    /// Where the gateway is.
    pub place: Place,
    /// The gateway's name.
    pub gateway: &'a str,
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

/// Something that is wrong, or only follows from something else.
#[derive(Debug)]
struct Finding {
    cause: Cause,
    shown: FindingField,
    /// Causes that do not explain it this time.
    despite: &'static [Cause],
}

/// What is wrong, root causes first.
pub fn findings(observed: &Observed<'_>) -> Vec<FindingField> {
    let found: Vec<Finding> = [
        docker::findings(observed),
        container::findings(observed),
        host::findings(observed),
        cluster::findings(observed),
        secret::findings(observed),
        certificates::findings(observed),
        server::findings(observed),
        cluster::untold(observed),
        host::client_files(observed),
    ]
    .into_iter()
    .flatten()
    .collect();
    let causes: Vec<Cause> = found.iter().map(|finding| finding.cause).collect();
    found
        .into_iter()
        .filter(|finding| !finding.follows_from_one_of(&causes))
        .map(|finding| finding.shown)
        .collect()
}

impl Finding {
    fn new(
        cause: Cause,
        object: impl Into<String>,
        message: impl Into<String>,
        next: impl Into<String>,
    ) -> Self {
        Self {
            cause,
            shown: FindingField {
                cause: cause.word().unwrap_or_default().to_owned(),
                object: object.into(),
                message: message.into(),
                next: next.into(),
            },
            despite: &[],
        }
    }

    /// A tool could not tell: the cause is its own reason.
    fn untold(
        question: Question,
        error: &ErrorField,
        object: impl Into<String>,
        message: impl Into<String>,
        next: impl Into<String>,
    ) -> Self {
        let mut finding = Self::new(Cause::NotTold(question), object, message, next);
        finding.shown.cause.clone_from(&error.reason);
        finding
    }

    fn follows_from_one_of(&self, causes: &[Cause]) -> bool {
        let mut explaining = self.cause.follows_from().iter().copied().flatten();
        explaining.any(|cause| causes.contains(cause) && !self.despite.contains(cause))
    }
}

impl Observed<'_> {
    fn detected(&self) -> Option<&Detected> {
        self.answers.detect.as_ref().map(|document| &document.report)
    }

    fn state(&self) -> Option<State> {
        self.detected()?.state
    }

    fn container(&self) -> Option<&ContainerField> {
        self.detected()?.container.as_ref()
    }

    fn diagnosis(&self) -> Option<&DiagnosisField> {
        self.answers.container.as_ref()?.report.diagnosis.as_ref()
    }

    /// The name of its container, volume and network.
    fn resource(&self) -> String {
        format!("openshell-cluster-{}", self.gateway)
    }

    /// A verb of the driver on this gateway.
    fn verb(&self, verb: &str) -> String {
        self.driver(&format!("{verb} --gateway {}", self.gateway))
    }

    /// A command line of the driver.
    fn driver(&self, words: &str) -> String {
        (self.spelling.driver)(words)
    }

    /// A command line of another tool.
    fn tool(&self, words: &str) -> String {
        (self.spelling.tool)(words)
    }

    /// What brings it up again. `start` does nothing to a gateway that serves.
    fn again(&self) -> String {
        let is_up = self.state() == Some(State::Serving) || self.place == Place::Cluster;
        self.verb(if is_up { "restart" } else { "start" })
    }
}

/// For people: a value, or that it is not known.
fn known(value: Option<&str>) -> &str {
    value.unwrap_or("unknown")
}

/// The last line of a log that has something on it.
fn last_line(log: &[String]) -> &str {
    let mut lines = log.iter().rev();
    lines
        .find(|line| !line.trim().is_empty())
        .map_or("", String::as_str)
}
