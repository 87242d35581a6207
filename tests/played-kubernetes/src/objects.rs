//! The objects, and what the verbs of the API do to them.

use std::collections::BTreeMap;

use http::Method;
use serde_json::{Value, json};

const SANDBOXES: &str = "/apis/agents.x-k8s.io/v1beta1/namespaces/openshell/sandboxes";

pub fn pod_path(name: &str) -> String {
    format!("/api/v1/namespaces/openshell/pods/{name}")
}

pub fn claim_path(name: &str) -> String {
    format!("/api/v1/namespaces/openshell/persistentvolumeclaims/{name}")
}

pub fn sandbox_path(name: &str) -> String {
    format!("{SANDBOXES}/{name}")
}

/// Both versions of sandboxes are one object.
pub fn stored_path(path: &str) -> String {
    path.replace("/agents.x-k8s.io/v1alpha1/", "/agents.x-k8s.io/v1beta1/")
}

#[derive(Clone, Debug, Default)]
pub struct Objects {
    by_path: BTreeMap<String, Value>,
    version: u64,
    reads: BTreeMap<String, usize>,
}

impl Objects {
    pub fn get(&self, path: &str) -> Option<&Value> {
        self.by_path.get(path)
    }

    pub fn reads(&self, path: &str) -> usize {
        self.reads.get(path).copied().unwrap_or_default()
    }

    pub fn below(&self, prefix: &str) -> BTreeMap<String, Value> {
        let wanted = self.by_path.iter().filter(|(path, _)| path.starts_with(prefix));
        wanted
            .map(|(path, object)| (path.clone(), object.clone()))
            .collect()
    }

    /// Removes an object and what it owns; `false`: there is none.
    pub fn remove(&mut self, path: &str) -> bool {
        let Some(removed) = self.by_path.remove(path) else {
            return false;
        };
        let uid = &removed["metadata"]["uid"];
        let owned = |object: &Value| {
            let owners = object["metadata"]["ownerReferences"].as_array();
            owners.is_some_and(|owners| owners.iter().any(|owner| &owner["uid"] == uid))
        };
        let left = self
            .by_path
            .iter()
            .filter(|(_, object)| owned(object))
            .map(|(path, _)| path.clone())
            .collect::<Vec<_>>();
        for path in left {
            self.remove(&path);
        }
        true
    }

    /// A JSON merge patch; `None`: there is no such object.
    pub fn merge(&mut self, path: &str, changes: &Value) -> Option<Value> {
        let mut object = self.by_path.get(path)?.clone();
        merge(&mut object, changes);
        Some(self.put(path, object))
    }

    fn put(&mut self, path: &str, mut object: Value) -> Value {
        self.version += 1;
        object["metadata"]["resourceVersion"] = json!(self.version.to_string());
        self.by_path.insert(path.to_owned(), object.clone());
        object
    }

    pub fn handle(&mut self, method: &Method, path: &str, body: &[u8]) -> (u16, Value) {
        let name = path.rsplit('/').next().unwrap_or_default();
        let sent = || serde_json::from_slice::<Value>(body).unwrap_or_default();
        match *method {
            Method::GET => self.read(path),
            Method::POST => self.create(path, sent()),
            Method::PUT => self.replace(path, sent()),
            Method::PATCH => match self.merge(path.trim_end_matches("/status"), &sent()) {
                Some(object) => (200, object),
                None => missing(name),
            },
            Method::DELETE if self.remove(path) => (
                200,
                json!({ "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success" }),
            ),
            Method::DELETE => missing(name),
            _ => (405, status(405, "MethodNotAllowed", name)),
        }
    }

    fn read(&mut self, path: &str) -> (u16, Value) {
        *self.reads.entry(path.to_owned()).or_default() += 1;
        if let Some(object) = self.by_path.get(path) {
            return (200, object.clone());
        }
        match path.rsplit('/').next().unwrap_or_default() {
            "version" => (
                200,
                json!({ "major": "1", "minor": "35", "gitVersion": "v1.35.0", "gitCommit": "",
                "gitTreeState": "", "buildDate": "", "goVersion": "", "compiler": "", "platform": "" }),
            ),
            "agents.x-k8s.io" => {
                let version = |name: &str| json!({ "groupVersion": format!("agents.x-k8s.io/{name}"), "version": name });
                let versions = [version("v1beta1"), version("v1alpha1")];
                (
                    200,
                    json!({ "kind": "APIGroup", "apiVersion": "v1", "name": "agents.x-k8s.io",
                    "versions": versions, "preferredVersion": versions[0] }),
                )
            }
            "pods" | "sandboxes" | "persistentvolumeclaims" | "secrets" => {
                let items: Vec<_> = self.below(&format!("{path}/")).into_values().collect();
                let metadata = json!({ "resourceVersion": self.version.max(1).to_string() });
                (
                    200,
                    json!({ "apiVersion": "v1", "kind": "List", "metadata": metadata, "items": items }),
                )
            }
            name => missing(name),
        }
    }

    fn create(&mut self, path: &str, mut object: Value) -> (u16, Value) {
        let name = object["metadata"]["name"].as_str().unwrap_or_default().to_owned();
        let path = format!("{path}/{name}");
        if self.by_path.contains_key(&path) {
            return (409, status(409, "AlreadyExists", &name));
        }
        object["metadata"]["uid"] = json!(rand::random::<u64>().to_string());
        (201, self.put(&path, object))
    }

    fn replace(&mut self, path: &str, object: Value) -> (u16, Value) {
        let name = path.rsplit('/').next().unwrap_or_default();
        let Some(known) = self.by_path.get(path) else {
            return missing(name);
        };
        if object["metadata"]["resourceVersion"] != known["metadata"]["resourceVersion"] {
            return (409, status(409, "Conflict", name));
        }
        (200, self.put(path, object))
    }
}

fn merge(object: &mut Value, changes: &Value) {
    let Value::Object(fields) = changes else {
        *object = changes.clone();
        return;
    };
    if !object.is_object() {
        *object = json!({});
    }
    for (name, change) in fields {
        if change.is_null() {
            object.as_object_mut().map(|object| object.remove(name));
        } else {
            merge(&mut object[name.as_str()], change);
        }
    }
}

fn missing(name: &str) -> (u16, Value) {
    (404, status(404, "NotFound", name))
}

fn status(code: u16, reason: &str, name: &str) -> Value {
    json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": reason, "reason": reason, "code": code, "details": { "name": name },
    })
}
