//! Logs of containers, as `pods/NAME/log` gives them.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;

use futures_util::stream;
use http::Response;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Bytes, Frame};
use tokio::sync::watch;

use crate::objects::{missing, status};
use crate::{Body, Kubernetes, answered};

/// What containers wrote, and by which queries it was asked for.
#[derive(Clone, Default)]
pub struct Logs(Arc<watch::Sender<State>>);

#[derive(Default)]
struct State {
    written: BTreeMap<(String, String), String>,
    asked: Vec<String>,
}

/// The pod whose log is asked for.
pub fn pod_of(path: &str) -> Option<&str> {
    path.strip_suffix("/log")?.rsplit('/').next()
}

impl Kubernetes {
    /// A container of a pod writes to its log.
    pub fn write_log(&self, pod: &str, container: &str, text: &str) {
        self.logs.0.send_modify(|state| {
            let written = state.written.entry((pod.to_owned(), container.to_owned()));
            written.or_default().push_str(text);
        });
    }

    /// The queries by which logs were asked for, in their order.
    pub fn asked_logs(&self) -> Vec<String> {
        self.logs.0.borrow().asked.clone()
    }

    /// A log; with `follow` until the test's end. A container that the pod has not is refused.
    pub(crate) fn log(&self, pod: &str, query: &str) -> Response<Body> {
        self.logs
            .0
            .send_modify(|state| state.asked.push(query.to_owned()));
        let Some(object) = self.pod(pod) else {
            let (code, answer) = missing(pod);
            return answered(code, &answer);
        };
        let value = |name: &str| {
            let mut pairs = query.split('&').filter_map(|pair| pair.split_once('='));
            pairs.find(|(key, _)| *key == name).map(|(_, value)| value)
        };
        let containers = object["spec"]["containers"].as_array();
        let has = |wanted: &str| {
            let mut names = containers.into_iter().flatten();
            names.any(|container| container["name"] == wanted)
        };
        let Some(container) = value("container").filter(|name| has(name)) else {
            return answered(400, &status(400, "BadRequest", pod));
        };
        let key = (pod.to_owned(), container.to_owned());
        if value("follow") != Some("true") {
            let text = self.logs.0.borrow().written.get(&key).cloned();
            return Response::new(Full::from(text.unwrap_or_default()).boxed_unsync());
        }
        let changes = self.logs.0.subscribe();
        let parts = stream::unfold((changes, 0, key), async |(mut changes, told, key)| {
            let is_new = |state: &State| state.written.get(&key).is_some_and(|text| text.len() > told);
            let text = changes.wait_for(is_new).await.ok()?.written.get(&key)?.clone();
            let part = Bytes::from(text[told..].to_owned());
            Some((Ok::<_, Infallible>(Frame::data(part)), (changes, text.len(), key)))
        });
        Response::new(StreamBody::new(parts).boxed_unsync())
    }
}
