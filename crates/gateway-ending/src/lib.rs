//! Stops and removes what Docker has of a gateway: container, networks, volume.

use std::time::Duration;

use bollard::query_parameters::{
    RemoveContainerOptionsBuilder, RemoveVolumeOptions, StopContainerOptionsBuilder,
};
use contract::{Action, Failure};
use docker_session::{absent, docker_failure, is_status};
use gateway_facts::{Container, Facts, Status};
use gateway_work::{Work, check_own};
use replacement_journal::Journal;

/// Docker counts whole seconds: a part of one is one.
pub fn grace_seconds(grace: Duration) -> i32 {
    i32::try_from(grace.as_millis().div_ceil(1000)).unwrap_or(i32::MAX)
}

/// Stops a container, waiting for its program at most `grace` seconds.
pub async fn stop_container(work: &Work, name: &str, grace: i32) -> Result<(), Failure> {
    let options = StopContainerOptionsBuilder::new().t(grace).build();
    let stopped = work.session.api().stop_container(name, Some(options)).await;
    stopped.map_err(|error| docker_failure(&format!("stop container {name}"), &error))
}

/// Removes a container with the unnamed volumes that belong to it alone. One that is gone already is fine.
pub async fn delete_container(work: &Work, name: &str) -> Result<(), Failure> {
    let options = RemoveContainerOptionsBuilder::new().force(true).v(true).build();
    let removed = work.session.api().remove_container(name, Some(options)).await;
    absent(removed, name)
        .map(drop)
        .map_err(|error| docker_failure(&format!("remove container {name}"), &error))
}

/// The containers, then the networks, each if it is there.
pub async fn remove_containers(work: &Work, facts: &Facts, grace: Duration) -> Result<(), Failure> {
    let containers: Vec<&Container> = facts.container.iter().chain(&facts.aside).collect();
    for container in &containers {
        check_own(&work.gateway, container)?;
    }
    for container in containers {
        remove_container(work, container, grace_seconds(grace)).await?;
    }
    for network in &facts.networks {
        remove_network(work, &network.id).await?;
    }
    Ok(())
}

/// Containers, networks and volume: what a restore replaces.
pub async fn remove_all(work: &Work, facts: &Facts, grace: Duration) -> Result<(), Failure> {
    remove_containers(work, facts, grace).await?;
    if facts.volume.is_some() {
        remove_volume(work).await?;
    }
    if work.dry_run {
        Ok(())
    } else {
        Journal::remove(&work.folder)
    }
}

async fn remove_container(work: &Work, container: &Container, grace: i32) -> Result<(), Failure> {
    let object = format!("container {}", container.name);
    if matches!(container.status, Status::Running | Status::Restarting) {
        let action = Action::new("stop", object.clone(), "it is removed");
        work.announce(&action);
        if !work.dry_run {
            stop_container(work, &container.name, grace).await?;
        }
        work.did(action);
    }
    let action = Action::new("delete", object, "asked for");
    work.announce(&action);
    if !work.dry_run {
        delete_container(work, &container.name).await?;
    }
    work.did(action);
    Ok(())
}

/// A network that other containers are on stays: Docker refuses to remove it with 403.
async fn remove_network(work: &Work, id: &str) -> Result<(), Failure> {
    let name = work.gateway.resource();
    let action = Action::new("delete", format!("network {name}"), "asked for");
    work.announce(&action);
    if !work.dry_run {
        match absent(work.session.api().remove_network(id).await, id) {
            Ok(_) => {}
            Err(error) if is_status(&error, 403) => {
                work.warn(format!("network {name} stays: other containers are on it"));
                return Ok(());
            }
            Err(error) => return Err(docker_failure(&format!("remove network {name}"), &error)),
        }
    }
    work.did(action);
    Ok(())
}

/// The volume, with all that is on it.
pub async fn remove_volume(work: &Work) -> Result<(), Failure> {
    let name = work.gateway.resource();
    let action = Action::new(
        "delete",
        format!("volume {name}"),
        "asked for with --volume --yes",
    );
    work.announce(&action);
    if !work.dry_run {
        let removed = work
            .session
            .api()
            .remove_volume(&name, None::<RemoveVolumeOptions>)
            .await;
        absent(removed, &name).map_err(|error| docker_failure(&format!("remove volume {name}"), &error))?;
    }
    work.did(action);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::grace_seconds;
    use std::time::Duration;

    #[test]
    fn a_part_of_a_second_is_one() {
        assert_eq!(grace_seconds(Duration::ZERO), 0);
        assert_eq!(grace_seconds(Duration::from_millis(1)), 1);
        assert_eq!(grace_seconds(Duration::from_secs(30)), 30);
        assert_eq!(grace_seconds(Duration::MAX), i32::MAX);
    }
}
