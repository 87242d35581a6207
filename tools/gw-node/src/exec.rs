//! A command inside the running container.

use bollard::container::LogOutput;
use bollard::exec::StartExecResults;
use bollard::models::ExecConfig;
use contract::Failure;
use docker_session::docker_failure;
use futures_util::TryStreamExt;
use gateway_facts::{Container, Facts, Status};
use gateway_work::{Work, check_own, no_container, not_running};

use crate::reasons::NODE_COMMAND_FAILED;

/// What a command left.
#[derive(Debug)]
pub struct Ended {
    /// Its exit code.
    pub code: i64,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

/// Runs a command and waits for its end.
pub async fn run(work: &Work, container: &Container, words: &[&str]) -> Result<Ended, Failure> {
    let failed = |error: &bollard::errors::Error| {
        docker_failure(
            &format!("run {} in container {}", words[0], container.name),
            error,
        )
    };
    let api = work.session.api();
    let config = ExecConfig {
        cmd: Some(words.iter().map(|word| (*word).to_owned()).collect()),
        attach_stdout: Some(true),
        attach_stderr: Some(true),
        ..ExecConfig::default()
    };
    let made = api
        .create_exec(&container.id, config)
        .await
        .map_err(|error| failed(&error))?;
    let started = api
        .start_exec(&made.id, None)
        .await
        .map_err(|error| failed(&error))?;
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    if let StartExecResults::Attached { mut output, .. } = started {
        while let Some(part) = output.try_next().await.map_err(|error| failed(&error))? {
            match part {
                LogOutput::StdErr { message } => stderr.extend_from_slice(&message),
                other => stdout.extend_from_slice(&other.into_bytes()),
            }
        }
    }
    let ended = api.inspect_exec(&made.id).await.map_err(|error| failed(&error))?;
    Ok(Ended {
        code: ended.exit_code.unwrap_or(-1),
        stdout: String::from_utf8_lossy(&stdout).into_owned(),
        stderr: String::from_utf8_lossy(&stderr).into_owned(),
    })
}

/// The same for a command that must succeed: `node_command_failed` (1) with what it said.
pub async fn succeed(work: &Work, container: &Container, words: &[&str]) -> Result<String, Failure> {
    let ended = run(work, container, words).await?;
    if ended.code == 0 {
        return Ok(ended.stdout);
    }
    let said = ended.stderr.trim().lines().last().unwrap_or_default().to_owned();
    Err(NODE_COMMAND_FAILED.failure(
        format!(
            "{} failed in container {} with exit code {}: {said}",
            words[0], container.name, ended.code
        ),
        format!(
            "look at the container's log: docker logs --tail 50 {}",
            container.name
        ),
    ))
}

/// The gateway's container, which must run.
pub fn running<'a>(work: &Work, facts: &'a Facts) -> Result<&'a Container, Failure> {
    let container = facts.present().ok_or_else(|| no_container(&work.gateway))?;
    check_own(&work.gateway, container)?;
    if container.status == Status::Running {
        return Ok(container);
    }
    Err(not_running(&work.gateway, &container.name, ""))
}
