//! The verb `restore`: a gateway from the file of a backup, under the same name or another.

use std::fs::File;
use std::io::{BufReader, Error, ErrorKind, Seek};
use std::path::{Path, PathBuf};

use bollard::body_try_stream;
use bollard::models::VolumeCreateRequest;
use bollard::query_parameters::UploadToContainerOptionsBuilder;
use contract::{Action, Answer, Context, Exit, Failure};
use docker_session::docker_failure;
use futures_util::stream;
use gateway_names::VOLUME_PATH;
use tar::{Builder, Header};

use crate::backup_file::{self, Counted, Found};
use crate::byte_channel::{PartWriter, parts};
use crate::flags::RestoreFlags;
use crate::helper_container::{Helper, Volume};
use crate::report::Report;
use crate::work::{Access, Work};
use crate::{client_state, describe, fetch, helper_container, image, plan, remove};

/// The file on a volume that is being restored. `ensure` refuses such a volume.
pub const INCOMPLETE: &str = "openshell-restore-incomplete";
/// Where standard input is kept until it is restored, in the gateway's folder.
const SPOOL: &str = "restore.tar.zst";

/// Reads the whole file and holds it against its checksums; only then is anything changed.
pub async fn run(flags: &RestoreFlags, context: Context<Report>) -> Result<Answer, Failure> {
    let (work, facts) = Work::begin(&context, "restore", Access::Changing).await?;
    let exists = facts.volume.is_some() || plan::present(&facts).is_some();
    if exists && !flags.yes && !work.dry_run {
        return Err(Failure::new(
            Exit::Failed,
            "gateway_exists",
            format!(
                "gateway {} exists: a restore would replace its sandboxes and secrets",
                work.gateway
            ),
            "restore under another name (--gateway NAME), or add --yes if that is meant",
        ));
    }
    let image = image::any(&work.session).await?.ok_or_else(image::not_given)?;
    let path = source(&work, &flags.file).await?;
    let (client, counted) = verified(&path, &flags.file).await?;
    work.report
        .update(|report| report.backup = Some(describe::backup(&flags.file, &counted)));
    helper_container::remove_left(&work, &facts).await?;
    if exists {
        remove::everything_in_docker(&work, &facts, flags.grace).await?;
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
        let counted = backup_file::read(BufReader::new(File::open(path)?), |found| {
            if let Found::Client(name, content) = found {
                client.push((name.to_owned(), content));
            }
            Ok(())
        })?;
        Ok((client, counted))
    });
    let read = read
        .await
        .unwrap_or_else(|error| Err(Error::other(error.to_string())));
    read.map_err(|error| unreadable(shown, &error))
}

fn unreadable(file: &str, error: &Error) -> Failure {
    if error.kind() == ErrorKind::InvalidData {
        return Failure::new(
            Exit::Configuration,
            "backup_invalid",
            format!("{file} is no whole backup: {error}; nothing was changed"),
            "take another file: this one was cut off or altered",
        );
    }
    let exit = if error.kind() == ErrorKind::PermissionDenied {
        Exit::Permission
    } else {
        Exit::Failed
    };
    Failure::new(
        exit,
        "backup_unreadable",
        format!("cannot read {file}: {error}"),
        format!("look at it: ls -l {file}"),
    )
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
    let filled = fill(work, &helper.id, path).await;
    helper.remove(work, filled).await
}

async fn fill(work: &Work, helper: &str, path: &Path) -> Result<(), Failure> {
    fetch::put(&work.session, helper, VOLUME_PATH, INCOMPLETE, 0o600, b"").await?;
    let file = File::open(path).map_err(|error| unreadable(&path.display().to_string(), &error))?;
    let (sender, receiver) = parts();
    let reader = tokio::task::spawn_blocking(move || as_docker_takes_it(file, PartWriter(sender)));
    let body = body_try_stream(stream::unfold(receiver, |mut receiver| async {
        receiver.recv().await.map(|part| (part, receiver))
    }));
    let options = UploadToContainerOptionsBuilder::new().path(VOLUME_PATH).build();
    let put = work
        .session
        .api()
        .upload_to_container(helper, Some(options), body)
        .await;
    put.map_err(|error| docker_failure("fill the volume", &error))?;
    let read = reader
        .await
        .unwrap_or_else(|error| Err(Error::other(error.to_string())));
    read.map_err(|error| unreadable(&path.display().to_string(), &error))?;
    // Docker has no way to remove a file through a container that does not run: a mark with content is none.
    fetch::put(
        &work.session,
        helper,
        VOLUME_PATH,
        INCOMPLETE,
        0o600,
        b"complete\n",
    )
    .await
}

fn as_docker_takes_it(mut file: File, output: PartWriter) -> Result<(), Error> {
    file.rewind()?;
    let mut archive = Builder::new(output);
    backup_file::read(BufReader::new(file), |found| {
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
    content: &mut dyn std::io::Read,
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
