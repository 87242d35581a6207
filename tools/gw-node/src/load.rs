//! The verb `load`: copies images from the local Docker into the node's containerd, and skips those that it has already.

use std::fs::File;
use std::io::{BufWriter, Error, Seek, Write};

use container_files::{Broken, PartWriter, fill};
use contract::{Action, Answer, Context, Failure, typed};
use docker_images::{find, missing, parts};
use docker_session::docker_failure;
use futures_util::TryStreamExt;
use gateway_facts::Container;
use gateway_names::VOLUME_PATH;
use gateway_work::{Access, Work};
use gw_node::report::Report;
use tar::{Builder, EntryType, Header};

use crate::describe::show;
use crate::exec;
use crate::flags::LoadFlags;
use crate::reasons::SPOOL_FAILED;

/// The archive's name on the volume while it is imported.
const FILE: &str = "openshell-load.tar";

/// Loads each image that the node does not have under that name with that very content.
pub async fn run(flags: &LoadFlags, context: Context<Report>) -> Result<Answer, Failure> {
    if flags.images.is_empty() {
        return Err(Failure::usage(
            "no image is named",
            typed("gw-node load IMAGE..."),
        ));
    }
    let (work, facts) = Work::begin(&context, "load", Access::Changing).await?;
    let container = exec::running(&work, &facts)?;
    show(&context.report, &work, container);
    let mut due = Vec::new();
    for reference in &flags.images {
        let found = find(&work.session, reference).await?;
        let found = found.ok_or_else(|| missing(reference))?;
        if !node_has(&work, container, reference, &found.id).await? {
            due.push(reference.as_str());
        }
    }
    let actions: Vec<Action> = due
        .iter()
        .map(|reference| Action::new("load", format!("image {reference}"), "the node does not have it"))
        .collect();
    actions.iter().for_each(|action| work.announce(action));
    if !work.dry_run && !due.is_empty() {
        load(&work, container, &due).await?;
    }
    actions.into_iter().for_each(|action| work.did(action));
    Ok(Answer::Done)
}

/// containerd keeps an image by the digest of its manifest, which names the configuration; its digest is Docker's id.
async fn node_has(work: &Work, container: &Container, reference: &str, id: &str) -> Result<bool, Failure> {
    let listed = exec::succeed(
        work,
        container,
        &["ctr", "--namespace", "k8s.io", "images", "list"],
    )
    .await?;
    let name = full_name(reference);
    let Some(digest) = digest_of(&listed, &name) else {
        return Ok(false);
    };
    let content = exec::run(
        work,
        container,
        &["ctr", "--namespace", "k8s.io", "content", "get", digest],
    )
    .await?;
    Ok(content.code == 0 && content.stdout.contains(id))
}

/// The digest in the line of this name: REF TYPE DIGEST SIZE PLATFORMS LABELS.
fn digest_of<'a>(listed: &'a str, name: &str) -> Option<&'a str> {
    listed.lines().find_map(|line| {
        let mut words = line.split_whitespace();
        (words.next() == Some(name)).then(|| words.find(|word| word.starts_with("sha256:")))?
    })
}

/// A reference as containerd has it: with registry and tag.
fn full_name(reference: &str) -> String {
    let registry = parts(reference).registry;
    let last = reference.rfind('/').map_or(0, |slash| slash + 1);
    let tag = if reference[last..].contains([':', '@']) {
        ""
    } else {
        ":latest"
    };
    match (registry.is_empty(), reference.contains('/')) {
        (false, _) => format!("{reference}{tag}"),
        (true, true) => format!("docker.io/{reference}{tag}"),
        (true, false) => format!("docker.io/library/{reference}{tag}"),
    }
}

async fn load(work: &Work, container: &Container, references: &[&str]) -> Result<(), Failure> {
    let spooled = spool(work, references).await?;
    upload(work, container, spooled).await?;
    let path = format!("{VOLUME_PATH}/{FILE}");
    let imported = exec::succeed(
        work,
        container,
        &["ctr", "--namespace", "k8s.io", "images", "import", &path],
    )
    .await;
    let removed = exec::succeed(work, container, &["rm", "-f", &path]).await;
    imported?;
    removed.map(drop)
}

/// An archive's entry must tell its length beforehand: Docker's stream goes through a file.
async fn spool(work: &Work, references: &[&str]) -> Result<File, Failure> {
    let failed = |error: &Error| {
        SPOOL_FAILED.failure(
            format!("cannot keep the images for a moment: {error}"),
            "make room where temporary files are: df -h \"${TMPDIR:-/tmp}\"",
        )
    };
    let mut file = tempfile::tempfile().map_err(|error| failed(&error))?;
    let mut images = std::pin::pin!(work.session.api().export_images(references));
    while let Some(part) = images
        .try_next()
        .await
        .map_err(|error| docker_failure("export the images", &error))?
    {
        file.write_all(&part).map_err(|error| failed(&error))?;
    }
    Ok(file)
}

async fn upload(work: &Work, container: &Container, file: File) -> Result<(), Failure> {
    let filled = fill(&work.session, &container.id, VOLUME_PATH, |output| {
        archive_of(file, output)
    });
    filled.await.map_err(|broken| {
        let error = match broken {
            Broken::Docker(error) => error,
            Broken::Here(error) => error.into(),
        };
        docker_failure("copy the images to the node", &error)
    })
}

/// The file, as the one entry of an archive.
fn archive_of(mut file: File, output: PartWriter) -> Result<(), Error> {
    let size = file.stream_position()?;
    file.rewind()?;
    let mut header = Header::new_gnu();
    header.set_entry_type(EntryType::Regular);
    header.set_mode(0o600);
    header.set_size(size);
    let mut archive = Builder::new(BufWriter::with_capacity(1 << 16, output));
    archive.append_data(&mut header, FILE, file)?;
    archive.into_inner()?.flush()
}

#[cfg(test)]
mod tests {
    use super::{digest_of, full_name};

    #[test]
    fn names_are_containerds() {
        for (reference, name) in [
            ("a", "docker.io/library/a:latest"),
            ("openshell/sandbox:1", "docker.io/openshell/sandbox:1"),
            ("r.example:5000/a", "r.example:5000/a:latest"),
            ("localhost/a:2", "localhost/a:2"),
        ] {
            assert_eq!(full_name(reference), name);
        }
    }

    #[test]
    fn a_digest_is_that_of_the_very_name() {
        let listed = "REF TYPE DIGEST SIZE\n\
            docker.io/a/b:1 application/x sha256:11 1.0 KiB linux/amd64 -\n\
            docker.io/a/b:12 application/x sha256:22 1.0 KiB linux/amd64 -\n";
        assert_eq!(digest_of(listed, "docker.io/a/b:12"), Some("sha256:22"));
        assert_eq!(digest_of(listed, "docker.io/a/b"), None);
    }
}
