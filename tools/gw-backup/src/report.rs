//! The document's own fields.

use gateway_work::{WorkFields, WorkReport};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What was written or read, and what was done.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Report {
    /// The gateway, and what was done.
    #[serde(flatten)]
    pub work: WorkFields,
    /// The file of a backup that was written or read; else null.
    pub backup: Option<BackupField>,
    /// Folders of persistent volume claims, with the verb workspaces.
    pub workspaces: Vec<WorkspaceField>,
}

impl WorkReport for Report {
    fn work(&mut self) -> &mut WorkFields {
        &mut self.work
    }
}

/// The file of a backup.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Backup", deny_unknown_fields)]
pub struct BackupField {
    /// The file, - for standard input or output.
    pub file: String,
    /// The gateway that it is a backup of.
    pub gateway: String,
    /// Files, folders and links of the volume.
    pub entries: u64,
    /// Bytes of the volume's files.
    pub volume_bytes: u64,
    /// What of the volume is not in it.
    pub left_out: Vec<String>,
}

/// The folder of a persistent volume claim.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Workspace", deny_unknown_fields)]
pub struct WorkspaceField {
    /// Its name, below the volume's folder storage.
    pub folder: String,
    /// The claim's namespace.
    pub namespace: String,
    /// The claim.
    pub claim: String,
    /// The sandbox whose workspace it is, as the claim's name tells; else null.
    pub sandbox: Option<String>,
    /// Files, folders and links in it.
    pub entries: u64,
    /// Bytes of its files.
    pub bytes: u64,
}
