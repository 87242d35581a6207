//! The verb `stop`: the container ends; everything is kept.

use contract::{Action, Answer, Context, Failure};
use docker_session::docker_failure;
use gateway_facts::Status;

use crate::flags::StopFlags;
use crate::report::Report;
use crate::work::{Access, Work};
use crate::{ending, kubeconfig, plan};

/// Stops the container where it is up.
pub async fn run(flags: &StopFlags, context: Context<Report>) -> Result<Answer, Failure> {
    let (work, facts) = Work::begin(&context, "stop", Access::Changing).await?;
    let container = facts
        .container
        .as_ref()
        .ok_or_else(|| kubeconfig::no_container(&work))?;
    plan::check_own(&work.gateway, container)?;
    work.show(container);
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
        ending::stop(&work, &container.name, grace_seconds(flags.grace)).await?;
    }
    work.did(action);
    Ok(Answer::Done)
}

/// Docker counts whole seconds: a part of one is one.
pub fn grace_seconds(grace: std::time::Duration) -> i32 {
    i32::try_from(grace.as_millis().div_ceil(1000)).unwrap_or(i32::MAX)
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
