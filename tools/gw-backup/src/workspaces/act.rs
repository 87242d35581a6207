//! Writes the folder of a claim: as a tar archive, or into a folder.

use std::fs;
use std::io::{BufReader, Error, PipeReader, Read, Write};
use std::path::{Path, PathBuf};

use tar::{Archive, Builder, Header};

use crate::file::{below_first, without_path};

/// The archive of one folder, with paths from that folder on.
pub fn reroot(volume: impl Read, output: &mut dyn Write) -> Result<(), Error> {
    let mut archive = Builder::new(output);
    for entry in Archive::new(volume).entries()? {
        let mut entry = entry?;
        let below = below_first(&entry.path()?).unwrap_or_default();
        let mut header = without_path(entry.header())?;
        let link = entry.link_name()?.map(std::borrow::Cow::into_owned);
        let link = link.filter(|_| header.entry_type().is_hard_link() || header.entry_type().is_symlink());
        let link = link.map(|link| match header.entry_type().is_hard_link() {
            true => below_first(&link).unwrap_or_default(),
            false => link,
        });
        append(&mut archive, &mut header, &below, link, &mut entry)?;
    }
    archive.into_inner()?.flush()
}

/// Nothing is written of the folder itself, which is there.
pub fn append(
    archive: &mut Builder<&mut dyn Write>,
    header: &mut Header,
    path: &Path,
    link: Option<PathBuf>,
    content: &mut dyn Read,
) -> Result<(), Error> {
    if path.as_os_str().is_empty() {
        return Ok(());
    }
    match link {
        Some(link) => archive.append_link(header, path, link),
        None => archive.append_data(header, path, content),
    }
}

/// Takes the archive that `write` writes: to standard output, or into a new folder, which is there once it is whole.
pub fn into(to: &str, write: impl FnOnce(&mut dyn Write) -> Result<(), Error> + Send) -> Result<(), Error> {
    if to == "-" {
        return write(&mut std::io::stdout().lock());
    }
    let path = std::path::absolute(to)?;
    let beside = path.parent().unwrap_or(Path::new("/"));
    let new = tempfile::Builder::new()
        .prefix(".workspace-")
        .tempdir_in(beside)?;
    let (reader, mut writer) = std::io::pipe()?;
    let (written, unpacked) = std::thread::scope(|scope| {
        let unpack = scope.spawn(|| unpack(reader, new.path()));
        let written = write(&mut writer);
        drop(writer);
        let unpacked = unpack
            .join()
            .unwrap_or_else(|_| Err(Error::other("it could not be unpacked")));
        (written, unpacked)
    });
    // The writer's pipe breaks if unpacking fails: that says why.
    unpacked?;
    written?;
    fs::rename(new.keep(), path)
}

/// Paths and links that lead out of the folder are left out by tar itself.
fn unpack(input: PipeReader, folder: &Path) -> Result<(), Error> {
    let mut archive = Archive::new(BufReader::new(input));
    archive.set_overwrite(false);
    archive.unpack(folder)
}

#[cfg(test)]
mod tests;
