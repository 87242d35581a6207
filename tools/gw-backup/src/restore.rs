//! The verb `restore`: a gateway from the file of a backup, under the same name or another.

use std::fs::File;
use std::io::{BufReader, Error, Read, Seek};
use std::path::{Path, PathBuf};

use bollard::models::VolumeCreateRequest;
use container_files::{Broken, PartWriter, fill, put};
use contract::{Action, Answer, Context, Failure};
use docker_images::{any, not_given};
use docker_session::docker_failure;
use gateway_ending::remove_all;
use gateway_names::{RESTORE_MARK, VOLUME_PATH};
use gateway_work::{Access, Work};
use gw_backup::report::Report;
use helper_container::{Helper, Volume, remove_left};
use tar::{Builder, Header};

use crate::file::{self, Counted, Found};
use crate::flags::RestoreFlags;
use crate::reasons::GATEWAY_EXISTS;
use crate::unreadable::unreadable;

/// Where standard input is kept until it is restored, in the gateway's folder.
const SPOOL: &str = "restore.tar.zst";

/// Reads the whole file and holds it against its checksums; only then is anything changed.
pub async fn run(flags: &RestoreFlags, context: Context<Report>) -> Result<Answer, Failure> {
    let (work, facts) = Work::begin(&context, "restore", Access::Changing).await?;
    let exists = facts.volume.is_some() || facts.present().is_some();
    if exists && !flags.yes && !work.dry_run {
        return Err(GATEWAY_EXISTS.failure(
            format!(
                "gateway {} exists: a restore would replace its sandboxes and secrets",
                work.gateway
            ),
            "restore under another name (--gateway NAME), or add --yes if that is meant",
        ));
    }
    let image = any(&work.session).await?.ok_or_else(not_given)?;
    let path = source(&work, &flags.file).await?;
    let (client, counted) = verified(&path, &flags.file).await?;
    context
        .report
        .update(|report| report.backup = Some(counted.shown(&flags.file)));
    remove_left(&work, &facts).await?;
    if exists {
        remove_all(&work, &facts, flags.grace).await?;
    }
    let action = Action::new(
        "restore",
        format!("volume {}", work.gateway.resource()),
        "asked for",
    );
    work.announce(&action);
    if !work.dry_run {
        import(&work, &image, &path).await?;
    }
    work.did(action);
    write_client_files(&work, &counted, client)?;
    if flags.file == "-" && !work.dry_run {
        work.folder.remove_private(SPOOL)?;
    }
    Ok(Answer::Done)
}

/// Standard input is kept in a file first: it is read twice, and a second try may need it.
async fn source(work: &Work, file: &str) -> Result<PathBuf, Failure> {
    if file != "-" {
        return Ok(file.into());
    }
    let path = work.folder.path().join(SPOOL);
    work.folder.make()?;
    let copied = async {
        let new = tempfile::Builder::new()
            .prefix(".new-")
            .tempfile_in(work.folder.path())?;
        let mut input = contract::open_input(Path::new(file)).await?;
        tokio::io::copy(&mut input, &mut tokio::fs::File::from_std(new.reopen()?)).await?;
        new.persist(&path).map(drop).map_err(|error| error.error)
    };
    copied.await.map_err(|error: Error| unreadable(file, &error))?;
    Ok(path)
}

type ClientFile = (String, Vec<u8>);

async fn verified(path: &Path, shown: &str) -> Result<(Vec<ClientFile>, Counted), Failure> {
    let path = path.to_owned();
    let read = tokio::task::spawn_blocking(move || {
        let mut client = Vec::new();
        let counted = file::read(BufReader::new(File::open(path)?), |found| {
            if let Found::Client(name, content) = found {
                client.push((name.to_owned(), content));
            }
            Ok(())
        })?;
        Ok((client, counted))
    });
    let read = read.await.unwrap_or_else(|error| Err(Error::other(error)));
    read.map_err(|error| unreadable(shown, &error))
}

/// Makes the volume and fills it, through a container that never runs. A mark is on it until it is whole.
async fn import(work: &Work, image: &str, path: &Path) -> Result<(), Failure> {
    let name = work.gateway.resource();
    let request = VolumeCreateRequest {
        name: Some(name.clone()),
        labels: Some(work.label()),
        ..VolumeCreateRequest::default()
    };
    let made = work.session.api().create_volume(request).await;
    made.map_err(|error| docker_failure(&format!("create volume {name}"), &error))?;
    let helper = Helper::make(work, image, Volume::Write).await?;
    let filled = write_volume(work, &helper.id, path).await;
    helper.remove(work, filled).await
}

async fn write_volume(work: &Work, helper: &str, path: &Path) -> Result<(), Failure> {
    let mark = |content: &'static [u8]| put(&work.session, helper, VOLUME_PATH, RESTORE_MARK, 0o600, content);
    mark(b"").await?;
    let shown = path.display().to_string();
    let file = File::open(path).map_err(|error| unreadable(&shown, &error))?;
    let filled = fill(&work.session, helper, VOLUME_PATH, |output| {
        as_docker_takes_it(file, output)
    });
    filled.await.map_err(|broken| match broken {
        Broken::Docker(error) => docker_failure("fill the volume", &error),
        Broken::Here(error) => unreadable(&shown, &error),
    })?;
    // Docker has no way to remove a file through a container that does not run: a mark with content is none.
    mark(b"complete\n").await
}

fn as_docker_takes_it(mut file: File, output: PartWriter) -> Result<(), Error> {
    file.rewind()?;
    let mut archive = Builder::new(output);
    file::read(BufReader::new(file), |found| {
        let Found::Volume(mut header, path, target, content) = found else {
            return Ok(());
        };
        append(&mut archive, &mut header, path, target, content)
    })?;
    archive.into_inner().map(drop)
}

fn append(
    archive: &mut Builder<PartWriter>,
    header: &mut Header,
    path: &Path,
    target: Option<PathBuf>,
    content: &mut dyn Read,
) -> Result<(), Error> {
    match target {
        Some(target) => archive.append_link(header, path, target),
        None => archive.append_data(header, path, content),
    }
}

/// Metadata, bundle and credentials, under the name that is restored.
fn write_client_files(work: &Work, counted: &Counted, client: Vec<ClientFile>) -> Result<(), Failure> {
    let object = format!("folder {}", work.folder.path().display());
    let action = Action::new("write", object, "the client's files are in the backup");
    if !work.dry_run {
        for (name, content) in client.iter().filter(|(name, _)| name != "metadata.json") {
            work.folder.write_private(name, content)?;
        }
        let metadata = client.iter().find(|(name, _)| name == "metadata.json");
        let metadata = metadata.and_then(|(_, content)| serde_json::from_slice(content).ok());
        if let Some(spec) = &counted.manifest.spec {
            client_state::write(work, spec, metadata)?;
        }
    }
    work.did(action);
    Ok(())
}
