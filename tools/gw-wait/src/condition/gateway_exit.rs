//! The gateway's own container: without it, nothing that is waited for comes.

use std::time::Duration;

use client_files::ClientFiles;
use contract::{Context, Failure};
use docker_session::DockerSession;
use gateway_facts::{Container, inspect};
use gateway_names::GatewayName;

use crate::reasons::GATEWAY_EXITED;
use crate::report::Report;

/// Docker is asked this often.
const AGAIN: Duration = Duration::from_secs(1);
/// A container that Docker had to start again this often meanwhile does not stay up.
const MOST_RESTARTS: u32 = 3;

/// A container that does not run.
pub struct Ended {
    gateway: GatewayName,
    container: String,
    why: String,
}

impl std::fmt::Display for Ended {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "container {} {}", self.container, self.why)
    }
}

impl Ended {
    /// The failure of a wait that it ends.
    pub fn failure(&self) -> Failure {
        let diagnose = contract::typed("gw-node diagnose");
        GATEWAY_EXITED.failure(
            self.to_string(),
            format!("look why: {diagnose} --gateway {}", self.gateway),
        )
    }
}

/// Returns once the container does not run.
///
/// # Errors
/// Which container that is, or which Docker, cannot be told.
pub async fn ended(context: &Context<Report>) -> Result<Ended, Failure> {
    let gateway = ClientFiles::of_user()?.resolve(context.common.gateway.as_deref())?;
    let docker = DockerSession::open(context).await?;
    let container = gateway.resource();
    let mut restarts_before = None;
    loop {
        // No answer is no end.
        if let Ok(found) = inspect(&docker, &container).await {
            let now = found.as_ref().map_or(0, |container| container.restart_count);
            let restarts = now.saturating_sub(*restarts_before.get_or_insert(now));
            if let Some(why) = why_it_is_over(found.as_ref(), restarts) {
                return Ok(Ended {
                    gateway,
                    container,
                    why,
                });
            }
        }
        tokio::time::sleep(AGAIN).await;
    }
}

fn why_it_is_over(found: Option<&Container>, restarts: u32) -> Option<String> {
    let Some(container) = found else {
        return Some("is gone".to_owned());
    };
    if container.is_up() && restarts < MOST_RESTARTS {
        return None;
    }
    let memory = if container.oom_killed {
        ", for lack of memory"
    } else {
        ""
    };
    let code = container
        .exit_code
        .map_or_else(String::new, |code| format!(" with exit code {code}{memory}"));
    let error = container
        .start_error
        .as_ref()
        .map_or_else(String::new, |error| format!(": {error}"));
    Some(match (container.is_up(), container.started_at.is_some()) {
        (true, _) => format!("ended {restarts} times while it was waited for, and was started again{error}"),
        (false, true) => format!("has ended{code}{error}"),
        (false, false) => format!("was never started{error}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use gateway_facts::Status;

    #[test]
    fn a_container_that_runs_is_not_over_and_every_end_is_told() {
        let container = |status, exit_code| Container {
            status,
            exit_code,
            started_at: Some("2026-01-01T00:00:00Z".to_owned()),
            ..Container::default()
        };
        for status in [Status::Running, Status::Paused, Status::Restarting] {
            assert_eq!(why_it_is_over(Some(&container(status, None)), 2), None);
        }
        let told = |container: &Container, restarts| why_it_is_over(Some(container), restarts).unwrap();
        assert!(told(&container(Status::Restarting, None), 3).starts_with("ended 3 times"));
        let mut ended = container(Status::Exited, Some(137));
        assert_eq!(told(&ended, 0), "has ended with exit code 137");
        ended.oom_killed = true;
        assert!(told(&ended, 0).ends_with(", for lack of memory"));
        let unstarted = Container {
            start_error: Some("no such port".to_owned()),
            ..Container::default()
        };
        assert_eq!(told(&unstarted, 0), "was never started: no such port");
        assert_eq!(why_it_is_over(None, 0).as_deref(), Some("is gone"));
    }
}
