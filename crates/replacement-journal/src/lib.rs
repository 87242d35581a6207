//! What a replacement is about, written beside the client's files before the first step that cannot be taken back: a run that
//! follows a killed one ends it, whatever flags it has.

use client_files::GatewayFolder;
use contract::{Exit, Failure, Reason};
use gateway_facts::Spec;
use serde::{Deserialize, Serialize};

/// There is a journal, and it says nothing that is known.
pub const JOURNAL_INVALID: Reason = Reason::new(
    "journal_invalid",
    Exit::Configuration,
    "the journal of an interrupted run cannot be read",
);

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
    pub fn read(folder: &GatewayFolder) -> Result<Option<Self>, Failure> {
        let Some(text) = folder.read_private(FILE)? else {
            return Ok(None);
        };
        let path = folder.path().join(FILE);
        serde_json::from_slice(&text).map(Some).map_err(|error| {
            JOURNAL_INVALID.failure(
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
    pub fn write(&self, folder: &GatewayFolder) -> Result<(), Failure> {
        let content = serde_json::to_vec(self).expect("plain data");
        folder.write_private(FILE, &content).map(drop)
    }

    /// The replacement has ended, or was taken back.
    pub fn remove(folder: &GatewayFolder) -> Result<(), Failure> {
        folder.remove_private(FILE).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::Journal;

    /// Written by `gw-container` of version 0.1.0, before it was split.
    const WRITTEN: &[u8] = include_bytes!("../tests/written/journal.json");

    #[test]
    fn one_that_an_earlier_version_wrote_is_read_and_written_as_it_was() {
        let journal: Journal = serde_json::from_slice(WRITTEN).unwrap();
        assert_eq!(
            (journal.spec.port, journal.spec.node_name.as_str()),
            (28432, "node-of-kept")
        );
        assert!(journal.image_reference.starts_with("sha256:27078076"));
        assert!(!journal.image_named && journal.carried.is_empty());
        assert_eq!(serde_json::to_vec(&journal).unwrap(), WRITTEN);
    }
}
