//! The verb `copy`: a file onto the node, at once or not at all.

use std::os::unix::fs::PermissionsExt;

use container_files::{file_with_mode, put};
use contract::{Action, Answer, Context, Failure};
use gateway_work::{Access, Work};
use gw_node::report::Report;

use crate::describe::show;
use crate::exec;
use crate::flags::CopyFlags;
use crate::reasons::SOURCE_UNREADABLE;

/// Writes the file beside its place and renames it there; one that is the same already is left alone.
pub async fn run(flags: &CopyFlags, context: Context<Report>) -> Result<Answer, Failure> {
    let (folder, name) = place(&flags.destination)?;
    let (content, mode) = read(&flags.source)?;
    let mode = flags.mode.unwrap_or(mode);
    let (work, facts) = Work::begin(&context, "copy", Access::Changing).await?;
    let container = exec::running(&work, &facts)?;
    show(&context.report, &work, container);
    let present = file_with_mode(&work.session, &container.id, &flags.destination).await?;
    if present.is_some_and(|present| present == (mode, content.clone())) {
        return Ok(Answer::Done);
    }
    let action = Action::new(
        "write",
        format!("file {} of the node", flags.destination),
        "it differs",
    );
    work.announce(&action);
    if !work.dry_run {
        exec::succeed(&work, container, &["mkdir", "-p", folder]).await?;
        let new = format!(".{name}.{:08x}", rand::random::<u32>());
        put(&work.session, &container.id, folder, &new, mode, &content).await?;
        let new = format!("{}/{new}", folder.trim_end_matches('/'));
        let moved = exec::succeed(&work, container, &["mv", "-f", &new, &flags.destination]).await;
        if moved.is_err() {
            let _ = exec::run(&work, container, &["rm", "-f", &new]).await;
        }
        moved?;
    }
    work.did(action);
    Ok(Answer::Done)
}

/// Folder and name. Docker cannot write to the node's `/run`, `/tmp` and the like, which are mounted after it: only `/run` is.
fn place(destination: &str) -> Result<(&str, &str), Failure> {
    let wrong = |why: &str| {
        Failure::usage(
            format!("'{}': {why}", destination.escape_debug()),
            "name a file by its whole path",
        )
    };
    if !destination.starts_with('/') || destination.split('/').any(|part| part == "..") {
        return Err(wrong("a path from the root on is expected"));
    }
    let (folder, name) = destination.rsplit_once('/').unwrap_or(("", destination));
    if name.is_empty() || name == "." {
        return Err(wrong("it names a folder"));
    }
    if destination.starts_with("/run/") {
        return Err(wrong("what is below /run is lost at each start"));
    }
    Ok((if folder.is_empty() { "/" } else { folder }, name))
}

fn read(path: &str) -> Result<(Vec<u8>, u32), Failure> {
    let read = || {
        let content = std::fs::read(path)?;
        let mode = std::fs::metadata(path)?.permissions().mode() & 0o777;
        Ok((content, mode))
    };
    read().map_err(|error: std::io::Error| {
        SOURCE_UNREADABLE.failure(
            format!("cannot read {path}: {error}"),
            format!("look at it: ls -l {path}"),
        )
    })
}

#[cfg(test)]
mod tests {
    use super::place;

    #[test]
    fn only_a_whole_path_of_a_file_is_a_place() {
        assert_eq!(
            place("/opt/openshell/bin/x").unwrap(),
            ("/opt/openshell/bin", "x")
        );
        assert_eq!(place("/x").unwrap(), ("/", "x"));
        for wrong in ["x", "/", "/a/", "/a/../b", "/run/x", ""] {
            assert_eq!(place(wrong).unwrap_err().exit.code(), 2, "{wrong}");
        }
    }
}
