//! The file of a backup: a tar archive in zstd.
//!
//! | entry | content |
//! | --- | --- |
//! | `manifest.json`, the first | what it is a backup of ([`Manifest`]) |
//! | `client/PATH` | the client's files of the gateway |
//! | `volume/PATH` | the volume, with owners, modes, times and links |
//! | `checksums`, the last | a line for each entry before: SHA-256 of header and content, two spaces, its path |
//!
//! A file that ends early has no `checksums`; one that was altered does not fit them.

use std::io::{Error, ErrorKind, Read, Write};
use std::path::{Component, Path, PathBuf};

use gateway_facts::Spec;
use gw_backup::report::BackupField;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use tar::{Archive, Builder, EntryType, Header};

/// The version of this form.
pub const FORMAT: u32 = 1;
/// What is left out of the volume, below it: containerd's store of images. A start makes it again from the images that the
/// cluster image brings, and from registries.
pub const LEFT_OUT: &str = "agent/containerd";

const MANIFEST: &str = "manifest.json";
const CHECKSUMS: &str = "checksums";
const CLIENT: &str = "client";
const VOLUME: &str = "volume";

/// What a file is a backup of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// [`FORMAT`].
    pub format: u32,
    /// The gateway.
    pub gateway: String,
    /// What its container was made from.
    pub spec: Option<Spec>,
    /// The version of the tool.
    pub tool_version: String,
    /// What of the volume is not in it.
    pub left_out: Vec<String>,
}

/// What was written or read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counted {
    /// The manifest.
    pub manifest: Manifest,
    /// Entries of the volume.
    pub entries: u64,
    /// Bytes of the volume's files.
    pub bytes: u64,
}

impl Counted {
    /// As the document shows it; `file` is where it is.
    pub fn shown(&self, file: &str) -> BackupField {
        BackupField {
            file: file.to_owned(),
            gateway: self.manifest.gateway.clone(),
            entries: self.entries,
            volume_bytes: self.bytes,
            left_out: self.manifest.left_out.clone(),
        }
    }
}

/// Writes a backup: `volume` is an archive of the volume as Docker gives it, whose paths begin with one folder.
pub fn write(
    output: impl Write,
    manifest: &Manifest,
    client: &[(String, Vec<u8>)],
    volume: Option<&mut dyn Read>,
) -> Result<Counted, Error> {
    let mut zstd = zstd::Encoder::new(output, 3)?;
    zstd.include_checksum(true)?;
    let mut writer = Writer {
        archive: Builder::new(zstd),
        checksums: String::new(),
    };
    let mut counted = Counted {
        manifest: manifest.clone(),
        entries: 0,
        bytes: 0,
    };
    writer.file(MANIFEST, &serde_json::to_vec_pretty(manifest)?)?;
    for (path, content) in client {
        writer.file(&format!("{CLIENT}/{path}"), content)?;
    }
    if let Some(volume) = volume {
        for entry in Archive::new(volume).entries()? {
            let mut entry = entry?;
            let Some(path) = below_first(&entry.path()?) else {
                continue;
            };
            if path.starts_with(LEFT_OUT) {
                continue;
            }
            counted.entries += 1;
            counted.bytes += entry.size();
            let path = Path::new(VOLUME).join(path);
            let mut header = without_path(entry.header())?;
            match entry
                .link_name()?
                .filter(|_| header.entry_type().is_hard_link() || header.entry_type().is_symlink())
            {
                Some(target) => {
                    let target = match header.entry_type() {
                        EntryType::Link => Path::new(VOLUME).join(below_first(&target).unwrap_or_default()),
                        _ => target.into_owned(),
                    };
                    writer.link(&mut header, &path, &target)?;
                }
                None => writer.stream(&mut header, &path, &mut entry)?,
            }
        }
    }
    let checksums = std::mem::take(&mut writer.checksums);
    writer.file(CHECKSUMS, checksums.as_bytes())?;
    writer.archive.into_inner()?.finish()?.flush()?;
    Ok(counted)
}

