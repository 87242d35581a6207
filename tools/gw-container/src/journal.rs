//! What a replacement is about, written beside the client's files before the first step that cannot be taken back: a run that
//! follows a killed one ends it, whatever flags it has.

use client_files::GatewayFolder;
use contract::{Exit, Failure};
use gateway_facts::Spec;
use serde::{Deserialize, Serialize};

use crate::work::Work;

const FILE: &str = "journal.json";

/// The file's content. It may hold credentials, like the container's environment that it is taken from: 0600.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Journal {
    /// What the container is to be made from.
    pub spec: Spec,
    /// What Docker is told to make it from.
    pub image_reference: String,
    /// The image was named, not taken over.
    pub image_named: bool,
    /// Environment that the successor takes over.
    pub carried: Vec<String>,
}

impl Journal {
    /// What a killed run left. `journal_invalid` (78) where it is not understood: nothing is guessed.
    pub fn read(work: &Work) -> Result<Option<Self>, Failure> {
        let Some(text) = work.folder.read_private(FILE)? else {
            return Ok(None);
        };
        let path = work.folder.path().join(FILE);
        serde_json::from_slice(&text).map(Some).map_err(|error| {
            Failure::new(
                Exit::Configuration,
                "journal_invalid",
                format!("{} is no journal of a replacement: {error}", path.display()),
                format!("give all settings by flags, and remove it: rm {}", path.display()),
            )
        })
    }

    /// Where one is that a killed run left.
    pub fn left(folder: &GatewayFolder) -> Option<String> {
        let path = folder.path().join(FILE);
        path.exists().then(|| path.display().to_string())
    }

    /// Writes it.
    pub fn write(&self, work: &Work) -> Result<(), Failure> {
        let content = serde_json::to_vec(self).expect("plain data");
        work.folder.write_private(FILE, &content).map(drop)
    }

    /// The replacement has ended, or was taken back.
    pub fn remove(work: &Work) -> Result<(), Failure> {
        work.folder.remove_private(FILE).map(drop)
    }
}
