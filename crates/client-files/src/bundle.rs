//! The mTLS bundle of a client: `mtls/{ca.crt,tls.crt,tls.key}`. The three are swapped together, so that no reader
//! ever finds a certificate beside another one's key.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use contract::Failure;
use rustix::fs::{CWD, RenameFlags};
use rustix::io::Errno;

use crate::file_failure::file_failure;
use crate::private_file;

/// Where the three files of a bundle are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bundle {
    /// The CA that the server's certificate chains to, PEM.
    pub ca: PathBuf,
    /// The client's certificate, PEM.
    pub certificate: PathBuf,
    /// The client's private key, PEM.
    pub key: PathBuf,
}

impl Bundle {
    /// The bundle in a folder.
    pub(crate) fn in_folder(folder: &Path) -> Self {
        Self {
            ca: folder.join("ca.crt"),
            certificate: folder.join("tls.crt"),
            key: folder.join("tls.key"),
        }
    }

    /// Reads the three files. `None` unless all three are there.
    pub fn read(&self) -> Result<Option<BundleContent>, Failure> {
        let ca = private_file::read(&self.ca)?;
        let certificate = private_file::read(&self.certificate)?;
        let key = private_file::read(&self.key)?;
        Ok(match (ca, certificate, key) {
            (Some(ca), Some(certificate), Some(key)) => Some(BundleContent { ca, certificate, key }),
            _ => None,
        })
    }
}

/// What the three files of a bundle hold.
#[derive(Clone, PartialEq, Eq)]
pub struct BundleContent {
    /// The CA that the server's certificate chains to, PEM.
    pub ca: Vec<u8>,
    /// The client's certificate, PEM.
    pub certificate: Vec<u8>,
    /// The client's private key, PEM.
    pub key: Vec<u8>,
}

impl std::fmt::Debug for BundleContent {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("BundleContent")
            .field("key", &contract::fingerprint(&self.key))
            .finish_non_exhaustive()
    }
}

/// Gives `folder` these three files, and no others: it is swapped as a whole. False where it had them.
pub fn write(folder: &Path, content: &BundleContent) -> Result<bool, Failure> {
    let present = Bundle::in_folder(folder);
    if present.read()?.as_ref() == Some(content) {
        // The same material may be too widely readable: writing each file corrects its mode alone.
        return write_files(&present, content);
    }
    let next = beside(folder, "new");
    private_file::remove_folder(&next)?;
    write_files(&Bundle::in_folder(&next), content)?;
    swap(&next, folder)?;
    private_file::sync_folder(folder.parent().unwrap_or(folder))?;
    private_file::remove_folder(&next)?;
    Ok(true)
}

/// A hidden name, so that no folder of somebody else is meant.
fn beside(folder: &Path, what: &str) -> PathBuf {
    let name = folder.file_name().unwrap_or_default().display();
    folder.with_file_name(format!(".{name}.{what}"))
}

fn write_files(place: &Bundle, content: &BundleContent) -> Result<bool, Failure> {
    let key = private_file::write(&place.key, &content.key)?;
    let certificate = private_file::write(&place.certificate, &content.certificate)?;
    let ca = private_file::write(&place.ca, &content.ca)?;
    Ok(key || certificate || ca)
}

/// Puts `next` in the place of `folder`; what was there is then at `next`.
fn swap(next: &Path, folder: &Path) -> Result<(), Failure> {
    let failed = |error: std::io::Error| file_failure("replace", folder, &error);
    if fs::symlink_metadata(folder).is_err_and(|error| error.kind() == ErrorKind::NotFound) {
        return fs::rename(next, folder).map_err(failed);
    }
    match rustix::fs::renameat_with(CWD, next, CWD, folder, RenameFlags::EXCHANGE) {
        // File systems that cannot exchange (NFS and others): for a moment there is no bundle, never a mixed one.
        Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {
            let old = beside(folder, "old");
            private_file::remove_folder(&old)?;
            fs::rename(folder, &old).map_err(failed)?;
            fs::rename(next, folder).map_err(failed)?;
            private_file::remove_folder(&old).map(|_| ())
        }
        ended => ended.map_err(|errno| failed(errno.into())),
    }
}
