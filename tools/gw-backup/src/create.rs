//! The verb `create`: volume, specification and client files in one file.

use std::io::{BufWriter, Error, Write};
use std::path::Path;

use bollard::query_parameters::StopContainerOptionsBuilder;
use container_files::{Broken, PartReader, drain};
use contract::{Action, Answer, Context, Failure, Pledge};
use docker_images::{any, not_given};
use docker_session::docker_failure;
use gateway_ending::grace_seconds;
use gateway_facts::{Container, Facts, Status};
use gateway_names::VOLUME_PATH;
use gateway_work::{Access, Held, How, Work, check_own};
use gw_backup::report::Report;
use helper_container::{Helper, Volume, remove_left};

use crate::file::{self, Counted, FORMAT, LEFT_OUT, Manifest};
use crate::flags::CreateFlags;
use crate::reasons::{BACKUP_FAILED, NO_VOLUME};

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
pub async fn run(flags: &CreateFlags, context: Context<Report>) -> Result<Answer, Failure> {
    if flags.file == "-" {
        context.data_goes_to_stdout();
    }
    let (work, facts) = Work::begin(&context, "backup", Access::Changing).await?;
    if facts.volume.is_none() {
        return Err(NO_VOLUME.failure(
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
    let container = facts.present();
    if let Some(container) = container {
        check_own(&work.gateway, container)?;
    }
    remove_left(&work, &facts).await?;
    let action = Action::new("write", format!("backup {}", flags.file), "asked for");
    if work.dry_run {
        work.announce(&action);
        work.did(action);
        return Ok(Answer::Done);
    }
    let held = quieten(&work, container, flags).await?;
    work.announce(&action);
    let written = export(&work, &facts, &flags.file).await;
    let resumed = resume(&work, held).await;
    let counted = written?;
    resumed?;
    context
        .report
        .update(|report| report.backup = Some(counted.shown(&flags.file)));
    work.did(action);
    Ok(Answer::Done)
}

/// Keeps the container from writing, if it runs; the promise that it is let go of if this run is cut short.
async fn quieten(
    work: &Work,
    container: Option<&Container>,
    flags: &CreateFlags,
) -> Result<Option<(Held, Pledge)>, Failure> {
    let Some(container) = container.filter(|it| matches!(it.status, Status::Running | Status::Restarting))
    else {
        return Ok(None);
    };
    let (how, verb) = if flags.stop || container.status == Status::Restarting {
        (How::Stopped, "stop")
    } else {
        (How::Paused, "pause")
    };
    let object = format!("container {}", container.name);
    let action = Action::new(verb, object.clone(), "nothing may write while the volume is read");
    work.announce(&action);
    let held = Held {
        container: container.id.clone(),
        how,
    };
    held.write(&work.folder)?;
    let (api, id, grace) = (
        work.session.api().clone(),
        held.container.clone(),
        grace_seconds(flags.grace),
    );
    // Docker may hold it still after a run that is cut short has gone away: only then it is let go of.
    let (settled, mut is_settled) = tokio::sync::watch::channel(());
    let holding = tokio::spawn(async move {
        let _settled = settled;
        match how {
            How::Paused => api.pause_container(&id).await,
            How::Stopped => {
                let options = StopContainerOptionsBuilder::new().t(grace).build();
                api.stop_container(&id, Some(options)).await
            }
        }
    });
    let (api, folder, promised) = (work.session.api().clone(), work.folder.clone(), held.clone());
    let pledge = work.pledges.add(async move {
        while is_settled.changed().await.is_ok() {}
        // What is not let go of stays written down, for the next run.
        let _ = promised.let_go(&api, &folder).await;
    });
    let failed = |error| docker_failure(&format!("{verb} {object}"), &error);
    match holding.await {
        Ok(Ok(())) => {
            work.did(action);
            Ok(Some((held, pledge)))
        }
        Ok(Err(error)) => {
            held.let_go(work.session.api(), &work.folder).await?;
            pledge.kept();
            Err(failed(error))
        }
        Err(panic) => std::panic::resume_unwind(panic.into_panic()),
    }
}

/// A container that cannot be let go of stays written down as held.
async fn resume(work: &Work, held: Option<(Held, Pledge)>) -> Result<(), Failure> {
    let Some((held, pledge)) = held else { return Ok(()) };
    held.let_go(work.session.api(), &work.folder).await?;
    pledge.kept();
    let object = format!("container {}", work.gateway.resource());
    work.did(Action::new(held.verb(), object, "the volume was read"));
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
    match facts.present() {
        Some(container) => written(work, &container.id, manifest, client, file).await,
        None => {
            let image = any(&work.session).await?.ok_or_else(not_given)?;
            let helper = Helper::make(work, &image, Volume::Read).await?;
            let done = written(work, &helper.id, manifest, client, file).await;
            helper.remove(work, done).await
        }
    }
}

/// The volume goes from Docker's stream into the file.
async fn written(
    work: &Work,
    container: &str,
    manifest: Manifest,
    client: Vec<(String, Vec<u8>)>,
    file: &str,
) -> Result<Counted, Failure> {
    let to = file.to_owned();
    let drained = drain(&work.session, container, VOLUME_PATH, move |volume| {
        write(&to, &manifest, &client, volume)
    });
    drained.await.map_err(|broken| match broken {
        Broken::Docker(error) => docker_failure("read the volume", &error),
        Broken::Here(error) => BACKUP_FAILED.failure(
            format!("cannot write the backup {file}: {error}"),
            "see whether there is room and a right to write: df -h, ls -ld",
        ),
    })
}

fn write(
    to: &str,
    manifest: &Manifest,
    client: &[(String, Vec<u8>)],
    mut volume: PartReader,
) -> Result<Counted, Error> {
    if to == "-" {
        return file::write(std::io::stdout().lock(), manifest, client, Some(&mut volume));
    }
    let path = std::path::absolute(to)?;
    let folder = path.parent().unwrap_or(Path::new("/"));
    // Readable by its owner alone, and never seen half written: it holds every secret of the gateway.
    let mut new = tempfile::Builder::new().prefix(".backup-").tempfile_in(folder)?;
    let output = BufWriter::new(&mut new);
    let counted = file::write(output, manifest, client, Some(&mut volume))?;
    new.flush()?;
    new.as_file().sync_all()?;
    new.persist(&path).map_err(|error| error.error)?;
    Ok(counted)
}
