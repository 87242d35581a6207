//! `openshell doctor` names faults of Docker, host and container. Each is made for real, on a node that is played.

mod container;
mod docker_itself;
mod ended_tool;
mod runs;

use end_to_end::{Diagnosis, PlayedGateway};

/// A node that is played answers nothing: its API is not waited for.
fn doctor(played: &PlayedGateway) -> Diagnosis {
    played.gateway.doctor(&["--timeout", "2s"])
}
