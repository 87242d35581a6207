//! The chart and the values that helm gets, by what is kept and what came with the cluster.

use std::fs;
use std::path::{Path, PathBuf};

use contract::Failure;
use serde_json::{Map, Value};

use crate::file_failure::files_failed;
use crate::flags::Choice;
use crate::kept::{BUNDLED, CHECKOUT, Kept};
use crate::reasons::{BASE_VALUES_INVALID, NO_CHART};

/// A chart with its files of values, as helm gets them.
#[derive(Debug)]
pub struct Chosen {
    /// Where it is from.
    pub source: String,
    /// The chart's folder.
    pub chart: PathBuf,
    /// The files of values: the last one wins.
    pub values: Vec<PathBuf>,
    /// The hash of all of it.
    pub fingerprint: String,
}

impl Chosen {
    /// Words for helm that name chart and values.
    pub fn words(&self) -> Vec<String> {
        let values = self.values.iter();
        let values = values.flat_map(|file| ["--values".to_owned(), file.display().to_string()]);
        std::iter::once(self.chart.display().to_string())
            .chain(values)
            .collect()
    }
}

/// The chart and the values that helm gets.
pub fn resolve(choice: &Choice, kept: &Kept, scratch: &Path) -> Result<Chosen, Failure> {
    let source = kept.source()?;
    let (chart, images) = match source.as_str() {
        BUNDLED => {
            let folder = choice
                .bundled
                .as_deref()
                .filter(|folder| folder.join("openshell").is_dir());
            let folder = folder.ok_or_else(no_chart)?;
            (folder.join("openshell"), Some(folder.join("values.json")))
        }
        CHECKOUT => (kept.chart(), Some(kept.images())),
        _ => (kept.chart(), None),
    };
    let mut base = Value::Object(Map::new());
    if let Some(images) = images {
        base = read_values(&images)?;
        if let Some(file) = &choice.base_values {
            // Member by member, as helm merges its files of values; neither has a null, which means another thing to helm.
            json_patch::merge(&mut base, &read_values(file)?);
        }
    }
    let text = serde_json::to_string_pretty(&base).expect("plain data") + "\n";
    let file = scratch.join("base.json");
    fs::write(&file, text.as_bytes()).map_err(|error| files_failed(&file, &error))?;
    let fingerprint = kept.fingerprint(&chart, text.as_bytes())?;
    let mut values = vec![file];
    values.extend(kept.files()?);
    Ok(Chosen {
        source,
        chart,
        values,
        fingerprint,
    })
}

fn no_chart() -> Failure {
    let choose = contract::typed_by_driver("start --chart CHART");
    NO_CHART.failure(
        "no chart was chosen, and none came with the cluster",
        choose.unwrap_or_else(|| contract::typed("gw-release apply --chart CHART, or --bundled FOLDER")),
    )
}

/// The JSON object in a file.
pub fn read_values(file: &Path) -> Result<Value, Failure> {
    let content = fs::read(file).map_err(|error| files_failed(file, &error))?;
    serde_json::from_slice(&content)
        .ok()
        .filter(Value::is_object)
        .ok_or_else(|| {
            BASE_VALUES_INVALID.failure(
                format!("{} is no JSON object", file.display()),
                "give a file that is one",
            )
        })
}
