//! The gateway's container: is it the gateway's own, is it there, does it run?

use contract::{Failure, typed};
use docker_session::DOCKER_CONFLICT;
use gateway_facts::{Container, Facts, Status};
use gateway_names::GatewayName;

use crate::{FOREIGN_CONTAINER, NO_CONTAINER, NOT_RUNNING};

/// Refuses a container that only has the gateway's name, and one that Docker is removing.
pub fn check_own(gateway: &GatewayName, container: &Container) -> Result<(), Failure> {
    let name = gateway.resource();
    if !container.belongs_to(gateway) {
        return Err(FOREIGN_CONTAINER.failure(
            format!(
                "container {} is no gateway of that name: it does not hold volume {name}",
                container.name
            ),
            format!("rename it: docker rename {} ANOTHER-NAME", container.name),
        ));
    }
    if container.status == Status::Removing {
        return Err(DOCKER_CONFLICT.failure(
            format!("container {} is being removed", container.name),
            "run the command again",
        ));
    }
    Ok(())
}

/// The gateway's container, which must be there and be its own.
pub fn own_container<'a>(gateway: &GatewayName, facts: &'a Facts) -> Result<&'a Container, Failure> {
    let container = facts.container.as_ref().ok_or_else(|| no_container(gateway))?;
    check_own(gateway, container)?;
    Ok(container)
}

/// The failure if the gateway has no container.
pub fn no_container(gateway: &GatewayName) -> Failure {
    NO_CONTAINER.failure(
        format!("gateway {gateway} has no container"),
        format!("make one: {} --gateway {gateway}", typed("gw-container ensure")),
    )
}

/// The failure if the container does not run. `what` goes on with the sentence.
pub fn not_running(gateway: &GatewayName, container: &str, what: &str) -> Failure {
    NOT_RUNNING.failure(
        format!("container {container} does not run{what}"),
        format!("start it: {} --gateway {gateway}", typed("gw-container ensure")),
    )
}
