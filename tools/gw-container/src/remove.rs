//! The verb `remove`: container and network; the volume and the client's folder only where that is said twice.

use contract::{Action, Answer, Context, Failure};
use gateway_ending::{remove_containers, remove_volume};
use gateway_facts::Facts;
use gateway_work::{Access, Work, check_own};
use gw_container::report::Report;
use replacement_journal::Journal;

use crate::flags::RemoveFlags;
use crate::observe::volume;

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
    for container in facts.container.iter().chain(&facts.aside) {
        check_own(&work.gateway, container)?;
    }
    if !flags.volume || flags.keep_settings {
        keep_settings(&work, &facts).await?;
    }
    helper_container::remove_left(&work, &facts).await?;
    if !work.dry_run {
        Journal::remove(&work.folder)?;
    }
    remove_containers(&work, &facts, flags.grace).await?;
    if flags.volume {
        // First, so that a run that is killed behind it leaves no client that knows a gateway without a volume.
        let known = forget_cluster(&work)?;
        if facts.volume.is_some() {
            remove_volume(&work).await?;
        }
        if !flags.keep_settings {
            forget(&work)?;
        } else if known {
            let object = format!("credentials in {}", work.folder.path().display());
            work.did(Action::new("delete", object, "their cluster is removed"));
        }
    }
    Ok(Answer::Done)
}

/// Writes the copy of the specification: the container's, else the volume's, which may be newer than the copy.
async fn keep_settings(work: &Work, facts: &Facts) -> Result<(), Failure> {
    let spec = match facts.present() {
        Some(container) => Some(container.effective_spec()),
        None => {
            let look = volume::look(work, facts, None).await?;
            look.and_then(|look| Some(look.memory?.spec))
        }
    };
    spec.map_or(Ok(()), |spec| client_state::write_spec(work, &spec))
}

/// The client forgets the gateway's cluster, and keeps its settings. False where it knew none.
fn forget_cluster(work: &Work) -> Result<bool, Failure> {
    if work.dry_run {
        return Ok(work.folder.read_metadata()?.is_some());
    }
    work.folder.forget_cluster()
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
