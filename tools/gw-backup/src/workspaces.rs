//! The verb `workspaces`: the folders of persistent volume claims, in a gateway's volume or in a backup of it. They are listed, or one is
//! extracted. No node is needed for that.

mod act;
mod plan;

use std::fs::File;
use std::io::{BufReader, Error, Read};
use std::path::{Path, PathBuf};

use container_files::{Broken, drain};
use contract::{Action, Answer, Context, Failure};
use docker_images::{any, not_given};
use docker_session::docker_failure;
use gateway_facts::{Facts, Status};
use gateway_names::VOLUME_PATH;
use gateway_work::{Access, Work, check_own};
use gw_backup::report::{Report, WorkspaceField};
use helper_container::{Helper, Volume, remove_left};
use tar::{Archive, Builder, Header};

use crate::file::{self, Found, below_first};
use crate::flags::WorkspacesFlags;
use crate::reasons::{EXTRACT_FAILED, FOLDER_EXISTS, NO_VOLUME};
use crate::unreadable::unreadable;
use act::{append, into, reroot};
use plan::{count, named};

/// Where provisioners of class `local-path` put the folders of claims, below the volume: `pvc-UID_NAMESPACE_CLAIM`.
const STORAGE: &str = "storage";

/// Lists, or extracts the one that is named.
pub async fn run(flags: &WorkspacesFlags, context: Context<Report>) -> Result<Answer, Failure> {
    if flags.to.as_deref() == Some("-") {
        context.data_goes_to_stdout();
    }
    if flags.name.is_some() != flags.to.is_some() {
        return Err(Failure::usage(
            "NAME and --to belong together",
            "name one to extract it: workspaces NAME --to FOLDER; or leave both out, which lists them",
        ));
    }
    if let Some(to) = flags
        .to
        .as_deref()
        .filter(|to| *to != "-" && Path::new(to).exists())
    {
        return Err(FOLDER_EXISTS.failure(
            format!("{to} exists already"),
            "name a folder that does not: --to FOLDER",
        ));
    }
    match &flags.from {
        Some(path) => of_backup(flags, path, &context).await?,
        None => of_volume(flags, &context).await?,
    }
    Ok(Answer::Done)
}

/// What was found is in the document, also if the one that is named is not there.
fn listed(context: &Context<Report>, found: &[WorkspaceField]) {
    context.report.update(|report| report.workspaces = found.to_vec());
}

async fn of_backup(flags: &WorkspacesFlags, path: &str, context: &Context<Report>) -> Result<(), Failure> {
    let from = PathBuf::from(path);
    let read = move || {
        let mut found = Vec::new();
        let counted = read_storage(&from, |header, below, _, _| {
            count(&mut found, below, header.size()?);
            Ok(())
        })?;
        Ok((found, counted))
    };
    let (found, counted) = blocking(read).await.map_err(|error| unreadable(path, &error))?;
    context.report.update(|report| {
        report.work.gateway = Some(counted.manifest.gateway.clone());
        report.work.dry_run = context.common.dry_run;
        report.backup = Some(counted.shown(path));
    });
    listed(context, &found);
    let (Some(name), Some(to)) = (&flags.name, &flags.to) else {
        return Ok(());
    };
    let workspace = named(&found, name)?.clone();
    extracted(context, &workspace, to);
    if context.common.dry_run {
        return Ok(());
    }
    let (from, target) = (PathBuf::from(path), to.clone());
    let write = move || {
        into(&target, |output| {
            let mut archive = Builder::new(output);
            read_storage(&from, |header, below, link, content| {
                let Ok(below) = below.strip_prefix(&workspace.folder) else {
                    return Ok(());
                };
                // A hard link leads to a path of the volume.
                let prefix = Path::new(STORAGE).join(&workspace.folder);
                let link = link.map(|link| link.strip_prefix(&prefix).map(Path::to_owned).unwrap_or(link));
                append(&mut archive, header, below, link, content)
            })?;
            archive.into_inner()?.flush()
        })
    };
    blocking(write).await.map_err(|error| failed(to, &error))
}

