//! Pressure that a node reports: too little disk, memory or processes.

use contract::Failure;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Node, NodeCondition};

use crate::hopeless::abort::aborted;
use crate::reasons::NODE_PRESSURE;

/// The pressure that a node reports, such as DiskPressure; with `since`, only in a report of after that time.
pub fn pressure(node: &Node, since: Option<Timestamp>) -> Option<&str> {
    let conditions = node.status.as_ref()?.conditions.as_ref()?;
    let is_recent = |condition: &NodeCondition| {
        let said = condition.last_heartbeat_time.as_ref().map(|time| time.0);
        since.is_none_or(|since| said.is_some_and(|said| said >= since))
    };
    let found = conditions
        .iter()
        .find(|found| found.type_.ends_with("Pressure") && found.status == "True" && is_recent(found));
    found.map(|found| found.type_.as_str())
}

/// A node reports pressure.
pub fn pressed(node: &str, pressure: &str) -> Failure {
    aborted(
        NODE_PRESSURE,
        format!("node {node} reports {pressure}"),
        "free disk, memory or processes on the host, then run it again",
    )
}
