//! What findings are concluded from, and how it is told to people.

use gateway_names::GatewayName;
use gw_detect::report::{ContainerField, Report as Detected};
use gw_detect::state::State;
use gw_node::report::DiagnosisField;
use jiff::Timestamp;

use crate::answers::Answers;
use crate::question::Place;
use crate::spelling::Spelling;

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