struct Writer<W: Write> {
    archive: Builder<W>,
    checksums: String,
}

impl<W: Write> Writer<W> {
    fn file(&mut self, path: &str, content: &[u8]) -> Result<(), Error> {
        let mut header = Header::new_gnu();
        header.set_entry_type(EntryType::Regular);
        header.set_mode(0o600);
        header.set_uid(0);
        header.set_gid(0);
        header.set_mtime(0);
        header.set_size(content.len() as u64);
        self.stream(&mut header, Path::new(path), &mut &*content)
    }

    fn stream(&mut self, header: &mut Header, path: &Path, content: &mut dyn Read) -> Result<(), Error> {
        let mut hashing = Hashing {
            inner: content,
            hash: facts_of(header),
        };
        self.archive.append_data(header, path, &mut hashing)?;
        let hash = hashing.hash;
        self.sum(hash, path);
        Ok(())
    }

    fn link(&mut self, header: &mut Header, path: &Path, target: &Path) -> Result<(), Error> {
        let mut hash = facts_of(header);
        hash.update(target.as_os_str().as_encoded_bytes());
        self.archive.append_link(header, path, target)?;
        self.sum(hash, path);
        Ok(())
    }

    fn sum(&mut self, hash: Sha256, path: &Path) {
        self.checksums.push_str(&line(hash, path));
    }
}

fn line(hash: Sha256, path: &Path) -> String {
    let hex = hex::encode(hash.finalize());
    format!(
        "{hex}  {}\n",
        path.to_string_lossy().trim_end_matches('/').escape_default()
    )
}

/// What of a header matters: kind, owner, mode, time.
fn facts_of(header: &Header) -> Sha256 {
    let mut hash = Sha256::new();
    hash.update([header.entry_type().as_byte()]);
    for number in [
        header.mode().unwrap_or(0).into(),
        header.uid().unwrap_or(0),
        header.gid().unwrap_or(0),
        header.mtime().unwrap_or(0),
    ] {
        hash.update(number.to_be_bytes());
    }
    hash
}

/// What a header says of an entry, in a header that has no path yet. One that is used again keeps the first part of a path that
/// did not fit its field for names, also when it is given a shorter one.
pub fn without_path(header: &Header) -> Result<Header, Error> {
    let mut fresh = Header::new_gnu();
    fresh.set_entry_type(header.entry_type());
    fresh.set_mode(header.mode()?);
    fresh.set_uid(header.uid()?);
    fresh.set_gid(header.gid()?);
    fresh.set_mtime(header.mtime()?);
    fresh.set_size(header.entry_size()?);
    if matches!(header.entry_type(), EntryType::Char | EntryType::Block) {
        fresh.set_device_major(header.device_major()?.unwrap_or(0))?;
        fresh.set_device_minor(header.device_minor()?.unwrap_or(0))?;
    }
    Ok(fresh)
}

struct Hashing<'a> {
    inner: &'a mut dyn Read,
    hash: Sha256,
}

impl Read for Hashing<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Error> {
        let count = self.inner.read(buffer).map_err(as_invalid)?;
        self.hash.update(&buffer[..count]);
        Ok(count)
    }
}

/// The path below the archive's one folder; `None` for the folder itself.
pub fn below_first(path: &Path) -> Option<PathBuf> {
    let mut parts = path
        .components()
        .filter(|part| matches!(part, Component::Normal(_)));
    parts.next()?;
    let rest: PathBuf = parts.collect();
    (!rest.as_os_str().is_empty()).then_some(rest)
}

/// What [`read`] hands out.
pub enum Found<'a> {
    /// A file of the client's.
    Client(&'a str, Vec<u8>),
    /// An entry of the volume: header, path below the volume, target of a link, content.
    Volume(Box<Header>, &'a Path, Option<PathBuf>, &'a mut dyn Read),
}

