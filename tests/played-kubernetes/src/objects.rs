//! The objects, and what the verbs of the API do to them.

use std::collections::BTreeMap;

use http::Method;
use serde_json::{Value, json};

const SANDBOXES: &str = "/apis/agents.x-k8s.io/v1beta1/namespaces/openshell/sandboxes";

/// Kinds that have lists, also empty ones.
const KINDS: [&str; 6] = [
    "deployments",
    "persistentvolumeclaims",
    "pods",
    "sandboxes",
    "secrets",
    "statefulsets",
];

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
    refusals: BTreeMap<String, (u16, usize)>,
}

/// What a list is asked for by.
#[derive(Debug, Default)]
pub struct Selection {
    labels: Vec<(String, Option<String>)>,
    limit: Option<usize>,
    from: usize,
}

impl Selection {
    /// Reads a query. Of label selectors it knows `KEY=VALUE` and `KEY`.
    pub fn read(query: &str) -> Self {
        let mut selection = Self::default();
        for (name, value) in query.split('&').filter_map(|pair| pair.split_once('=')) {
            let value = value.replace("%2F", "/").replace("%3D", "=").replace("%2C", ",");
            match name {
                "limit" => selection.limit = value.parse().ok(),
                "continue" => selection.from = value.parse().unwrap_or(0),
                "labelSelector" => {
                    selection.labels = value
                        .split(',')
                        .map(|part| match part.split_once('=') {
                            Some((key, value)) => (key.to_owned(), Some(value.to_owned())),
                            None => (part.to_owned(), None),
                        })
                        .collect();
                }
                _ => {}
            }
        }
        selection
    }

    fn takes(&self, object: &Value) -> bool {
        self.labels.iter().all(|(key, value)| {
            let label = &object["metadata"]["labels"][key.as_str()];
            value.as_ref().map_or(label.is_string(), |value| label == value)
        })
    }
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

    /// The next reads of this path, as many as that, are answered with this code.
    pub fn refuse(&mut self, path: &str, code: u16, times: usize) {
        self.refusals.insert(path.to_owned(), (code, times));
    }

    /// Puts an object at its path.
    pub fn insert(&mut self, path: &str, object: Value) {
        self.put(path, object);
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

    pub fn handle(&mut self, method: &Method, path: &str, query: &str, body: &[u8]) -> (u16, Value) {
        let name = path.rsplit('/').next().unwrap_or_default();
        let sent = || serde_json::from_slice::<Value>(body).unwrap_or_default();
        match *method {
            Method::GET => self.read(path, &Selection::read(query)),
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

    fn read(&mut self, path: &str, selection: &Selection) -> (u16, Value) {
        *self.reads.entry(path.to_owned()).or_default() += 1;
        if let Some((code, times)) = self.refusals.get_mut(path).filter(|(_, times)| *times > 0) {
            *times -= 1;
            return (*code, status(*code, "Refused", path));
        }
        if let Some(object) = self.by_path.get(path) {
            return (200, object.clone());
        }
        match path.rsplit('/').next().unwrap_or_default() {
            "version" => (
                200,
                json!({ "major": "1", "minor": "35", "gitVersion": "v1.35.0", "gitCommit": "",
                "gitTreeState": "", "buildDate": "", "goVersion": "", "compiler": "", "platform": "" }),
            ),
            "apis" => (
                200,
                json!({ "kind": "APIGroupList", "apiVersion": "v1", "groups": [agents()] }),
            ),
            "agents.x-k8s.io" => (200, agents()),
            kind if KINDS.contains(&kind) => {
                let found = self.collection(path);
                let found: Vec<_> = found
                    .into_iter()
                    .filter(|object| selection.takes(object))
                    .collect();
                let end = selection
                    .limit
                    .map_or(found.len(), |limit| selection.from + limit);
                let next = if end < found.len() {
                    end.to_string()
                } else {
                    String::new()
                };
                let items: Vec<_> = found
                    .into_iter()
                    .skip(selection.from)
                    .take(end - selection.from)
                    .collect();
                let metadata =
                    json!({ "resourceVersion": self.version.max(1).to_string(), "continue": next });
                (
                    200,
                    json!({ "apiVersion": "v1", "kind": "List", "metadata": metadata, "items": items }),
                )
            }
            name => missing(name),
        }
    }

    /// The objects of a namespace, or of all.
    fn collection(&self, path: &str) -> Vec<Value> {
        if path.contains("/namespaces/") {
            return self.below(&format!("{path}/")).into_values().collect();
        }
        let (group, kind) = path.rsplit_once('/').unwrap_or_default();
        let of_kind = |(path, _): &(&String, &Value)| {
            let inside = path
                .strip_prefix(group)
                .and_then(|rest| rest.strip_prefix("/namespaces/"));
            inside.and_then(|rest| rest.split('/').nth(1)) == Some(kind)
        };
        let found = self.by_path.iter().filter(of_kind);
        found.map(|(_, object)| object.clone()).collect()
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

/// The group of sandboxes.
fn agents() -> Value {
    let version = |name: &str| json!({ "groupVersion": format!("agents.x-k8s.io/{name}"), "version": name });
    let versions = [version("v1beta1"), version("v1alpha1")];
    json!({ "kind": "APIGroup", "apiVersion": "v1", "name": "agents.x-k8s.io",
            "versions": versions, "preferredVersion": versions[0] })
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

pub fn missing(name: &str) -> (u16, Value) {
    (404, status(404, "NotFound", name))
}

pub fn status(code: u16, reason: &str, name: &str) -> Value {
    json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": reason, "reason": reason, "code": code, "details": { "name": name },
    })
}
