//! A small API server: keeps objects by their path, with resource versions and proper `Status` answers.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use serde_json::{Value, json};
use tempfile::NamedTempFile;

use crate::background::Background;
use crate::fault_proxy::status;
use crate::kubeconfig;

/// It knows GET of an object and of a collection (with a `labelSelector` of `key=value` and `key!=value`), POST (also as a dry run), PUT with a
/// resource version, PATCH as a JSON merge patch, DELETE with a uid as precondition, and `/apis`. It notes when an object was made and written. A
/// collection without objects is unknown, as the kind of an absent CRD is: `404 page not found`; Kubernetes' own kinds are always known,
/// and so are those that have a definition. Nothing is validated.
pub struct FakeApi {
    kubeconfig: NamedTempFile,
    objects: Arc<Mutex<Objects>>,
    _server: Background,
}

#[derive(Default)]
struct Objects {
    by_path: BTreeMap<String, Value>,
    last_version: u64,
    uids_are_invalid: bool,
}

impl FakeApi {
    /// An empty one.
    pub fn start() -> Self {
        let objects = Arc::new(Mutex::new(Objects::default()));
        let serving = Arc::clone(&objects);
        let server = Background::start(async move || {
            move |stream| {
                let objects = Arc::clone(&serving);
                async move {
                    let service = service_fn(move |request| answer(Arc::clone(&objects), request));
                    let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
                    // A client that hangs up is no matter here.
                    let _ = connection.await;
                }
            }
        });
        Self {
            kubeconfig: kubeconfig::write(&format!("http://{}", server.address), None),
            objects,
            _server: server,
        }
    }

    /// One with this namespace.
    pub fn with_namespace(name: &str) -> Self {
        let api = Self::start();
        api.put(
            &format!("/api/v1/namespaces/{name}"),
            json!({ "metadata": { "name": name }, "status": { "phase": "Active" } }),
        );
        api
    }

    /// Its kubeconfig.
    pub fn kubeconfig(&self) -> &Path {
        self.kubeconfig.path()
    }

    /// Puts an object at its path, such as `/api/v1/namespaces/openshell/secrets/NAME`.
    pub fn put(&self, path: &str, object: Value) {
        self.lock().store(path, object);
    }

    /// The object at a path.
    pub fn get(&self, path: &str) -> Option<Value> {
        self.lock().by_path.get(path).cloned()
    }

    /// Removes the object at a path. False where there is none.
    pub fn remove(&self, path: &str) -> bool {
        self.lock().by_path.remove(path).is_some()
    }

    /// From now on, who writes to an object of another uid is told that the uid is immutable (422), as Kubernetes 1.20 does, and
    /// not that there is a conflict (409).
    pub fn calls_other_uids_invalid(&self) {
        self.lock().uids_are_invalid = true;
    }

    /// Every object below a path, with its resource version: equal texts mean that nothing was written.
    pub fn dump(&self, below: &str) -> String {
        let objects = self.lock();
        let found: BTreeMap<_, _> = objects
            .by_path
            .iter()
            .filter(|(path, _)| path.starts_with(below))
            .collect();
        serde_json::to_string(&found).expect("objects are JSON")
    }

