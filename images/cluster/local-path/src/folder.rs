//! Folders of volumes.

use std::fs::{self, Permissions};
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::Context;

/// Makes the folder, writable for every user: the kubelet does not hand a host path over to a pod's group.
pub fn make(folder: &Path) -> anyhow::Result<()> {
    let name = || folder.display().to_string();
    fs::create_dir_all(folder).with_context(name)?;
    fs::set_permissions(folder, Permissions::from_mode(0o777)).with_context(name)
}

/// Removes the folder and what it holds; one that is gone already is well, too.
pub fn remove(folder: &Path) -> anyhow::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(error).with_context(|| folder.display().to_string())
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::{make, remove};
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn any_user_may_write_and_both_may_be_done_again() {
        let storage = tempfile::tempdir().unwrap();
        let folder = storage.path().join("storage/pvc-1_ns_data");
        make(&folder).unwrap();
        make(&folder).unwrap();
        assert_eq!(fs::metadata(&folder).unwrap().permissions().mode() & 0o777, 0o777);
        fs::write(folder.join("file"), "content").unwrap();
        remove(&folder).unwrap();
        remove(&folder).unwrap();
        assert!(!folder.exists() && storage.path().join("storage").exists());
    }

    #[test]
    fn a_link_is_not_followed() {
        let storage = tempfile::tempdir().unwrap();
        let (kept, link) = (storage.path().join("kept"), storage.path().join("link"));
        fs::create_dir(&kept).unwrap();
        fs::write(kept.join("file"), "content").unwrap();
        std::os::unix::fs::symlink(&kept, &link).unwrap();
        let _ = remove(&link);
        assert!(kept.join("file").exists());
    }
}
