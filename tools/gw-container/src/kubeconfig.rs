//! The kubeconfig for this host: read from the container, rewritten, kept beside the client's files.

use std::io::Write;
use std::path::Path;
use std::time::Duration;

use bollard::query_parameters::LogsOptionsBuilder;
use contract::{Action, Answer, Context, Exit, Failure};
use docker_session::DockerHost;
use futures_util::TryStreamExt;
use gateway_facts::{Container, Status, inspect};
use gateway_names::{API_PORT, KUBECONFIG_PATH};

use crate::flags::KubeconfigFlags;
use crate::kubeconfig_text::{for_host, merged};
use crate::port_choice::API_BIND;
use crate::report::Report;
use crate::work::{Access, Work};
use crate::{fetch, tunnel};

/// How often the file is asked for while the node boots.
const AGAIN: Duration = Duration::from_millis(250);
/// A file that is being written is not understood for a moment; one that is not understood this often is wrong.
const TRIES: u32 = 20;

/// The verb `kubeconfig`.
pub async fn run(flags: &KubeconfigFlags, context: Context<Report>) -> Result<Answer, Failure> {
    let to_stdout = flags.file.as_deref() == Some("-");
    if to_stdout {
        context.data_goes_to_stdout();
    }
    let access = if flags.file.is_none() && flags.merge.is_none() {
        Access::Changing
    } else {
        Access::Reading
    };
    let (work, facts) = Work::begin(&context, "kubeconfig", access).await?;
    let container = facts.container.as_ref().ok_or_else(|| no_container(&work))?;
    crate::plan::check_own(&work.gateway, container)?;
    work.show(container);
    let server = server_of(&work, container)?.ok_or_else(|| unreachable(container))?;
    let text = read(&work, container, &server).await?;
    if work.machine.is_some() {
        work.console.progress(&format!(
            "{server} leads to the API while this runs: {} --gateway {}",
            contract::typed("gw-container tunnel"),
            work.gateway
        ));
    }
    work.report.update(|report| report.api_endpoint = Some(server));
    if let Some(path) = &flags.merge {
        return merge(&work, path, &text).map(|()| Answer::Done);
    }
    match flags.file.as_deref() {
        Some("-") => {
            // A reader that went away is no failure.
            let _ = std::io::stdout().lock().write_all(text.as_bytes());
        }
        Some(path) => put(&work, Path::new(path), &text)?,
        None => put(&work, &work.folder.kubeconfig(), &text)?,
    }
    Ok(Answer::Done)
}

/// Adds the gateway to kubectl's file, under the lock that kubectl itself takes: a file beside it that only one can make.
fn merge(work: &Work, path: &str, text: &str) -> Result<(), Failure> {
    let invalid = |why: &str| {
        Failure::new(
            Exit::Configuration,
            "kubeconfig_invalid",
            format!("{path} is not understood: {why}; it was not changed"),
            "correct it, or write another file: --file FILE",
        )
    };
    let lock = format!("{path}.lock");
    let locked = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(&lock);
    if let Err(error) = locked {
        if error.kind() == std::io::ErrorKind::AlreadyExists {
            return Err(Failure::new(
                Exit::Retry,
                "kubeconfig_locked",
                format!("another program is changing {path}"),
                format!("wait for it; if nothing does, remove {lock}"),
            ));
        }
        return Err(invalid(&error.to_string()));
    }
    let present = match std::fs::read(path) {
        Ok(content) => Ok(content),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(invalid(&error.to_string())),
    };
    let done = present
        .and_then(|present| merged(&present, text).map_err(|why| invalid(&why)))
        .and_then(|both| put(work, Path::new(path), &both));
    let _ = std::fs::remove_file(&lock);
    done
}

/// Writes the kubeconfig where it differs.
pub fn put(work: &Work, path: &Path, text: &str) -> Result<(), Failure> {
    let shown = path.display().to_string();
    let differs = if work.dry_run {
        std::fs::read(path).ok().as_deref() != Some(text.as_bytes())
    } else {
        client_files::write_private_file(path, text.as_bytes())?
    };
    if differs {
        work.did(Action::new(
            "write",
            format!("file {shown}"),
            "the kubeconfig differs",
        ));
    }
    work.report.update(|report| report.kubeconfig = Some(shown));
    Ok(())
}

/// The API as Docker's machine reaches it: the published port, else the container's own address. `None` where there is neither.
pub fn api_of(container: &Container) -> Option<(String, u16)> {
    if let Some(published) = container.api_port.filter(|published| published.port != 0) {
        return Some((API_BIND.to_string(), published.port));
    }
    let address = container.attachments.iter().find_map(|at| at.address)?;
    Some((address.to_string(), API_PORT))
}

/// The API's address for this host. For a Docker behind ssh it is where `gw-container tunnel` listens. `None` where this host
/// cannot reach it.
pub fn server_of(work: &Work, container: &Container) -> Result<Option<String>, Failure> {
    let Some((host, port)) = api_of(container) else {
        return Ok(None);
    };
    Ok(match work.session.host() {
        DockerHost::Unix(_) => Some(format!("https://{host}:{port}")),
        DockerHost::Ssh(_) => Some(tunnel::server(work, port)?),
        DockerHost::Tcp(_) | DockerHost::Tls(..) => None,
    })
}

/// The container's kubeconfig, rewritten. Waits until a running container has written it.
pub async fn read(work: &Work, container: &Container, server: &str) -> Result<String, Failure> {
    let mut tries = 0;
    loop {
        if let Some(text) = fetch::file(&work.session, &container.id, KUBECONFIG_PATH).await? {
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
    let now = now.ok_or_else(|| no_container(work))?;
    let name = &now.name;
    match now.status {
        Status::Running => Ok(()),
        Status::Exited | Status::Restarting | Status::Dead if container.is_up() => {
            let code = now
                .exit_code
                .map_or_else(String::new, |code| format!(" with exit code {code}"));
            let last = last_line(work, &now.id).await;
            Err(Failure::new(
                Exit::Failed,
                "container_exited",
                format!("container {name} ended{code}{last}; it is kept with its log"),
                format!("read its log: docker logs --tail 50 {name}"),
            ))
        }
        _ => Err(Failure::new(
            Exit::Failed,
            "not_running",
            format!("container {name} does not run, and has no kubeconfig yet"),
            format!(
                "start it: {} --gateway {}",
                contract::typed("gw-container ensure"),
                work.gateway
            ),
        )),
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

/// The failure where the gateway has no container.
pub fn no_container(work: &Work) -> Failure {
    Failure::new(
        Exit::Failed,
        "no_container",
        format!("gateway {} has no container", work.gateway),
        format!(
            "make one: {} --gateway {}",
            contract::typed("gw-container ensure"),
            work.gateway
        ),
    )
}

/// The failure where this host cannot reach the API.
pub fn unreachable(container: &Container) -> Failure {
    Failure::new(
        Exit::Failed,
        "api_unreachable",
        format!(
            "the API of container {} is published nowhere that this host reaches",
            container.name
        ),
        "start the container, and reach its Docker by ssh: --docker-host ssh://HOST",
    )
}
