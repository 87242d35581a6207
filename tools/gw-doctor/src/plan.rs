//! The plan of this tool: from what the other tools said to what is wrong. Pure.

mod certificates;
mod cluster;
mod container;
mod docker;
mod host;
mod secret;
mod server;
mod wait;

use crate::cause::Cause;
use crate::finding::Finding;
use crate::observe::Observed;
use crate::report::FindingField;

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
