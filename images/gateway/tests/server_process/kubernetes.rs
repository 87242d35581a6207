//! A stand-in for Kubernetes: keeps objects by their path and tells watchers of changes. It knows no selectors, no
//! versions and no owners.

use std::collections::BTreeMap;
use std::convert::Infallible;

use bytes::Bytes;
use futures_util::stream;
use http::{Method, Request, Response};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;

type Objects = BTreeMap<String, Value>;
type Body = UnsyncBoxBody<Bytes, Infallible>;

const PODS: &str = "/api/v1/namespaces/openshell/pods/";

/// It ends with the test's runtime.
#[derive(Clone)]
pub struct Kubernetes {
    pub url: String,
    objects: watch::Sender<Objects>,
}

impl Kubernetes {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let kubernetes = Self {
            url,
            objects: watch::Sender::default(),
        };
        let serving = kubernetes.clone();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let serving = serving.clone();
                let service = service_fn(move |request| {
                    let serving = serving.clone();
                    async move { Ok::<_, Infallible>(serving.answer(request).await) }
                });
                tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(stream), service));
            }
        });
        kubernetes
    }

    pub fn pod(&self, name: &str) -> Option<Value> {
        self.objects.borrow().get(&format!("{PODS}{name}")).cloned()
    }

    pub fn has_claim(&self, name: &str) -> bool {
        let path = format!("/api/v1/namespaces/openshell/persistentvolumeclaims/{name}");
        self.objects.borrow().contains_key(&path)
    }

    pub fn remove_pod(&self, name: &str) {
        self.objects.send_modify(|objects| {
            assert!(objects.remove(&format!("{PODS}{name}")).is_some());
        });
    }

    pub fn set_pod_status(&self, name: &str, status: Value) {
        self.objects.send_modify(|objects| {
            objects.get_mut(&format!("{PODS}{name}")).expect("the pod")["status"] = status;
        });
    }

    async fn answer(&self, request: Request<Incoming>) -> Response<Body> {
        let (parts, body) = request.into_parts();
        let path = parts.uri.path().to_owned();
        if parts.uri.query().is_some_and(|query| query.contains("watch=")) {
            return Response::new(self.watch(format!("{path}/")));
        }
        let body = body.collect().await.unwrap().to_bytes();
        let mut answer = (500, Value::Null);
        self.objects
            .send_modify(|objects| answer = handle(objects, &parts.method, &path, &body));
        let (code, answer) = answer;
        let body = Full::from(answer.to_string()).boxed_unsync();
        Response::builder()
            .status(code)
            .header("content-type", "application/json")
            .body(body)
            .unwrap()
    }

    /// Tells everything below `prefix` first, then each change.
    fn watch(&self, prefix: String) -> Body {
        let changes = self.objects.subscribe();
        let events = stream::unfold(
            (changes, Objects::new(), prefix),
            async |(mut changes, told, prefix)| {
                loop {
                    let now: Objects = changes
                        .borrow_and_update()
                        .clone()
                        .into_iter()
                        .filter(|(path, _)| path.starts_with(&prefix))
                        .collect();
                    let changed = now
                        .iter()
                        .filter(|(path, object)| told.get(*path) != Some(object));
                    let mut events: Vec<Value> = changed
                        .map(|(_, object)| json!({ "type": "MODIFIED", "object": object }))
                        .collect();
                    let removed = told.iter().filter(|(path, _)| !now.contains_key(*path));
                    events.extend(removed.map(|(_, object)| json!({ "type": "DELETED", "object": object })));
                    if !events.is_empty() {
                        let text: String = events.iter().map(|event| format!("{event}\n")).collect();
                        return Some((Ok(Frame::data(Bytes::from(text))), (changes, now, prefix)));
                    }
                    changes.changed().await.ok()?;
                }
            },
        );
        StreamBody::new(events).boxed_unsync()
    }
}

fn handle(objects: &mut Objects, method: &Method, path: &str, body: &[u8]) -> (u16, Value) {
    let name = path.rsplit('/').next().unwrap_or_default();
    match *method {
        Method::POST => {
            let mut object: Value = serde_json::from_slice(body).unwrap();
            let name = object["metadata"]["name"].as_str().unwrap().to_owned();
            let path = format!("{path}/{name}");
            if objects.contains_key(&path) {
                return (409, status(409, "AlreadyExists", &name));
            }
            object["metadata"]["uid"] = json!(rand::random::<u64>().to_string());
            object["metadata"]["resourceVersion"] = json!(rand::random::<u32>().to_string());
            objects.insert(path, object.clone());
            (201, object)
        }
        Method::GET if ["pods", "sandboxes", "persistentvolumeclaims"].contains(&name) => {
            let prefix = format!("{path}/");
            let items: Vec<_> = objects
                .iter()
                .filter(|(path, _)| path.starts_with(&prefix))
                .map(|(_, v)| v)
                .collect();
            (
                200,
                json!({ "apiVersion": "v1", "kind": "List", "metadata": { "resourceVersion": "1" }, "items": items }),
            )
        }
        Method::GET => match objects.get(path) {
            Some(object) => (200, object.clone()),
            None => (404, status(404, "NotFound", name)),
        },
        Method::DELETE => match objects.remove(path) {
            Some(_) => (
                200,
                json!({ "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success" }),
            ),
            None => (404, status(404, "NotFound", name)),
        },
        _ => (405, status(405, "MethodNotAllowed", name)),
    }
}

fn status(code: u16, reason: &str, name: &str) -> Value {
    json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": reason, "reason": reason, "code": code, "details": { "name": name },
    })
}
