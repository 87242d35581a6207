//! A stand-in for Kubernetes: keeps objects by their path, tells watchers of changes, and removes what a removed object owned.
//! It knows no admission, and selectors of lists alone. Sandboxes have two API versions, one of which it stores. Ports of pods lead to
//! addresses of the test's choice.

mod logs;
mod objects;
mod ports;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use futures_util::stream;
use http::{Request, Response};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use logs::Logs;
use objects::Objects;
use ports::Ports;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinSet;

type Body = UnsyncBoxBody<Bytes, Infallible>;

/// It ends with the test's runtime, or with [`Kubernetes::stop`].
#[derive(Clone)]
pub struct Kubernetes {
    /// Where it answers, `http://HOST:PORT`.
    pub url: String,
    objects: watch::Sender<Objects>,
    ports: Ports,
    logs: Logs,
    serving: Arc<Mutex<JoinSet<()>>>,
}

impl Kubernetes {
    /// Starts to answer.
    ///
    /// # Panics
    /// If there is no free port.
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address: SocketAddr = listener.local_addr().expect("its address");
        let kubernetes = Self {
            url: format!("http://{address}"),
            objects: watch::Sender::new(Objects::default()),
            ports: Ports::default(),
            logs: Logs::default(),
            serving: Arc::default(),
        };
        let answering = kubernetes.clone();
        kubernetes.tasks().spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let answering = answering.clone();
                let service = service_fn(move |request| {
                    let answering = answering.clone();
                    async move { Ok::<_, Infallible>(answering.answer(request).await) }
                });
                let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
                connections.spawn(connection.with_upgrades());
            }
        });
        kubernetes
    }

    /// Answers nobody any more.
    pub fn stop(&self) {
        self.tasks().abort_all();
    }

    fn tasks(&self) -> std::sync::MutexGuard<'_, JoinSet<()>> {
        self.serving.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The kubeconfig that leads here.
    pub fn kubeconfig(&self) -> String {
        kubeconfig(&self.url)
    }

    /// A pod in namespace `openshell`.
    pub fn pod(&self, name: &str) -> Option<Value> {
        self.objects.borrow().get(&objects::pod_path(name)).cloned()
    }

    /// The names of all pods in namespace `openshell`.
    pub fn pods(&self) -> Vec<String> {
        let pods = self.objects.borrow().below(&objects::pod_path(""));
        pods.into_keys()
            .filter_map(|path| path.rsplit('/').next().map(str::to_owned))
            .collect()
    }

    /// A sandbox in namespace `openshell`.
    pub fn sandbox(&self, name: &str) -> Option<Value> {
        self.objects.borrow().get(&objects::sandbox_path(name)).cloned()
    }

    /// Is there a volume claim of this name in namespace `openshell`?
    pub fn has_claim(&self, name: &str) -> bool {
        self.objects.borrow().get(&objects::claim_path(name)).is_some()
    }

    /// An object by its path.
    pub fn object(&self, path: &str) -> Option<Value> {
        self.objects.borrow().get(path).cloned()
    }

    /// How often an object was asked for by its path.
    pub fn reads(&self, path: &str) -> usize {
        self.objects.borrow().reads(path)
    }

    /// Puts an object at its path, such as `/api/v1/namespaces/NAMESPACE/pods/NAME`.
    pub fn put(&self, path: &str, object: Value) {
        self.objects
            .send_modify(|objects| objects.insert(&objects::stored_path(path), object));
    }

    /// The next reads of this path, as many as that, are answered with this code.
    pub fn refuse(&self, path: &str, code: u16, times: usize) {
        self.objects
            .send_modify(|objects| objects.refuse(path, code, times));
    }

    /// Removes an object at once.
    ///
    /// # Panics
    /// If there is none.
    pub fn remove(&self, path: &str) {
        self.objects
            .send_modify(|objects| assert!(objects.remove(path), "there is no {path}"));
    }

    /// Changes an object, as a JSON merge patch.
    ///
    /// # Panics
    /// If there is none.
    pub fn change(&self, path: &str, changes: &Value) {
        self.objects
            .send_modify(|objects| assert!(objects.merge(path, changes).is_some(), "there is no {path}"));
    }

    /// Removes a pod at once.
    ///
    /// # Panics
    /// If there is none.
    pub fn remove_pod(&self, name: &str) {
        self.remove(&objects::pod_path(name));
    }

    /// Removes a sandbox's object at once.
    ///
    /// # Panics
    /// If there is none.
    pub fn remove_sandbox(&self, name: &str) {
        self.remove(&objects::sandbox_path(name));
    }

    /// Changes a pod's status.
    ///
    /// # Panics
    /// If there is no such pod.
    pub fn set_pod_status(&self, name: &str, status: &Value) {
        self.change(&objects::pod_path(name), &json!({ "status": status }));
    }

    /// Changes a sandbox, as a JSON merge patch.
    ///
    /// # Panics
    /// If there is no such sandbox.
    pub fn change_sandbox(&self, name: &str, changes: &Value) {
        self.change(&objects::sandbox_path(name), changes);
    }

    async fn answer(&self, request: Request<Incoming>) -> Response<Body> {
        if let Some(pod) = ports::pod_of(request.uri().path()) {
            return self.forward(pod.to_owned(), request);
        }
        if let Some(pod) = logs::pod_of(request.uri().path()) {
            return self.log(pod, request.uri().query().unwrap_or_default());
        }
        let (parts, body) = request.into_parts();
        let path = objects::stored_path(parts.uri.path());
        let query = parts.uri.query().unwrap_or_default();
        if query.contains("watch=") {
            return Response::new(self.watch(format!("{path}/")));
        }
        let (code, answer) = match body.collect().await {
            Err(_) => (400, Value::Null),
            Ok(body) => {
                let body = body.to_bytes();
                let mut answer = (500, Value::Null);
                self.objects
                    .send_modify(|objects| answer = objects.handle(&parts.method, &path, query, &body));
                answer
            }
        };
        answered(code, &answer)
    }

    /// Tells everything below `prefix` first, then each change.
    fn watch(&self, prefix: String) -> Body {
        let changes = self.objects.subscribe();
        let told = std::collections::BTreeMap::<String, Value>::new();
        let events = stream::unfold((changes, told, prefix), async |(mut changes, told, prefix)| {
            loop {
                let now = changes.borrow_and_update().below(&prefix);
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
        });
        StreamBody::new(events).boxed_unsync()
    }
}

/// A JSON answer.
fn answered(code: u16, answer: &Value) -> Response<Body> {
    let mut response = Response::new(Full::from(answer.to_string()).boxed_unsync());
    *response.status_mut() = http::StatusCode::from_u16(code).unwrap_or_default();
    response
        .headers_mut()
        .insert("content-type", http::HeaderValue::from_static("application/json"));
    response
}

/// A kubeconfig for a server that asks nobody who they are.
pub fn kubeconfig(server: &str) -> String {
    let cluster = json!({ "name": "c", "cluster": { "server": server } });
    let context =
        json!({ "name": "c", "context": { "cluster": "c", "user": "u", "namespace": "openshell" } });
    let user = json!({ "name": "u", "user": {} });
    json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "c",
        "clusters": [cluster], "contexts": [context], "users": [user],
    })
    .to_string()
}
