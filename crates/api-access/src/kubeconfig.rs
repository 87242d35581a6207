//! The kubeconfig for this host: read from the container, rewritten, kept beside the client's files.

use std::path::Path;
use std::time::Duration;

use bollard::query_parameters::LogsOptionsBuilder;
use contract::{Action, Failure};
use futures_util::TryStreamExt;
use gateway_facts::{Container, Status, inspect};
use gateway_names::KUBECONFIG_PATH;
use gateway_work::{Record, Work, no_container, not_running};

use crate::CONTAINER_EXITED;
use crate::kubeconfig_text::for_host;

/// How often the file is asked for while the node boots.
const AGAIN: Duration = Duration::from_millis(250);
/// A file that is being written is not understood for a moment; one that is not understood this often is wrong.
const TRIES: u32 = 20;

/// Writes the kubeconfig where it differs.
pub fn write_kubeconfig(record: &Record, path: &Path, text: &str) -> Result<(), Failure> {
    let differs = if record.is_dry_run() {
        std::fs::read(path).ok().as_deref() != Some(text.as_bytes())
    } else {
        client_files::write_private_file(path, text.as_bytes())?
    };
    if differs {
        record.did(Action::new(
            "write",
            format!("file {}", path.display()),
            "the kubeconfig differs",
        ));
    }
    Ok(())
}

/// The container's kubeconfig, rewritten. Waits until a running container has written it.
pub async fn read_kubeconfig(work: &Work, container: &Container, server: &str) -> Result<String, Failure> {
    let mut tries = 0;
    loop {
        if let Some(text) = container_files::file(&work.session, &container.id, KUBECONFIG_PATH).await? {
            tries += 1;
            match for_host(&text, &work.gateway.resource(), server) {
                Err(_) if tries < TRIES => {}
                ended => {
                    work.console.ended_waiting();
                    return ended;
                }
            }
        }
        still_runs(work, container).await?;
        work.console
            .waiting(&format!("the kubeconfig of container {}", container.name));
        tokio::time::sleep(AGAIN).await;
    }
}

async fn still_runs(work: &Work, container: &Container) -> Result<(), Failure> {
    let now = inspect(&work.session, &container.name).await?;
    let now = now.ok_or_else(|| no_container(&work.gateway))?;
    let name = &now.name;
    match now.status {
        Status::Running => Ok(()),
        Status::Exited | Status::Restarting | Status::Dead if container.is_up() => {
            let code = now
                .exit_code
                .map_or_else(String::new, |code| format!(" with exit code {code}"));
            let last = last_line(work, &now.id).await;
            Err(CONTAINER_EXITED.failure(
                format!("container {name} ended{code}{last}; it is kept with its log"),
                format!("read its log: docker logs --tail 50 {name}"),
            ))
        }
        _ => Err(not_running(&work.gateway, name, ", and has no kubeconfig yet")),
    }
}

/// The last line of the container's log, as far as it can be had.
async fn last_line(work: &Work, id: &str) -> String {
    let options = LogsOptionsBuilder::new()
        .stdout(true)
        .stderr(true)
        .tail("1")
        .build();
    let log = work.session.api().logs(id, Some(options));
    let lines: Vec<_> = log.try_collect().await.unwrap_or_default();
    lines.last().map_or_else(String::new, |line| {
        let text = String::from_utf8_lossy(line.as_ref()).trim().to_owned();
        if text.is_empty() {
            text
        } else {
            format!(" ('{}')", text.escape_debug())
        }
    })
}