/// Hands out what a backup has below the folder of claims.
fn read_storage(
    backup: &Path,
    mut take: impl FnMut(&mut Header, &Path, Option<PathBuf>, &mut dyn Read) -> Result<(), Error>,
) -> Result<file::Counted, Error> {
    file::read(BufReader::new(File::open(backup)?), |found| match found {
        Found::Volume(mut header, path, link, content) => match path.strip_prefix(STORAGE) {
            Ok(below) => take(&mut header, below, link, content),
            Err(_) => Ok(()),
        },
        Found::Client(..) => Ok(()),
    })
}

async fn of_volume(flags: &WorkspacesFlags, context: &Context<Report>) -> Result<(), Failure> {
    let (work, facts) = Work::begin(context, "workspaces", Access::Changing).await?;
    if facts.volume.is_none() {
        return Err(NO_VOLUME.failure(
            format!("gateway {} has no volume", work.gateway),
            format!(
                "see which gateways there are: {}",
                contract::typed("gw-detect --all")
            ),
        ));
    }
    remove_left(&work, &facts).await?;
    let Some(container) = facts.present() else {
        let image = any(&work.session).await?.ok_or_else(not_given)?;
        let helper = Helper::make(&work, &image, Volume::Read).await?;
        let done = through(flags, context, &work, &helper.id).await;
        return helper.remove(&work, done).await;
    };
    check_own(&work.gateway, container)?;
    warn_of_writers(&work, &facts);
    through(flags, context, &work, &container.id).await
}

fn warn_of_writers(work: &Work, facts: &Facts) {
    let runs = facts
        .container
        .as_ref()
        .is_some_and(|it| matches!(it.status, Status::Running | Status::Restarting));
    if runs {
        work.warn("the node runs: what sandboxes write meanwhile may be missing or cut off".to_owned());
    }
}

async fn through(
    flags: &WorkspacesFlags,
    context: &Context<Report>,
    work: &Work,
    container: &str,
) -> Result<(), Failure> {
    let storage = format!("{VOLUME_PATH}/{STORAGE}");
    let mut found = Vec::new();
    if container_files::exists(&work.session, container, &storage).await? {
        let read = drain(&work.session, container, &storage, |volume| {
            let mut found = Vec::new();
            for entry in Archive::new(volume).entries()? {
                let entry = entry?;
                if let Some(below) = below_first(&entry.path()?) {
                    count(&mut found, &below, entry.size());
                }
            }
            Ok(found)
        });
        found = read.await.map_err(|broken| of_docker(broken, "the volume"))?;
    }
    listed(context, &found);
    let (Some(name), Some(to)) = (&flags.name, &flags.to) else {
        return Ok(());
    };
    let workspace = named(&found, name)?;
    extracted(context, workspace, to);
    if work.dry_run {
        return Ok(());
    }
    let folder = format!("{storage}/{}", workspace.folder);
    let target = to.clone();
    let written = drain(&work.session, container, &folder, move |volume| {
        into(&target, |output| reroot(volume, output))
    });
    written.await.map_err(|broken| of_docker(broken, to))
}

fn of_docker(broken: Broken, to: &str) -> Failure {
    match broken {
        Broken::Docker(error) => docker_failure("read the volume", &error),
        Broken::Here(error) => failed(to, &error),
    }
}

fn failed(to: &str, error: &Error) -> Failure {
    EXTRACT_FAILED.failure(
        format!("cannot extract to {to}: {error}"),
        "see whether there is room and a right to write: df -h, ls -ld",
    )
}

fn extracted(context: &Context<Report>, workspace: &WorkspaceField, to: &str) {
    let object = format!("workspace {}/{} to {to}", workspace.namespace, workspace.claim);
    let action = Action::new("extract", object, "asked for");
    context.report.update(|report| {
        report.work.changed = !report.work.dry_run;
        report.work.actions.push(action);
    });
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Error> + Send + 'static,
) -> Result<T, Error> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(Error::other(error)))
}