    fn lock(&self) -> MutexGuard<'_, Objects> {
        self.objects.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Objects {
    fn refuse_uid(&self, name: &str) -> Response<Full<Bytes>> {
        if self.uids_are_invalid {
            status(422, "Invalid", name)
        } else {
            status(409, "Conflict", name)
        }
    }

    fn store(&mut self, path: &str, mut object: Value) -> Value {
        self.last_version += 1;
        object["metadata"]["resourceVersion"] = self.last_version.to_string().into();
        if object["metadata"]["uid"].is_null() {
            object["metadata"]["uid"] = format!("uid-{}", self.last_version).into();
        }
        let now = serde_json::to_value(Time(Timestamp::now())).expect("a time is a text");
        if object["metadata"]["creationTimestamp"].is_null() {
            object["metadata"]["creationTimestamp"] = now.clone();
        }
        object["metadata"]["managedFields"] = json!([{ "time": now }]);
        self.by_path.insert(path.to_owned(), object.clone());
        object
    }

    /// Has the kind of a collection of `/apis/GROUP/VERSION/` a definition?
    fn is_defined(&self, path: &str) -> bool {
        let mut words = path.trim_start_matches("/apis/").split('/');
        let (group, kind) = (
            words.next().unwrap_or_default(),
            words.next_back().unwrap_or_default(),
        );
        self.by_path
            .contains_key(&format!("{DEFINITIONS}/{kind}.{group}"))
    }

    /// The API groups of kinds that have a definition.
    fn groups(&self) -> Value {
        let definitions = self
            .by_path
            .iter()
            .filter(|(path, _)| is_inside(path, DEFINITIONS));
        let group = |(_, definition): (&String, &Value)| {
            let spec = &definition["spec"];
            let group = spec["group"].as_str().unwrap_or_default();
            let served = spec["versions"].as_array().into_iter().flatten();
            let served = served.filter(|version| version["served"] == true);
            let versions: Vec<Value> = served
                .filter_map(|version| version["name"].as_str())
                .map(|name| json!({ "groupVersion": format!("{group}/{name}"), "version": name }))
                .collect();
            json!({ "name": group, "versions": versions })
        };
        let groups: Vec<Value> = definitions.map(group).collect();
        json!({ "apiVersion": "v1", "kind": "APIGroupList", "groups": groups })
    }

    fn collection(&self, path: &str, selector: Option<&Selector>) -> Option<Value> {
        let inside = |found: &&String| is_inside(found, path);
        let is_known = BUILT_IN.iter().any(|group| path.starts_with(group)) || self.is_defined(path);
        if !is_known && !self.by_path.keys().any(|found| inside(&found)) {
            return None;
        }
        let items: Vec<&Value> = self
            .by_path
            .iter()
            .filter(|(found, _)| inside(found))
            .map(|(_, object)| object)
            .filter(|object| selector.is_none_or(|selector| selector.selects(object)))
            .collect();
        Some(json!({
            "apiVersion": "v1", "kind": "List", "items": items,
            "metadata": { "resourceVersion": self.last_version.to_string() },
        }))
    }
}

const DEFINITIONS: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";
/// Groups of kinds that every API server has.
const BUILT_IN: [&str; 3] = ["/api/", "/apis/coordination.k8s.io/", "/apis/storage.k8s.io/"];

/// Is the object in this collection: of one namespace, of the cluster, or of all namespaces?
fn is_inside(object: &str, collection: &str) -> bool {
    let Some((collected, _)) = object.rsplit_once('/') else {
        return false;
    };
    let everywhere = || {
        let (group, kind) = collection.rsplit_once('/')?;
        let namespaced = collected.strip_prefix(group)?.strip_prefix("/namespaces/")?;
        Some(namespaced.split_once('/')?.1 == kind)
    };
    collected == collection || everywhere() == Some(true)
}

async fn answer(
    objects: Arc<Mutex<Objects>>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let (head, body) = request.into_parts();
    let body = body
        .collect()
        .await
        .map(http_body_util::Collected::to_bytes)
        .unwrap_or_default();
    let body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let mut objects = objects.lock().unwrap_or_else(PoisonError::into_inner);
    Ok(handle(
        &mut objects,
        &head.method,
        head.uri.path(),
        head.uri.query().unwrap_or_default(),
        body,
    ))
}

fn handle(
    objects: &mut Objects,
    method: &Method,
    path: &str,
    query: &str,
    body: Value,
) -> Response<Full<Bytes>> {
    let name = path.rsplit('/').next().unwrap_or_default();
    let is_object = is_object(path);
    match *method {
        Method::POST if !is_object => {
            let name = body["metadata"]["name"].as_str().unwrap_or_default().to_owned();
            let path = format!("{path}/{name}");
            if objects.by_path.contains_key(&path) {
                return status(409, "AlreadyExists", &name);
            }
            if query.contains("dryRun=All") {
                return found(201, &body);
            }
            found(201, &objects.store(&path, body))
        }
        Method::PUT if is_object => {
            let Some(present) = objects.by_path.get(path) else {
                return status(404, "NotFound", name);
            };
            let wanted = &body["metadata"]["resourceVersion"];
            if !wanted.is_null() && *wanted != present["metadata"]["resourceVersion"] {
                return status(409, "Conflict", name);
            }
            if is_of_another(&body["metadata"]["uid"], present) {
                return objects.refuse_uid(name);
            }
            found(200, &objects.store(path, body))
        }
        Method::PATCH if is_object => {
            let Some(mut object) = objects.by_path.get(path).cloned() else {
                return status(404, "NotFound", name);
            };
            if is_of_another(&body["metadata"]["uid"], &object) {
                return objects.refuse_uid(name);
            }
            merge(&mut object, body);
            found(200, &objects.store(path, object))
        }
        Method::DELETE if is_object => match objects.by_path.get(path).cloned() {
            Some(object) if is_of_another(&body["preconditions"]["uid"], &object) => {
                status(409, "Conflict", name)
            }
            Some(object) => {
                objects.by_path.remove(path);
                found(200, &object)
            }
            None => status(404, "NotFound", name),
        },
        Method::GET if is_object => match objects.by_path.get(path) {
            Some(object) => found(200, object),
            None => status(404, "NotFound", name),
        },
        Method::GET if path == "/apis" => found(200, &objects.groups()),
        Method::GET => match objects.collection(path, Selector::of(query).as_ref()) {
            Some(list) => found(200, &list),
            None => page_not_found(),
        },
        _ => status(405, "MethodNotAllowed", name),
    }
}

/// Does a request name the uid of another object than the one that is there?
fn is_of_another(uid: &Value, present: &Value) -> bool {
    !uid.is_null() && *uid != present["metadata"]["uid"]
}

/// RFC 7396.
fn merge(target: &mut Value, patch: Value) {
    let Value::Object(patch) = patch else {
        *target = patch;
        return;
    };
    for (key, value) in patch {
        if value.is_null() {
            target.as_object_mut().map(|object| object.remove(&key));
        } else {
            merge(&mut target[key.as_str()], value);
        }
    }
}

/// A path names a collection or an object: the words behind the version come in pairs for an object.
fn is_object(path: &str) -> bool {
    let words = path.trim_matches('/').split('/').count();
    let before = if path.starts_with("/apis/") { 3 } else { 2 };
    words > before && (words - before).is_multiple_of(2)
}

/// Labels, and whether each must have its value or must not.
struct Selector(Vec<(String, String, bool)>);

impl Selector {
    /// From a query, percent-encoded.
    fn of(query: &str) -> Option<Self> {
        let text = query
            .split('&')
            .find_map(|part| part.strip_prefix("labelSelector="))?;
        let text = text
            .replace("%3D", "=")
            .replace("%2F", "/")
            .replace("%21", "!")
            .replace("%2C", ",");
        let label = |part: &str| {
            let (key, value) = part.split_once('=')?;
            let is_equal = !key.ends_with('!');
            Some((key.trim_end_matches('!').to_owned(), value.to_owned(), is_equal))
        };
        text.split(',').map(label).collect::<Option<_>>().map(Self)
    }

    fn selects(&self, object: &Value) -> bool {
        let labels = &object["metadata"]["labels"];
        let is_met =
            |(key, value, is_equal): &(String, String, bool)| (labels[key] == value.as_str()) == *is_equal;
        self.0.iter().all(is_met)
    }
}

fn found(code: u16, object: &Value) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(object.to_string()));
    *response.status_mut() = StatusCode::from_u16(code).expect("a status code");
    response.headers_mut().insert(
        header::CONTENT_TYPE,
        header::HeaderValue::from_static("application/json"),
    );
    response
}

fn page_not_found() -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from("404 page not found\n"));
    *response.status_mut() = StatusCode::NOT_FOUND;
    response
}
