//! The client's files of a gateway: the active gateway, metadata, mTLS bundle, kubeconfig, persisted spec, lock.
//!
//! Names and formats below `$XDG_CONFIG_HOME/openshell` are those that OpenShell's own clients read. Files are 0600,
//! folders 0700. A file is only ever seen complete: it is written beside its place and renamed there.

mod active_gateway;
mod bundle;
mod file_failure;
mod gateway_folder;
mod lock;
mod metadata;
mod private_file;
mod shared_lock;

use std::path::{Path, PathBuf};

use contract::{Exit, Failure, Reason};
use gateway_names::GatewayName;

use crate::file_failure::file_failure;
pub use bundle::{Bundle, BundleContent, write as write_bundle};
pub use gateway_folder::GatewayFolder;
pub use lock::{Lock, lock_holder};
pub use metadata::Metadata;
pub use private_file::write as write_private_file;
pub use shared_lock::{Named, SharedLock};

/// Neither XDG_CONFIG_HOME nor HOME says where the client's files are.
pub const NO_HOME: Reason = Reason::new(
    "no_home",
    Exit::Configuration,
    "neither XDG_CONFIG_HOME nor HOME says where the client's files are",
);
/// A file of the client could not be read or written.
pub const CLIENT_FILES_FAILED: Reason = Reason::new(
    "client_files_failed",
    Exit::Failed,
    "a file of the client could not be read or written",
);
/// A file of the client belongs to somebody else.
pub const CLIENT_FILES_PERMISSION: Reason = Reason::new(
    "client_files_permission",
    Exit::Permission,
    "a file of the client belongs to somebody else",
);
/// The gateway's metadata.json is no metadata of a gateway.
pub const METADATA_INVALID: Reason = Reason::new(
    "metadata_invalid",
    Exit::Configuration,
    "the gateway's metadata.json is no metadata of a gateway",
);
/// Another run holds the gateway's lock.
pub const LOCKED: Reason = Reason::new("locked", Exit::Retry, "another run holds the gateway's lock");
/// The descriptor of --lock-fd does not hold the gateway's lock.
pub const LOCK_FD_INVALID: Reason = Reason::new(
    "lock_fd_invalid",
    Exit::Usage,
    "the descriptor of --lock-fd does not hold the gateway's lock",
);

/// Reasons that this crate's failures carry, for a tool's help.
pub const REASONS: &[Reason] = &[
    NO_HOME,
    CLIENT_FILES_FAILED,
    CLIENT_FILES_PERMISSION,
    METADATA_INVALID,
    LOCKED,
    LOCK_FD_INVALID,
];

/// The client's folder: `$XDG_CONFIG_HOME/openshell`, else `$HOME/.config/openshell`.
#[derive(Clone, Debug)]
pub struct ClientFiles {
    folder: PathBuf,
}

impl ClientFiles {
    /// The folder of the user who runs the tool. `no_home` (78) where the environment names none.
    pub fn of_user() -> Result<Self, Failure> {
        Self::from_settings(std::env::var_os("XDG_CONFIG_HOME"), std::env::var_os("HOME"))
    }

    /// A relative XDG_CONFIG_HOME is ignored, as the XDG Base Directory Specification demands.
    fn from_settings(
        config_home: Option<std::ffi::OsString>,
        home: Option<std::ffi::OsString>,
    ) -> Result<Self, Failure> {
        let absolute =
            |value: Option<std::ffi::OsString>| value.map(PathBuf::from).filter(|p| p.is_absolute());
        absolute(config_home)
            .or_else(|| absolute(home).map(|home| home.join(".config")))
            .map(|base| Self {
                folder: base.join("openshell"),
            })
            .ok_or_else(|| {
                NO_HOME.failure("neither XDG_CONFIG_HOME nor HOME is an absolute path, so the client's files have no place",
                    "export HOME",
                )
            })
    }

    /// The client's files below this folder, in place of the user's own.
    pub fn in_folder(folder: impl Into<PathBuf>) -> Self {
        Self {
            folder: folder.into(),
        }
    }

    /// The folder itself.
    pub fn path(&self) -> &Path {
        &self.folder
    }

    /// The gateway that is meant: `flag`, else OPENSHELL_GATEWAY, else the active gateway, else `openshell`.
    ///
    /// `invalid_gateway_name` for a name that no gateway can have: exit code 2 from the flag, 78 from elsewhere.
    pub fn resolve(&self, flag: Option<&str>) -> Result<GatewayName, Failure> {
        active_gateway::resolve(self, flag, std::env::var("OPENSHELL_GATEWAY").ok().as_deref())
    }

    /// The active gateway, where one is set.
    pub fn active(&self) -> Result<Option<GatewayName>, Failure> {
        active_gateway::read(self)
    }

    /// Makes a gateway the active one. True where it was not.
    pub fn set_active(&self, gateway: &GatewayName) -> Result<bool, Failure> {
        active_gateway::set(self, gateway)
    }

    /// Leaves no gateway active, where `gateway` is the active one. True where it was.
    pub fn clear_active(&self, gateway: &GatewayName) -> Result<bool, Failure> {
        active_gateway::clear(self, gateway)
    }

    /// The gateways that have a folder, by name.
    ///
    /// # Errors
    /// `client_files_failed` if the folders cannot be listed.
    pub fn gateways(&self) -> Result<Vec<GatewayName>, Failure> {
        let folder = self.folder.join("gateways");
        let failed = |error: std::io::Error| file_failure("list", &folder, &error);
        let entries = match folder.read_dir() {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(failed(error)),
        };
        let mut found = Vec::new();
        for entry in entries {
            let name = entry.map_err(failed)?.file_name();
            // Another program's folder may have any name.
            found.extend(name.to_str().and_then(|name| name.parse().ok()));
        }
        found.sort();
        Ok(found)
    }

    /// The folder of one gateway. It need not exist.
    pub fn gateway(&self, gateway: &GatewayName) -> GatewayFolder {
        GatewayFolder::new(
            self.folder.join("gateways").join(gateway.as_str()),
            gateway.clone(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::ClientFiles;

    #[test]
    fn config_home_comes_before_home_and_relative_paths_are_ignored() {
        let folder = |config: Option<&str>, home: Option<&str>| {
            ClientFiles::from_settings(config.map(Into::into), home.map(Into::into))
                .map(|files| files.path().display().to_string())
                .map_err(|failure| (failure.reason, failure.exit.code()))
        };
        assert_eq!(folder(Some("/c"), Some("/h")), Ok("/c/openshell".into()));
        assert_eq!(folder(Some("c"), Some("/h")), Ok("/h/.config/openshell".into()));
        assert_eq!(folder(Some(""), Some("/h")), Ok("/h/.config/openshell".into()));
        assert_eq!(folder(None, None), Err(("no_home", 78)));
    }
}
