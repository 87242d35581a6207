//! The one JSON document of a run.

use std::sync::{Arc, Mutex, PoisonError};

use schemars::{JsonSchema, Schema};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Failure;

/// The document: the version of its form, the tool, the tool's own report, and the error or `null`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Document<R> {
    /// Version of the document's form.
    #[schemars(extend("const" = 1))]
    pub schema: u32,
    /// The tool that printed it.
    pub tool: String,
    /// The tool's own fields.
    #[serde(flatten)]
    pub report: R,
    /// Why the run failed; `null` where it did not.
    pub error: Option<ErrorField>,
}

/// The error in a document.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Error", deny_unknown_fields)]
pub struct ErrorField {
    /// A stable word.
    pub reason: String,
    /// The cause in plain words.
    pub message: String,
    /// What to do next.
    pub hint: String,
}

impl From<&Failure> for ErrorField {
    fn from(failure: &Failure) -> Self {
        Self {
            reason: failure.reason.to_owned(),
            message: failure.message.clone(),
            hint: failure.hint.clone(),
        }
    }
}

/// The JSON Schema of a tool's document. No field is optional: what is unknown is `null`.
pub fn schema_of<R: JsonSchema>(tool: &'static str) -> Value {
    let schema: Schema = schemars::generate::SchemaSettings::draft2020_12()
        .for_serialize()
        .into_generator()
        .into_root_schema_for::<Document<R>>();
    let mut value = schema.to_value();
    if let Some(object) = value.as_object_mut() {
        object.insert("title".into(), tool.into());
        object.insert("additionalProperties".into(), false.into());
        if let Some(name) = object.get_mut("properties").and_then(|p| p.get_mut("tool")) {
            name["const"] = tool.into();
        }
    }
    value
}

/// The report while it is being filled in. It outlives the work, so that a run that is interrupted or timed
/// out still prints what it had found and done.
#[derive(Debug, Default)]
pub struct Draft<R>(Arc<Mutex<R>>);

impl<R> Clone for Draft<R> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<R> Draft<R> {
    /// Changes the report, or reads it: what `change` returns is handed on.
    pub fn update<T>(&self, change: impl FnOnce(&mut R) -> T) -> T {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
