//! The verb `backup`: volume, specification and client files in one file.

use std::io::Write;

use contract::{Action, Answer, Context, Exit, Failure};
use docker_session::docker_failure;
use futures_util::StreamExt;
use gateway_facts::{Container, Facts, Status};
use gateway_names::VOLUME_PATH;

use crate::backup_file::{self, Counted, FORMAT, LEFT_OUT, Manifest};
use crate::byte_channel::{PartReader, parts};
use crate::flags::BackupFlags;
use crate::helper_container::{Helper, Volume};
use crate::report::Report;
use crate::stop::grace_seconds;
use crate::work::{Access, Work};
use crate::{client_state, describe, ending, fetch, helper_container, image, plan};

/// The client's files that a backup has, below the gateway's folder.
const CLIENT_FILES: [&str; 7] = [
    "metadata.json",
    "spec.json",
    "registries.yaml",
    "release.tar",
    "mtls/ca.crt",
    "mtls/tls.crt",
    "mtls/tls.key",
];

/// Writes the backup. The container is held, or with `--stop` stopped, while the volume is read.
pub async fn run(flags: &BackupFlags, context: Context<Report>) -> Result<Answer, Failure> {
    if flags.file == "-" {
        context.data_goes_to_stdout();
    }
    let (work, facts) = Work::begin(&context, "backup", Access::Changing).await?;
    if facts.volume.is_none() {
        return Err(Failure::new(
            Exit::Failed,
            "no_volume",
            format!(
                "gateway {} has no volume: there is nothing to back up",
                work.gateway
            ),
            format!(
                "see which gateways there are: {}",
                contract::typed("gw-detect --all")
            ),
        ));
    }
    let container = plan::present(&facts);
    if let Some(container) = container {
        plan::check_own(&work.gateway, container)?;
        work.show(container);
    }
    helper_container::remove_left(&work, &facts).await?;
    let action = Action::new("write", format!("backup {}", flags.file), "asked for");
    if work.dry_run {
        work.announce(&action);
        work.did(action);
        return Ok(Answer::Done);
    }
    let quiet = quieten(&work, container, flags).await?;
    work.announce(&action);
    let written = export(&work, &facts, &flags.file).await;
    let resumed = resume(&work, container, quiet).await;
    let counted = written?;
    resumed?;
    work.report
        .update(|report| report.backup = Some(describe::backup(&flags.file, &counted)));
    work.did(action);
    Ok(Answer::Done)
}

/// How the container was kept from writing.
enum Quiet {
    Already,
    Paused,
    Stopped,
}

async fn quieten(work: &Work, container: Option<&Container>, flags: &BackupFlags) -> Result<Quiet, Failure> {
    let Some(container) = container.filter(|it| matches!(it.status, Status::Running | Status::Restarting))
    else {
        return Ok(Quiet::Already);
    };
    let object = format!("container {}", container.name);
    if flags.stop || container.status == Status::Restarting {
        let action = Action::new("stop", object, "nothing may write while the volume is read");
        work.announce(&action);
        ending::stop(work, &container.name, grace_seconds(flags.grace)).await?;
        work.did(action);
        return Ok(Quiet::Stopped);
    }
    let action = Action::new(
        "pause",
        object.clone(),
        "nothing may write while the volume is read",
    );
    work.announce(&action);
    let paused = work.session.api().pause_container(&container.name).await;
    paused.map_err(|error| docker_failure(&format!("pause {object}"), &error))?;
    work.did(action);
    Ok(Quiet::Paused)
}

async fn resume(work: &Work, container: Option<&Container>, quiet: Quiet) -> Result<(), Failure> {
    let Some(container) = container else { return Ok(()) };
    let (name, api) = (&container.name, work.session.api());
    let object = format!("container {name}");
    let (verb, done) = match quiet {
        Quiet::Already => return Ok(()),
        Quiet::Paused => ("unpause", api.unpause_container(name).await),
        Quiet::Stopped => ("start", api.start_container(name, None).await),
    };
    done.map_err(|error| docker_failure(&format!("{verb} {object}"), &error))?;
    work.did(Action::new(verb, object, "the volume was read"));
    Ok(())
}

async fn export(work: &Work, facts: &Facts, file: &str) -> Result<Counted, Failure> {
    let manifest = Manifest {
        format: FORMAT,
        gateway: work.gateway.to_string(),
        spec: client_state::persisted(work, facts)?,
        tool_version: env!("CARGO_PKG_VERSION").to_owned(),
        left_out: vec![LEFT_OUT.to_owned()],
    };
    let mut client = Vec::new();
    for path in CLIENT_FILES {
        if let Some(content) = work.folder.read_private(path)? {
            client.push((path.to_owned(), content));
        }
    }
    match plan::present(facts) {
        Some(container) => written(work, &container.id, manifest, client, file).await,
        None => {
            let image = image::any(&work.session).await?.ok_or_else(image::not_given)?;
            let helper = Helper::make(work, &image, Volume::Read).await?;
            let done = written(work, &helper.id, manifest, client, file).await;
            helper.remove(work, done).await
        }
    }
}

/// Docker's stream on this side, the writer of the archive on a thread that may block.
async fn written(
    work: &Work,
    container: &str,
    manifest: Manifest,
    client: Vec<(String, Vec<u8>)>,
    file: &str,
) -> Result<Counted, Failure> {
    let (sender, receiver) = parts();
    let to = file.to_owned();
    let writer = tokio::task::spawn_blocking(move || {
        let mut volume = PartReader::new(receiver);
        if to == "-" {
            return backup_file::write(std::io::stdout().lock(), &manifest, &client, Some(&mut volume));
        }
        let path = std::path::absolute(&to)?;
        let folder = path.parent().unwrap_or(std::path::Path::new("/"));
        // Readable by its owner alone, and never seen half written: it holds every secret of the gateway.
        let mut new = tempfile::Builder::new().prefix(".backup-").tempfile_in(folder)?;
        let counted = backup_file::write(
            std::io::BufWriter::new(&mut new),
            &manifest,
            &client,
            Some(&mut volume),
        )?;
        new.flush()?;
        new.as_file().sync_all()?;
        new.persist(&path).map_err(|error| error.error)?;
        Ok(counted)
    });
    let mut stream = fetch::stream(&work.session, container, VOLUME_PATH);
    let mut broken = None;
    while let Some(part) = stream.next().await {
        let part = match part {
            Ok(part) => Ok(part),
            Err(error) => {
                broken = Some(docker_failure("read the volume", &error));
                Err(std::io::Error::other("the volume could not be read"))
            }
        };
        // A writer that has ended says why below.
        if sender.send(part).await.is_err() || broken.is_some() {
            break;
        }
    }
    drop(sender);
    let ended = writer
        .await
        .map_err(|error| std::io::Error::other(error.to_string()));
    match (broken, ended.and_then(|written| written)) {
        (Some(failure), _) => Err(failure),
        (None, Ok(counted)) => Ok(counted),
        (None, Err(error)) => Err(Failure::new(
            Exit::Failed,
            "backup_failed",
            format!("cannot write the backup {file}: {error}"),
            "see whether there is room and a right to write: df -h, ls -ld",
        )),
    }
}
