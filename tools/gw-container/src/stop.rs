//! The verb `stop`: the container ends; everything is kept.

use contract::{Action, Answer, Context, Failure};
use docker_session::docker_failure;
use gateway_ending::{grace_seconds, stop_container};
use gateway_facts::Status;
use gateway_work::{Access, Work, own_container};
use gw_container::report::Report;

use crate::describe::show;
use crate::flags::StopFlags;

/// Stops the container where it is up.
pub async fn run(flags: &StopFlags, context: Context<Report>) -> Result<Answer, Failure> {
    let (work, facts) = Work::begin(&context, "stop", Access::Changing).await?;
    let container = own_container(&work.gateway, &facts)?;
    show(&context.report, &work, container);
    if !container.is_up() {
        return Ok(Answer::Done);
    }
    let object = format!("container {}", container.name);
    if container.status == Status::Paused {
        // A held program cannot end by itself: it would be killed after the grace.
        let action = Action::new(
            "unpause",
            object.clone(),
            "a paused program cannot stop by itself",
        );
        work.announce(&action);
        if !work.dry_run {
            let released = work.session.api().unpause_container(&container.name).await;
            released.map_err(|error| docker_failure(&format!("unpause {object}"), &error))?;
        }
        work.did(action);
    }
    let action = Action::new("stop", object, "it runs");
    work.announce(&action);
    if !work.dry_run {
        stop_container(&work, &container.name, grace_seconds(flags.grace)).await?;
    }
    work.did(action);
    Ok(Answer::Done)
}
