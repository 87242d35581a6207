//! What is asked and written, against an API server that is played.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use http::{Method, Request, Response};
use http_body_util::BodyExt;
use jiff::Timestamp;
use kube::Client;
use kube::client::Body;
use serde_json::{Value, json};

use super::plan::Here;
use super::settle_every;

const DEFINITION: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/sandboxes.agents.x-k8s.io";
const SANDBOXES: &str = "/apis/agents.x-k8s.io/v1beta1/sandboxes";
const OLD_SANDBOXES: &str = "/apis/agents.x-k8s.io/v1alpha1/sandboxes";
const PODS: &str = "/api/v1/pods";
const LEASES: &str = "/apis/coordination.k8s.io/v1/leases";
const LEASE: &str = "/apis/coordination.k8s.io/v1/namespaces/boxes/leases";
const CONTROLLER: &str = "a3317529.agent-sandbox.x-k8s.io";
const DEAD: &str = "box_8a3c1de2-94c1-4f2d-9b44-0a1b2c3d4e5f";

/// Writes, in their order: method, path and body.
type Writes = Vec<(Method, String, Value)>;

/// Runs the real thing. `answer` gives status and body of a read by its path; every write is granted.
async fn settled(
    answer: impl Fn(&str, usize) -> (u16, Value) + Send + Sync + 'static,
) -> (bool, Writes, usize) {
    let writes: Arc<Mutex<Writes>> = Arc::default();
    let reads: Arc<Mutex<usize>> = Arc::default();
    let (written, counted, answer) = (writes.clone(), reads.clone(), Arc::new(answer));
    let service = tower::service_fn(move |request: Request<Body>| {
        let (writes, reads, answer) = (written.clone(), counted.clone(), answer.clone());
        async move {
            let (parts, body) = request.into_parts();
            let path = parts.uri.path().to_owned();
            let (status, answer) = if parts.method == Method::GET {
                *reads.lock().unwrap() += 1;
                let nth = *reads.lock().unwrap();
                answer(&path, nth)
            } else {
                let body = body.collect().await.unwrap().to_bytes();
                let body = serde_json::from_slice(&body).unwrap_or(Value::Null);
                writes.lock().unwrap().push((parts.method, path, body));
                let metadata = json!({ "name": "x", "namespace": "boxes", "resourceVersion": "9" });
                (200, json!({ "metadata": metadata, "spec": {} }))
            };
            let response = Response::builder().status(status);
            Ok::<_, std::convert::Infallible>(
                response
                    .body(Body::from(answer.to_string().into_bytes()))
                    .unwrap(),
            )
        }
    });
    let here = Here {
        node: "here".to_owned(),
        booted: Timestamp::now(),
    };
    let hold = settle_every(Duration::from_millis(1), &Client::new(service, "default"), &here).await;
    let writes = writes.lock().unwrap().clone();
    let reads = *reads.lock().unwrap();
    (hold.is_some(), writes, reads)
}

fn status(code: u16, name: &str) -> (u16, Value) {
    let answer = json!({
        "kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code,
        "message": "text", "reason": "NotFound", "details": { "name": name },
    });
    (code, answer)
}

fn list(items: &Value) -> (u16, Value) {
    (
        200,
        json!({ "apiVersion": "v1", "kind": "List", "metadata": { "resourceVersion": "1" }, "items": items }),
    )
}

fn definition() -> (u16, Value) {
    let version = |name: &str, stored: bool| json!({ "name": name, "served": true, "storage": stored });
    let names = json!({ "plural": "sandboxes", "kind": "Sandbox" });
    let spec = json!({
        "group": "agents.x-k8s.io", "scope": "Namespaced", "names": names,
        "versions": [version("v1alpha1", false), version("v1beta1", true)],
    });
    (
        200,
        json!({ "metadata": { "name": "sandboxes.agents.x-k8s.io" }, "spec": spec }),
    )
}

fn sandboxes() -> (u16, Value) {
    let metadata = json!({
        "namespace": "boxes", "name": "box", "uid": "u", "labels": { "openshell.ai/managed-by": "openshell" },
        "annotations": { "agents.x-k8s.io/pod-name": "box" },
    });
    let spec = json!({ "operatingMode": "Running" });
    list(
        &json!([{ "apiVersion": "agents.x-k8s.io/v1beta1", "kind": "Sandbox", "metadata": metadata, "spec": spec }]),
    )
}

fn pods() -> (u16, Value) {
    let owner = json!({ "apiVersion": "agents.x-k8s.io/v1beta1", "kind": "Sandbox", "name": "box", "uid": "u", "controller": true });
    let metadata = json!({
        "namespace": "boxes", "name": "box", "uid": "p", "resourceVersion": "3", "ownerReferences": [owner],
        "creationTimestamp": "2026-01-01T00:00:00Z", "labels": { "openshell.ai/managed-by": "openshell" },
    });
    let spec = json!({ "nodeName": "here", "restartPolicy": "Never", "containers": [] });
    list(
        &json!([{ "metadata": metadata, "spec": spec, "status": { "phase": "Running", "startTime": "2026-01-01T00:00:00Z" } }]),
    )
}

