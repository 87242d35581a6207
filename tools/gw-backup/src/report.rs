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
