//! Stops and removes a container.

use bollard::query_parameters::{RemoveContainerOptionsBuilder, StopContainerOptionsBuilder};
use contract::Failure;
use docker_session::{absent, docker_failure};

use crate::work::Work;

/// Stops a container, waiting for its program at most `grace` seconds.
pub async fn stop(work: &Work, name: &str, grace: i32) -> Result<(), Failure> {
    let options = StopContainerOptionsBuilder::new().t(grace).build();
    let stopped = work.session.api().stop_container(name, Some(options)).await;
    stopped.map_err(|error| docker_failure(&format!("stop container {name}"), &error))
}

/// Removes a container with the unnamed volumes that belong to it alone. One that is gone already is fine.
pub async fn remove(work: &Work, name: &str) -> Result<(), Failure> {
    let options = RemoveContainerOptionsBuilder::new().force(true).v(true).build();
    let removed = work.session.api().remove_container(name, Some(options)).await;
    absent(removed, name)
        .map(drop)
        .map_err(|error| docker_failure(&format!("remove container {name}"), &error))
}
