//! The folder of one gateway: `gateways/NAME`.

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Component, Path, PathBuf};

use contract::Failure;
use gateway_names::GatewayName;

use crate::file_failure::file_failure;
use crate::{Bundle, BundleContent, METADATA_INVALID, Metadata, bundle, private_file};

/// The client's folder of one gateway. It need not exist: what writes makes it.
#[derive(Clone, Debug)]
pub struct GatewayFolder {
    folder: PathBuf,
    gateway: GatewayName,
}

impl GatewayFolder {
    pub(crate) fn new(folder: PathBuf, gateway: GatewayName) -> Self {
        Self { folder, gateway }
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.folder
    }

    /// The gateway that it belongs to.
    pub fn gateway(&self) -> &GatewayName {
        &self.gateway
    }

    /// Where the client's mTLS bundle is.
    pub fn bundle(&self) -> Bundle {
        Bundle::in_folder(&self.folder.join("mtls"))
    }

    /// Where the kubeconfig for the host is.
    pub fn kubeconfig(&self) -> PathBuf {
        self.folder.join("kubeconfig")
    }

    /// Where the copy of the container's specification is, for the time when there is a volume and no container.
    pub fn spec_copy(&self) -> PathBuf {
        self.folder.join("spec.json")
    }

    /// Where the metadata that other clients read is.
    pub fn metadata_file(&self) -> PathBuf {
        self.folder.join("metadata.json")
    }

    /// Where the lock is.
    pub fn lock_file(&self) -> PathBuf {
        self.folder.join("lock")
    }

    /// The permission bits of one of the gateway's files; `None` where it does not exist.
    pub fn mode_of(&self, path: &Path) -> Option<u32> {
        fs::metadata(path).ok().map(|found| found.mode() & 0o7777)
    }

    /// Gives a file below the folder this content and mode 0600, at once or not at all.
    /// False where it had both already: then nothing is written.
    ///
    /// # Panics
    /// Where `relative` leaves the folder.
    pub fn write_private(&self, relative: impl AsRef<Path>, content: &[u8]) -> Result<bool, Failure> {
        let relative = relative.as_ref();
        assert!(
            relative
                .components()
                .all(|part| matches!(part, Component::Normal(_))),
            "{} is not below the gateway's folder",
            relative.display()
        );
        private_file::write(&self.folder.join(relative), content)
    }

    /// The content of a file below the folder, or `None` where there is none.
    pub fn read_private(&self, relative: impl AsRef<Path>) -> Result<Option<Vec<u8>>, Failure> {
        private_file::read(&self.folder.join(relative))
    }

    /// Removes a file below the folder. False where there was none.
    pub fn remove_private(&self, relative: impl AsRef<Path>) -> Result<bool, Failure> {
        private_file::remove(&self.folder.join(relative))
    }

    /// Gives the client this bundle (PEM). The three files are swapped together. False where it had it already.
    pub fn write_bundle(&self, ca: &[u8], certificate: &[u8], key: &[u8]) -> Result<bool, Failure> {
        let content = BundleContent {
            ca: ca.to_vec(),
            certificate: certificate.to_vec(),
            key: key.to_vec(),
        };
        bundle::write(&self.folder.join("mtls"), &content)
    }

    /// The client's bundle; `None` unless all three files are there.
    pub fn read_bundle(&self) -> Result<Option<BundleContent>, Failure> {
        self.bundle().read()
    }

    /// The metadata; `None` where there is none. `metadata_invalid` (78) where the file says something else.
    pub fn read_metadata(&self) -> Result<Option<Metadata>, Failure> {
        let path = self.metadata_file();
        let Some(content) = private_file::read(&path)? else {
            return Ok(None);
        };
        serde_json::from_slice(&content).map(Some).map_err(|error| {
            METADATA_INVALID.failure(
                format!("{} is no metadata of a gateway: {error}", path.display()),
                format!("correct it, or remove it: rm {}", path.display()),
            )
        })
    }

