//! Which folders are those of claims, and which of them is meant. Pure.

use std::path::Path;

use contract::Failure;
use gw_backup::report::WorkspaceField;

use crate::reasons::{NO_WORKSPACE, WORKSPACE_AMBIGUOUS};

/// What a sandbox's name follows in that of its claim.
const OF_SANDBOX: &str = "workspace-";

/// The claim that a folder is for; `None` for a folder with another name.
pub fn workspace(folder: &str) -> Option<WorkspaceField> {
    let mut parts = folder.split('_');
    let (Some(volume), Some(namespace), Some(claim), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return None;
    };
    let is_whole = volume.starts_with("pvc-") && !namespace.is_empty() && !claim.is_empty();
    is_whole.then(|| WorkspaceField {
        folder: folder.to_owned(),
        namespace: namespace.to_owned(),
        claim: claim.to_owned(),
        sandbox: claim.strip_prefix(OF_SANDBOX).map(str::to_owned),
        entries: 0,
        bytes: 0,
    })
}

/// Counts an entry whose path begins with the folder of a claim.
pub fn count(found: &mut Vec<WorkspaceField>, path: &Path, bytes: u64) {
    let mut parts = path.components();
    let folder = parts
        .next()
        .map(|part| part.as_os_str().to_string_lossy().into_owned());
    let Some(new) = folder.as_deref().and_then(workspace) else {
        return;
    };
    let known = found.iter().position(|known| known.folder == new.folder);
    let at = known.unwrap_or_else(|| {
        found.push(new);
        found.len() - 1
    });
    found[at].entries += u64::from(parts.next().is_some());
    found[at].bytes += bytes;
}

/// The one that is meant: by its claim, its sandbox, or `NAMESPACE/CLAIM`.
pub fn named<'a>(all: &'a [WorkspaceField], name: &str) -> Result<&'a WorkspaceField, Failure> {
    let is_meant = |it: &&WorkspaceField| {
        it.claim == name
            || it.sandbox.as_deref() == Some(name)
            || format!("{}/{}", it.namespace, it.claim) == name
    };
    let found: Vec<&WorkspaceField> = all.iter().filter(is_meant).collect();
    match found[..] {
        [one] => Ok(one),
        [] => Err(NO_WORKSPACE.failure(
            format!("there is no workspace {name}"),
            "see which there are: the same command without a name and --to",
        )),
        _ => {
            let folders: Vec<&str> = found.iter().map(|it| it.folder.as_str()).collect();
            Err(WORKSPACE_AMBIGUOUS.failure(
                format!("several workspaces are meant by {name}: {}", folders.join(", ")),
                "name it by NAMESPACE/CLAIM; if that is the same for all, extract the whole backup: tar -I zstd -xf FILE volume/storage",
            ))
        }
    }
}

#[cfg(test)]
mod tests;
