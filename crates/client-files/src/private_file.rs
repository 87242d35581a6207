//! Files of one user alone: 0600 in folders 0700, never seen half written.

use std::fs::{self, DirBuilder, File, Permissions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::Path;

use contract::Failure;

use crate::file_failure::file_failure;

/// The mode of private files.
const FILE_MODE: u32 = 0o600;
/// The mode of private folders.
const FOLDER_MODE: u32 = 0o700;

/// Makes a folder with all above it; new ones are 0700.
pub fn make_folder(folder: &Path) -> Result<(), Failure> {
    DirBuilder::new()
        .recursive(true)
        .mode(FOLDER_MODE)
        .create(folder)
        .map_err(|error| file_failure("create folder", folder, &error))
}

/// The content, or `None` where there is no such file.
pub fn read(path: &Path) -> Result<Option<Vec<u8>>, Failure> {
    match fs::read(path) {
        Ok(content) => Ok(Some(content)),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
        Err(error) => Err(file_failure("read", path, &error)),
    }
}

/// Gives `path` this content and mode 0600, by a rename. False where it had both already.
pub fn write(path: &Path, content: &[u8]) -> Result<bool, Failure> {
    if has(path, content)? {
        return Ok(false);
    }
    let folder = path.parent().unwrap_or(Path::new("/"));
    make_folder(folder)?;
    let failed = |error: std::io::Error| file_failure("write", path, &error);
    let mut new = tempfile::Builder::new()
        .prefix(".new-")
        .permissions(Permissions::from_mode(FILE_MODE))
        .tempfile_in(folder)
        .map_err(failed)?;
    new.write_all(content).map_err(failed)?;
    new.as_file().sync_all().map_err(failed)?;
    new.persist(path).map_err(|error| failed(error.error))?;
    sync_folder(folder)?;
    Ok(true)
}

/// Removes a file. False where there was none.
pub fn remove(path: &Path) -> Result<bool, Failure> {
    match fs::remove_file(path) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(file_failure("remove", path, &error)),
    }
}

/// Removes a folder with all in it. False where there was none.
pub fn remove_folder(folder: &Path) -> Result<bool, Failure> {
    match fs::remove_dir_all(folder) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(file_failure("remove", folder, &error)),
    }
}

/// Makes a rename in the folder last.
pub fn sync_folder(folder: &Path) -> Result<(), Failure> {
    File::open(folder)
        .and_then(|opened| opened.sync_all())
        .map_err(|error| file_failure("write", folder, &error))
}

fn has(path: &Path, content: &[u8]) -> Result<bool, Failure> {
    let Some(present) = read(path)? else {
        return Ok(false);
    };
    let mode = fs::metadata(path)
        .map_err(|error| file_failure("read", path, &error))?
        .mode();
    Ok(present == content && mode & 0o777 == FILE_MODE)
}