/// Reads a whole backup, holds it against its checksums and hands out what is in it. An error of kind `InvalidData` says
/// what is wrong with the file; what was handed out before is then worth nothing.
pub fn read(input: impl Read, mut take: impl FnMut(Found) -> Result<(), Error>) -> Result<Counted, Error> {
    let decoder = zstd::Decoder::new(input).map_err(|error| invalid(&format!("it is no zstd: {error}")))?;
    let mut archive = Archive::new(decoder);
    let mut counted: Option<Counted> = None;
    let mut sums = String::new();
    let mut listed = None;
    for entry in archive.entries().map_err(as_invalid)? {
        let mut entry = entry.map_err(as_invalid)?;
        if listed.is_some() {
            return Err(invalid("something follows its checksums"));
        }
        let path = entry.path().map_err(as_invalid)?.into_owned();
        if !path.components().all(|part| matches!(part, Component::Normal(_))) {
            return Err(invalid(&format!("'{}' leads out of it", path.display())));
        }
        let (header, size) = (without_path(entry.header()).map_err(as_invalid)?, entry.size());
        let link = entry
            .link_name()
            .map_err(as_invalid)?
            .map(std::borrow::Cow::into_owned);
        let link = link.filter(|_| header.entry_type().is_hard_link() || header.entry_type().is_symlink());
        if path == Path::new(CHECKSUMS) {
            let mut text = String::new();
            entry.read_to_string(&mut text).map_err(as_invalid)?;
            listed = Some(text);
            continue;
        }
        let mut hashing = Hashing {
            hash: facts_of(&header),
            inner: &mut entry,
        };
        if let Some(link) = &link {
            hashing.hash.update(link.as_os_str().as_encoded_bytes());
        }
        if counted.is_none() {
            let mut text = Vec::new();
            hashing.read_to_end(&mut text).map_err(as_invalid)?;
            if path != Path::new(MANIFEST) {
                return Err(invalid("it has no manifest"));
            }
            counted = Some(Counted {
                manifest: manifest_of(&text)?,
                entries: 0,
                bytes: 0,
            });
        } else if let Ok(name) = path.strip_prefix(CLIENT) {
            let mut content = Vec::new();
            hashing.read_to_end(&mut content).map_err(as_invalid)?;
            take(Found::Client(&name.to_string_lossy(), content))?;
        } else if let (Ok(name), Some(counted)) = (path.strip_prefix(VOLUME), &mut counted) {
            counted.entries += 1;
            counted.bytes += size;
            let target = link.map(|target| target.strip_prefix(VOLUME).map(Path::to_owned).unwrap_or(target));
            take(Found::Volume(Box::new(header), name, target, &mut hashing))?;
        } else {
            return Err(invalid(&format!("'{}' is nothing of a backup", path.display())));
        }
        // What nobody took is read all the same: it must fit.
        std::io::copy(&mut hashing, &mut std::io::sink()).map_err(as_invalid)?;
        let hash = hashing.hash;
        sums.push_str(&line(hash, &path));
    }
    // Behind the last entry, zstd's own checksum is still to be read.
    std::io::copy(&mut archive.into_inner(), &mut std::io::sink()).map_err(as_invalid)?;
    match (listed, counted) {
        (Some(listed), Some(counted)) if listed == sums => Ok(counted),
        (Some(_), _) => Err(invalid("its content does not fit its checksums")),
        (None, _) => Err(invalid("it ends before its checksums")),
    }
}

fn manifest_of(text: &[u8]) -> Result<Manifest, Error> {
    let manifest: Manifest =
        serde_json::from_slice(text).map_err(|error| invalid(&format!("its manifest is none: {error}")))?;
    if manifest.format != FORMAT {
        return Err(invalid(&format!(
            "its form has version {}, and this tool knows {FORMAT}",
            manifest.format
        )));
    }
    Ok(manifest)
}

fn invalid(why: &str) -> Error {
    Error::new(ErrorKind::InvalidData, why)
}

/// Whatever the readers of zstd and tar find: the file is cut or altered.
fn as_invalid(error: Error) -> Error {
    invalid(&error.to_string())
}

#[cfg(test)]
mod tests;