    /// Writes the metadata. False where the file says the same already, however it is laid out.
    pub fn write_metadata(&self, metadata: &Metadata) -> Result<bool, Failure> {
        let present = private_file::read(&self.metadata_file())?;
        let same = present
            .as_deref()
            .and_then(|content| serde_json::from_slice::<Metadata>(content).ok())
            .is_some_and(|present| present == *metadata);
        if same && self.mode_of(&self.metadata_file()) == Some(0o600) {
            return Ok(false);
        }
        let mut content = serde_json::to_vec_pretty(metadata).expect("metadata is plain data");
        content.push(b'\n');
        self.write_private("metadata.json", &content)
    }

    /// Makes the folder, 0700; a wider one is narrowed.
    pub fn make(&self) -> Result<(), Failure> {
        use std::os::unix::fs::PermissionsExt;
        private_file::make_folder(&self.folder)?;
        if self.mode_of(&self.folder).is_some_and(|mode| mode & 0o077 != 0) {
            fs::set_permissions(&self.folder, fs::Permissions::from_mode(0o700))
                .map_err(|error| file_failure("narrow", &self.folder, &error))?;
        }
        Ok(())
    }

    /// Removes what belongs to a cluster that is gone: kubeconfig, metadata and the client's bundle. Settings stay. False
    /// where there was none of it.
    pub fn forget_cluster(&self) -> Result<bool, Failure> {
        let bundle = private_file::remove_folder(&self.folder.join("mtls"))?;
        let kubeconfig = self.remove_private("kubeconfig")?;
        Ok(self.remove_private("metadata.json")? || kubeconfig || bundle)
    }

    /// Removes the folder with all in it, the lock included: under its name there are all files or none, whenever the run ends.
    /// False where there was none.
    pub fn remove(&self) -> Result<bool, Failure> {
        self.finish_removal()?;
        match fs::rename(&self.folder, self.removed()) {
            Ok(()) => self.finish_removal().map(|()| true),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(file_failure("remove", &self.folder, &error)),
        }
    }

    /// Removes what a removal of the folder left behind that was cut short.
    pub fn finish_removal(&self) -> Result<(), Failure> {
        private_file::remove_folder(&self.removed()).map(drop)
    }

