//! What was deployed from a checkout to a container, by part. Another container may run anything.

use std::collections::BTreeMap;

use client_files::GatewayFolder;
use contract::Failure;
use gw_node::report::Part;
use serde::{Deserialize, Serialize};

/// Later versions write the first; the others wrote the parts into the second, beside the release.
const FILES: [&str; 2] = ["parts.json", "deployment.json"];

/// `parts.json`.
#[derive(Debug, Default, PartialEq, Eq, Serialize)]
pub struct Kept {
    container: String,
    /// Where the release's chart was from at that time; `None` for what earlier versions wrote.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub release: Option<String>,
    /// What each part was made from.
    #[serde(rename = "parts")]
    pub deployed: BTreeMap<Part, String>,
}

#[derive(Deserialize)]
struct Written {
    #[serde(default)]
    container: String,
    release: Option<String>,
    #[serde(default)]
    parts: BTreeMap<String, String>,
}

impl Kept {
    /// What is known of this container; nothing if what was written cannot be read: it is then deployed once more.
    pub fn read(folder: &GatewayFolder, container: &str) -> Result<Self, Failure> {
        let mut kept = Self {
            container: container.to_owned(),
            release: None,
            deployed: BTreeMap::new(),
        };
        for name in FILES {
            let Some(text) = folder.read_private(name)? else {
                continue;
            };
            let written = serde_json::from_slice::<Written>(&text).ok();
            if let Some(written) = written.filter(|written| written.container == container) {
                let known = |(name, hash): (String, String)| Part::parse(&name).ok().map(|part| (part, hash));
                kept.deployed = written.parts.into_iter().filter_map(known).collect();
                kept.release = written.release;
                return Ok(kept);
            }
        }
        Ok(kept)
    }

    /// Whoever reads the file meanwhile has the old one or the new one.
    pub fn write(&self, folder: &GatewayFolder) -> Result<(), Failure> {
        let text = serde_json::to_vec(self).expect("words have a form in JSON");
        folder.write_private(FILES[0], &text).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use client_files::ClientFiles;

    fn read(files: &[(&str, &str)]) -> BTreeMap<Part, String> {
        let home = tempfile::tempdir().expect("a folder");
        let folder = ClientFiles::in_folder(home.path()).gateway(&"g".parse().expect("a name"));
        for (name, text) in files {
            folder.write_private(name, text.as_bytes()).expect("room");
        }
        Kept::read(&folder, "c").expect("what was kept").deployed
    }

    #[test]
    fn only_what_was_deployed_to_this_container_counts() {
        let parts = r#"{"container":"c","parts":{"gateway":"1","chart":"2","unknown":"3"}}"#;
        let other = r#"{"container":"d","parts":{"gateway":"9"}}"#;
        let known = BTreeMap::from([(Part::Gateway, "1".to_owned()), (Part::Chart, "2".to_owned())]);
        assert_eq!(read(&[("parts.json", parts)]), known);
        assert_eq!(read(&[("deployment.json", parts)]), known);
        assert_eq!(read(&[("parts.json", other), ("deployment.json", parts)]), known);
        for files in [
            &[("parts.json", other)][..],
            &[("parts.json", "{")],
            &[("deployment.json", r#"{"release":"x"}"#)],
            &[],
        ] {
            assert_eq!(read(files), BTreeMap::new(), "{files:?}");
        }
    }

    #[test]
    fn what_is_written_is_read() {
        let home = tempfile::tempdir().expect("a folder");
        let folder = ClientFiles::in_folder(home.path()).gateway(&"g".parse().expect("a name"));
        let mut kept = Kept::read(&folder, "c").expect("nothing");
        kept.release = Some("checkout".to_owned());
        kept.deployed.insert(Part::Supervisor, "1".to_owned());
        kept.write(&folder).expect("room");
        assert_eq!(Kept::read(&folder, "c").expect("what was kept"), kept);
    }
}
