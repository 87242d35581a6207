//! What was deployed to a gateway's cluster, as far as this host knows: `deployment.json` in the gateway's folder, so that what did not
//! change costs nothing.

use client_files::GatewayFolder;
use contract::Failure;
use serde_json::{Map, Value};

use gw_release::facts::Facts;

const FILE: &str = "deployment.json";

/// The record. Fields of others, such as the driver's `parts`, stay as they are.
#[derive(Clone, Debug)]
pub struct Deployment {
    fields: Map<String, Value>,
    gateway: GatewayFolder,
}

impl Deployment {
    /// What is known of this cluster. Of another one only the revision that was begun and the facts of a chart hold; a file that
    /// cannot be read knows nothing.
    pub fn read(gateway: &GatewayFolder, cluster: Option<&str>) -> Result<Self, Failure> {
        let content = gateway.read_private(FILE)?.unwrap_or_default();
        let mut fields: Map<String, Value> = serde_json::from_slice(&content).unwrap_or_default();
        if let Some(cluster) = cluster
            && fields.get("container").and_then(Value::as_str) != Some(cluster)
        {
            fields.retain(|key, _| matches!(key.as_str(), "begun" | "facts" | "facts_of"));
            fields.insert("container".to_owned(), cluster.into());
        }
        Ok(Self {
            fields,
            gateway: gateway.clone(),
        })
    }

    /// The fingerprint of what was deployed to its end.
    pub fn release(&self) -> Option<&str> {
        self.fields.get("release")?.as_str()
    }

    /// The revision that helm was asked for last; 0: none.
    pub fn begun(&self) -> u64 {
        self.fields
            .get("begun")
            .and_then(Value::as_u64)
            .unwrap_or_default()
    }

    /// Was something taken out of helm's way, and helm has not made it anew yet?
    pub fn is_unmade(&self) -> bool {
        self.fields.get("unmade").is_some_and(|unmade| !unmade.is_null())
    }

    /// The facts of what was deployed to its end, where they are known.
    pub fn deployed_facts(&self) -> Option<Facts> {
        self.facts(self.release()?)
    }

    /// The facts of what has this fingerprint, where they are known.
    pub fn facts(&self, fingerprint: &str) -> Option<Facts> {
        let same = self.fields.get("facts_of").and_then(Value::as_str) == Some(fingerprint);
        let facts = self.fields.get("facts").filter(|_| same)?;
        serde_json::from_value(facts.clone()).ok()
    }

    /// Keeps the facts of what has this fingerprint.
    pub fn learned(&mut self, facts: &Facts, fingerprint: &str) -> Result<(), Failure> {
        let facts = serde_json::to_value(facts).expect("plain data");
        self.write([("facts", facts), ("facts_of", fingerprint.into())])
    }

    /// Helm is about to be asked for this revision: what was deployed does not count any more.
    pub fn begins(&mut self, revision: u64) -> Result<(), Failure> {
        self.write([("begun", revision.into()), ("release", Value::Null)])
    }

    /// This object is about to be taken out of helm's way: until helm has run, what its record says is not what is there.
    pub fn unmakes(&mut self, object: &str) -> Result<(), Failure> {
        self.write([("unmade", object.into()), ("release", Value::Null)])
    }

    /// This was deployed to its end; `None`: something else than what was chosen.
    pub fn deployed(&mut self, fingerprint: Option<&str>) -> Result<(), Failure> {
        self.fields.remove("unmade");
        self.write([("release", fingerprint.into())])
    }

    fn write<const N: usize>(&mut self, changed: [(&str, Value); N]) -> Result<(), Failure> {
        self.fields
            .extend(changed.map(|(key, value)| (key.to_owned(), value)));
        let mut text = serde_json::to_vec(&self.fields).expect("plain data");
        text.push(b'\n');
        self.gateway.write_private(FILE, &text).map(drop)
    }
}