    /// Where the folder is while it is being removed: no gateway can have that name.
    fn removed(&self) -> PathBuf {
        self.folder.with_file_name(format!(".{}.removed", self.gateway))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ClientFiles;
    use std::os::unix::fs::PermissionsExt;
    use std::sync::atomic::{AtomicBool, Ordering};

    fn gateway_folder() -> (tempfile::TempDir, GatewayFolder) {
        let home = tempfile::tempdir().unwrap();
        let folder = ClientFiles::in_folder(home.path().join("openshell")).gateway(&"g".parse().unwrap());
        (home, folder)
    }

    #[test]
    fn writes_private_files_and_nothing_when_unchanged() {
        let (_home, folder) = gateway_folder();
        assert!(folder.write_private("a/b", b"one").unwrap());
        let path = folder.path().join("a/b");
        let inode = || fs::metadata(&path).unwrap().ino();
        let first = inode();
        assert_eq!(folder.mode_of(&path), Some(0o600));
        assert_eq!(folder.mode_of(folder.path()), Some(0o700));
        assert_eq!(folder.mode_of(&folder.path().join("a")), Some(0o700));
        assert!(!folder.write_private("a/b", b"one").unwrap());
        assert_eq!(inode(), first);
        assert!(folder.write_private("a/b", b"two").unwrap());
        assert_ne!(inode(), first);
        assert_eq!(folder.read_private("a/b").unwrap().unwrap(), b"two");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(
            folder.write_private("a/b", b"two").unwrap(),
            "too wide a mode is a change"
        );
        assert_eq!(folder.mode_of(&path), Some(0o600));
    }

    #[test]
    #[should_panic(expected = "not below")]
    fn never_leaves_the_folder() {
        let (_home, folder) = gateway_folder();
        let _ = folder.write_private("../x", b"");
    }

    #[test]
    fn a_reader_never_finds_a_mixed_bundle() {
        let (_home, folder) = gateway_folder();
        assert_eq!(folder.read_bundle().unwrap(), None);
        folder.write_bundle(b"0", b"0", b"0").unwrap();
        let done = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                for turn in 1..200 {
                    let text = turn.to_string();
                    folder
                        .write_bundle(text.as_bytes(), text.as_bytes(), text.as_bytes())
                        .unwrap();
                }
                done.store(true, Ordering::SeqCst);
            });
            while !done.load(Ordering::SeqCst) {
                // One descriptor of the folder is one generation of it, however often the name is swapped.
                let opened = fs::File::open(folder.path().join("mtls")).unwrap();
                let read = |name: &str| {
                    use std::os::fd::AsRawFd;
                    fs::read(format!("/proc/self/fd/{}/{name}", opened.as_raw_fd()))
                };
                if let (Ok(ca), Ok(certificate), Ok(key)) = (read("ca.crt"), read("tls.crt"), read("tls.key"))
                {
                    assert!(ca == certificate && certificate == key);
                }
            }
        });
        assert!(!folder.write_bundle(b"199", b"199", b"199").unwrap());
        assert_eq!(folder.read_bundle().unwrap().unwrap().key, b"199");
        assert_eq!(folder.mode_of(&folder.bundle().key), Some(0o600));
        assert!(!folder.path().join(".mtls.new").exists());
    }

    #[test]
    fn metadata_keeps_what_others_wrote() {
        let (_home, folder) = gateway_folder();
        let text = r#"{"name":"g","gateway_endpoint":"https://127.0.0.1:8080","is_remote":false,
            "gateway_port":8080,"auth_mode":"mtls","of_another":[1]}"#;
        folder.write_private("metadata.json", text.as_bytes()).unwrap();
        let mut metadata = folder.read_metadata().unwrap().unwrap();
        assert_eq!(metadata.auth_mode.as_deref(), Some("mtls"));
        assert!(
            !folder.write_metadata(&metadata).unwrap(),
            "the same in another layout"
        );
        metadata.gateway_port = 9090;
        assert!(folder.write_metadata(&metadata).unwrap());
        let again = folder.read_metadata().unwrap().unwrap();
        assert_eq!(again.others["of_another"], serde_json::json!([1]));
        folder.write_private("metadata.json", b"{").unwrap();
        let failure = folder.read_metadata().unwrap_err();
        assert_eq!((failure.reason, failure.exit.code()), ("metadata_invalid", 78));
    }

    #[test]
    fn a_removed_folder_leaves_nothing_behind_and_neither_does_a_removal_that_was_cut_short() {
        let (_home, folder) = gateway_folder();
        let beside = folder.path().with_file_name(".g.removed");
        fs::create_dir_all(beside.join("a")).unwrap();
        folder.write_private("a/b", b"one").unwrap();
        assert!(folder.remove().unwrap());
        assert!(!folder.path().exists() && !beside.exists());
        fs::create_dir_all(&beside).unwrap();
        assert!(!folder.remove().unwrap());
        assert!(!beside.exists());
    }

    #[test]
    fn while_a_folder_is_removed_it_has_all_files_or_none() {
        let (_home, folder) = gateway_folder();
        for number in 0..500 {
            folder.write_private(number.to_string(), b"").unwrap();
        }
        let done = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let seen = scope.spawn(|| {
                let mut seen = Vec::new();
                while !done.load(Ordering::SeqCst) {
                    let is_there = |name: &str| folder.path().join(name).exists();
                    seen.push([is_there("0"), is_there("499"), is_there("0")]);
                }
                seen
            });
            folder.remove().unwrap();
            done.store(true, Ordering::SeqCst);
            // What was gone once is not there later.
            let torn = |seen: &[bool; 3]| !seen.is_sorted_by(|earlier, later| earlier >= later);
            assert!(!seen.join().unwrap().iter().any(torn));
        });
    }

    #[test]
    fn a_file_in_place_of_a_folder_is_an_error_in_words() {
        let (home, folder) = gateway_folder();
        fs::write(home.path().join("openshell"), "").unwrap();
        let failure = folder.write_private("x", b"").unwrap_err();
        assert_eq!(failure.reason, "client_files_failed");
        assert!(failure.message.contains("openshell"), "{}", failure.message);
    }
}
