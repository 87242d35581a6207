//! What helm recorded of a revision, in its Secret's data.

use std::io::Read;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

/// More than the largest Secret holds decompressed in practice: what is longer is no record.
const LONGEST: u64 = 64 << 20;

/// What the value of a revision's Secret holds, as far as it is used here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// What whoever made the revision said of it.
    pub description: String,
    /// The objects that it deployed, as YAML.
    pub manifest: String,
}

impl Record {
    /// Reads it from the value of the Secret's key `release` (its own base64 already taken off).
    ///
    /// # Errors
    /// In words, where the value is no record of helm's.
    pub fn read(release: &[u8]) -> Result<Self, String> {
        let packed = STANDARD
            .decode(release)
            .map_err(|error| format!("it is no base64: {error}"))?;
        let mut text = Vec::new();
        flate2::read::GzDecoder::new(&packed[..])
            .take(LONGEST)
            .read_to_end(&mut text)
            .map_err(|error| format!("it is not compressed by gzip: {error}"))?;
        let record: Value =
            serde_json::from_slice(&text).map_err(|error| format!("it is no JSON: {error}"))?;
        let text = |pointer: &str| {
            let found = record.pointer(pointer).and_then(Value::as_str);
            found.unwrap_or_default().to_owned()
        };
        Ok(Self {
            description: text("/info/description"),
            manifest: text("/manifest"),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn packed(record: &str) -> Vec<u8> {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        gzip.write_all(record.as_bytes()).unwrap();
        STANDARD.encode(gzip.finish().unwrap()).into_bytes()
    }

    #[test]
    fn description_and_manifest_are_read() {
        let record = packed(
            r#"{"name":"openshell","manifest":"kind: Service","info":{"description":"openshell 0123456789abcdef"}}"#,
        );
        let expected = Record {
            description: "openshell 0123456789abcdef".to_owned(),
            manifest: "kind: Service".to_owned(),
        };
        assert_eq!(Record::read(&record).unwrap(), expected);
        assert_eq!(
            Record::read(&packed(r#"{"info":{}}"#)).unwrap(),
            Record::default()
        );
    }

    #[test]
    fn what_is_no_record_is_told() {
        for (release, why) in [
            (b"*".to_vec(), "base64"),
            (STANDARD.encode("plain").into_bytes(), "gzip"),
            (packed("no"), "JSON"),
        ] {
            assert!(Record::read(&release).unwrap_err().contains(why), "{why}");
        }
    }
}