fn leases() -> (u16, Value) {
    let lease = |name: &str| {
        let metadata = json!({ "namespace": "boxes", "name": name, "uid": format!("uid-{name}"), "resourceVersion": "5" });
        json!({ "metadata": metadata, "spec": { "holderIdentity": DEAD } })
    };
    list(&json!([lease(CONTROLLER), lease("other")]))
}

fn whole(path: &str) -> (u16, Value) {
    match path {
        DEFINITION => definition(),
        SANDBOXES | OLD_SANDBOXES => sandboxes(),
        PODS => pods(),
        LEASES => leases(),
        _ => status(404, "unknown"),
    }
}

#[tokio::test]
async fn each_write_is_about_what_was_seen_and_the_lease_comes_first() {
    let (holds, writes, _) = settled(|path, _| whole(path)).await;
    assert!(holds);
    let targets: Vec<_> = writes
        .iter()
        .map(|(method, path, _)| (method.as_str(), path.clone()))
        .collect();
    let expected = [
        ("PATCH", format!("{LEASE}/{CONTROLLER}")),
        (
            "PATCH",
            "/apis/agents.x-k8s.io/v1beta1/namespaces/boxes/sandboxes/box".to_owned(),
        ),
        ("DELETE", "/api/v1/namespaces/boxes/pods/box".to_owned()),
        ("DELETE", format!("{LEASE}/other")),
    ];
    assert_eq!(targets, expected);
    let held = &writes[0].2;
    assert_eq!(
        held["metadata"],
        json!({ "uid": format!("uid-{CONTROLLER}"), "resourceVersion": "5" })
    );
    assert_eq!(held["spec"]["holderIdentity"], "cluster-node/here");
    assert_eq!(held["spec"]["leaseDurationSeconds"], 15);
    let unnamed = json!({ "metadata": { "uid": "u", "annotations": { "agents.x-k8s.io/pod-name": null } } });
    assert_eq!(writes[1].2, unnamed);
    assert_eq!(writes[2].2["gracePeriodSeconds"], 0);
    assert_eq!(writes[2].2["preconditions"], json!({ "uid": "p" }));
    assert_eq!(
        writes[3].2["preconditions"],
        json!({ "uid": "uid-other", "resourceVersion": "5" })
    );
}

#[tokio::test]
async fn without_sandboxes_hardly_anything_is_asked() {
    let unknown = settled(|_, _| status(404, "sandboxes.agents.x-k8s.io")).await;
    assert_eq!(unknown, (false, Vec::new(), 1));
    let none = settled(|path, _| {
        if path == DEFINITION {
            definition()
        } else {
            list(&json!([]))
        }
    })
    .await;
    assert_eq!(none, (false, Vec::new(), 2));
}

#[tokio::test]
async fn what_is_no_proof_of_absence_is_asked_again() {
    let refusals: [(u16, Value); 3] = [
        status(404, ""),
        status(503, ""),
        status(429, "sandboxes.agents.x-k8s.io"),
    ];
    for refusal in refusals {
        for refused in [DEFINITION, SANDBOXES, PODS, LEASES] {
            let refusal = refusal.clone();
            let (holds, writes, _) = settled(move |path, nth| {
                // The older version is refused, too: the stored one must be asked again.
                let is_meant = path == refused || (refused == SANDBOXES && path == OLD_SANDBOXES);
                if is_meant && nth <= 8 {
                    refusal.clone()
                } else {
                    whole(path)
                }
            })
            .await;
            assert!(holds && writes.len() == 4, "{refused}: {writes:?}");
        }
    }
}

#[tokio::test]
async fn sandboxes_that_cannot_be_read_are_told_by_another_version_or_by_their_pods() {
    let stored = settled(|path, _| {
        if path == SANDBOXES {
            status(500, "")
        } else {
            whole(path)
        }
    })
    .await;
    assert_eq!(stored.1.len(), 4);
    let by_pods = settled(|path, _| match path {
        SANDBOXES | OLD_SANDBOXES => status(500, ""),
        _ => whole(path),
    })
    .await;
    let deleted = by_pods
        .1
        .iter()
        .any(|(_, path, _)| path == "/api/v1/namespaces/boxes/pods/box");
    assert!(by_pods.0 && deleted, "{by_pods:?}");
}

#[tokio::test]
async fn an_api_server_that_never_answers_does_not_keep_the_node_from_starting() {
    let (holds, writes, reads) = settled(|_, _| status(500, "")).await;
    assert!(!holds && writes.is_empty() && reads >= 50, "{reads}");
}
