//! The verb `remove`: container and network; the volume and the client's folder only where that is said twice.

use bollard::query_parameters::RemoveVolumeOptions;
use contract::{Action, Answer, Context, Failure};
use docker_session::{absent, docker_failure, is_status};
use gateway_facts::{Container, Facts, Status};

use crate::flags::RemoveFlags;
use crate::journal::Journal;
use crate::report::Report;
use crate::stop::grace_seconds;
use crate::work::{Access, Work};
use crate::{client_state, ending, helper_container, plan, volume_look};

/// Removes what the flags name. What is gone already is fine.
pub async fn run(flags: &RemoveFlags, context: Context<Report>) -> Result<Answer, Failure> {
    if flags.volume && !flags.yes && !context.common.dry_run {
        return Err(Failure::usage(
            "--volume destroys the gateway's sandboxes and secrets: it needs --yes",
            "add --yes if that is meant",
        ));
    }
    if flags.keep_settings && !flags.volume {
        return Err(Failure::usage(
            "--keep-settings says what to keep where --volume removes the rest",
            "leave it out: without --volume settings are kept anyway",
        ));
    }
    let (work, facts) = Work::begin(&context, "remove", Access::Changing).await?;
    let containers: Vec<&Container> = facts.container.iter().chain(&facts.aside).collect();
    for container in &containers {
        plan::check_own(&work.gateway, container)?;
    }
    if !flags.volume || flags.keep_settings {
        keep_settings(&work, &facts).await?;
    }
    helper_container::remove_left(&work, &facts).await?;
    if !work.dry_run {
        Journal::remove(&work)?;
    }
    for container in containers {
        remove_container(&work, container, grace_seconds(flags.grace)).await?;
    }
    for network in &facts.networks {
        remove_network(&work, &network.id).await?;
    }
    if flags.volume {
        if facts.volume.is_some() {
            remove_volume(&work).await?;
        }
        if flags.keep_settings {
            forget_cluster(&work)?;
        } else {
            forget(&work)?;
        }
    }
    Ok(Answer::Done)
}

/// Writes the copy of the specification: the container's, else the volume's, which may be newer than the copy.
async fn keep_settings(work: &Work, facts: &Facts) -> Result<(), Failure> {
    let spec = match plan::present(facts) {
        Some(container) => Some(container.effective_spec()),
        None => {
            let look = volume_look::look(work, facts, None).await?;
            look.and_then(|look| Some(look.memory?.spec))
        }
    };
    spec.map_or(Ok(()), |spec| client_state::write_spec(work, &spec))
}

/// Container, networks and volume: what a restore replaces.
pub async fn everything_in_docker(
    work: &Work,
    facts: &Facts,
    grace: std::time::Duration,
) -> Result<(), Failure> {
    for container in facts.container.iter().chain(&facts.aside) {
        plan::check_own(&work.gateway, container)?;
        remove_container(work, container, grace_seconds(grace)).await?;
    }
    for network in &facts.networks {
        remove_network(work, &network.id).await?;
    }
    if facts.volume.is_some() {
        remove_volume(work).await?;
    }
    if work.dry_run {
        Ok(())
    } else {
        Journal::remove(work)
    }
}

async fn remove_container(work: &Work, container: &Container, grace: i32) -> Result<(), Failure> {
    let object = format!("container {}", container.name);
    if matches!(container.status, Status::Running | Status::Restarting) {
        let action = Action::new("stop", object.clone(), "it is removed");
        work.announce(&action);
        if !work.dry_run {
            ending::stop(work, &container.name, grace).await?;
        }
        work.did(action);
    }
    let action = Action::new("delete", object, "asked for");
    work.announce(&action);
    if !work.dry_run {
        ending::remove(work, &container.name).await?;
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

async fn remove_volume(work: &Work) -> Result<(), Failure> {
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

/// The client forgets the gateway's cluster, and keeps its settings.
fn forget_cluster(work: &Work) -> Result<(), Failure> {
    let known = if work.dry_run {
        work.folder.read_metadata()?.is_some()
    } else {
        work.folder.forget_cluster()?
    };
    if known {
        let object = format!("credentials in {}", work.folder.path().display());
        work.did(Action::new("delete", object, "their cluster is removed"));
    }
    Ok(())
}

/// The client forgets the gateway.
fn forget(work: &Work) -> Result<(), Failure> {
    let active = if work.dry_run {
        work.files.active()?.as_ref() == Some(&work.gateway)
    } else {
        work.files.clear_active(&work.gateway)?
    };
    if active {
        let object = format!("gateway {}", work.gateway);
        work.did(Action::new("deactivate", object, "it is removed"));
    }
    let path = work.folder.path().display().to_string();
    // The lock alone, which this very run made, is nothing that was kept.
    let known = std::fs::read_dir(work.folder.path())
        .is_ok_and(|entries| entries.flatten().any(|entry| entry.file_name() != "lock"));
    if !work.dry_run {
        work.folder.remove()?;
    }
    if known {
        work.did(Action::new(
            "delete",
            format!("folder {path}"),
            "asked for with --volume --yes",
        ));
    }
    Ok(())
}
