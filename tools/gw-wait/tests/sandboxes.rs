//! `gw-wait sandboxes` against a stand-in for Kubernetes.

use std::process::Command;
use std::time::Duration;

use played_kubernetes::Kubernetes;
use serde_json::{Value, json};
use tool_document::{Run, check, run};

const DEFINITION: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/sandboxes.agents.x-k8s.io";
const EVERYWHERE: &str = "/apis/agents.x-k8s.io/v1beta1/sandboxes";
const OWN: &str = "/apis/agents.x-k8s.io/v1beta1/namespaces/openshell/sandboxes";

const SERVER: &str = "/apis/apps/v1/namespaces/openshell/statefulsets/openshell";

/// A cluster with the kind, and a runtime that it answers on.
struct Cluster {
    runtime: tokio::runtime::Runtime,
    kubernetes: Kubernetes,
    folder: tempfile::TempDir,
}

impl Cluster {
    fn new() -> Self {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let cluster = Self {
            kubernetes: runtime.block_on(Kubernetes::start()),
            runtime,
            folder: tempfile::tempdir().expect("a folder"),
        };
        let file = cluster.folder.path().join("kubeconfig");
        std::fs::write(file, cluster.kubernetes.kubeconfig()).expect("a file");
        cluster.serves(&["v1alpha1", "v1beta1"]);
        cluster.server("openshell", Some("openshell"));
        cluster
    }

    /// A server that says which id its gateway has; `None`: it has none, as before v0.0.37.
    fn server(&self, namespace: &str, id: Option<&str>) {
        let variable = id.map(|id| json!({ "name": "OPENSHELL_GATEWAY_ID", "value": id }));
        let container = json!({ "name": "server", "env": variable.into_iter().collect::<Vec<_>>() });
        let template = json!({ "spec": { "containers": [container] } });
        let metadata = json!({ "namespace": namespace, "name": "openshell",
                               "labels": { "app.kubernetes.io/name": "openshell" } });
        let path = format!("/apis/apps/v1/namespaces/{namespace}/statefulsets/openshell");
        let spec = json!({ "serviceName": "s", "selector": {}, "template": template });
        self.kubernetes
            .put(&path, json!({ "metadata": metadata, "spec": spec }));
    }

    fn serves(&self, versions: &[&str]) {
        let versions: Vec<_> = versions
            .iter()
            .map(|name| json!({ "name": name, "served": true, "storage": false }))
            .collect();
        let names = json!({ "kind": "Sandbox", "plural": "sandboxes" });
        let spec = json!({ "group": "agents.x-k8s.io", "scope": "Namespaced", "names": names, "versions": versions });
        let name = "sandboxes.agents.x-k8s.io";
        self.kubernetes
            .put(DEFINITION, json!({ "metadata": { "name": name }, "spec": spec }));
    }

    /// A sandbox with these labels beside the usual one, and this spec and condition `Ready`.
    fn sandbox(&self, place: (&str, &str), labels: &Value, spec: &Value, ready: (&str, &str)) {
        let (namespace, name) = place;
        let mut all = json!({ "openshell.ai/managed-by": "openshell" });
        for (label, value) in labels.as_object().expect("labels") {
            all[label] = value.clone();
        }
        let condition = json!({ "type": "Ready", "status": ready.0, "reason": ready.1, "message": "",
                                "lastTransitionTime": "2026-01-01T00:00:00Z" });
        let object = json!({
            "apiVersion": "agents.x-k8s.io/v1beta1", "kind": "Sandbox",
            "metadata": { "namespace": namespace, "name": name, "uid": format!("{namespace}/{name}"), "labels": all,
                          "creationTimestamp": "2026-01-01T00:00:00Z" },
            "spec": spec, "status": { "conditions": [condition] },
        });
        let path = format!("/apis/agents.x-k8s.io/v1beta1/namespaces/{namespace}/sandboxes/{name}");
        self.kubernetes.put(&path, object);
    }

    fn pod(&self, namespace: &str, name: &str, is_ready: bool) {
        let status = if is_ready { "True" } else { "False" };
        let owner = json!({ "apiVersion": "agents.x-k8s.io/v1beta1", "kind": "Sandbox", "name": name,
                            "uid": format!("{namespace}/{name}") });
        let container = json!({ "name": "agent", "image": "", "imageID": "", "ready": is_ready, "restartCount": 0,
                                "state": { "running": { "startedAt": "2026-01-02T00:00:00Z" } } });
        let object = json!({
            "metadata": { "namespace": namespace, "name": name, "ownerReferences": [owner],
                          "labels": { "agents.x-k8s.io/sandbox-name-hash": "1" } },
            "spec": { "containers": [],
                      "volumes": [{ "name": "w", "persistentVolumeClaim": { "claimName": format!("workspace-{name}") } }] },
            "status": { "phase": "Running", "conditions": [{ "type": "Ready", "status": status }],
                        "containerStatuses": [container] },
        });
        self.kubernetes
            .put(&format!("/api/v1/namespaces/{namespace}/pods/{name}"), object);
    }

    fn ready(&self, namespace: &str, name: &str) {
        let gateway = json!({ "openshell.ai/gateway-id": "openshell" });
        let running = json!({ "operatingMode": "Running" });
        self.sandbox(
            (namespace, name),
            &gateway,
            &running,
            ("True", "DependenciesReady"),
        );
        self.pod(namespace, name, true);
    }

    fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gw-wait"));
        command.args(["sandboxes", "--kubeconfig"]);
        command
            .arg(self.folder.path().join("kubeconfig"))
            .args(words)
            .env("XDG_CONFIG_HOME", self.folder.path());
        command
    }

    fn tell(&self, words: &[&str]) -> Run {
        self.wait(&[&["--no-wait", "--timeout", "20s"], words].concat())
    }

    fn wait(&self, words: &[&str]) -> Run {
        let ended = run(self.command(words));
        check(&ended, include_str!("../schema.json"));
        ended
    }
}

fn names(ended: &Run) -> Vec<String> {
    let list = ended.document["sandboxes"]["list"].as_array().expect("a list");
    let name = |one: &Value| format!("{}/{}", one["namespace"], one["name"]).replace('"', "");
    list.iter().map(name).collect()
}

#[test]
fn what_there_is_is_told_without_waiting() {
    let cluster = Cluster::new();
    let ended = cluster.tell(&[]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert_eq!(ended.document["sandboxes"]["summary"], "no sandboxes");

    cluster.ready("openshell", "box");
    let (none, suspended) = (json!({}), ("False", "SandboxSuspended"));
    // As v0.0.22 has them.
    cluster.sandbox(
        ("openshell", "asleep"),
        &none,
        &json!({ "replicas": 0 }),
        suspended,
    );
    let template = json!([{ "metadata": { "name": "workspace" }, "spec": {} }]);
    let running = json!({ "operatingMode": "Running", "volumeClaimTemplates": template });
    cluster.sandbox(("openshell", "lost"), &none, &running, ("False", "PodFailed"));
    let ended = cluster.tell(&[]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let seen = &ended.document["sandboxes"];
    assert_eq!(seen["summary"], "3 sandboxes: 1 ready, 1 suspended, 1 in error");
    assert_eq!((&seen["total"], &seen["not_ready"]), (&json!(3), &json!(1)));
    assert_eq!(ended.document["first_success_at"], Value::Null);
    let list = seen["list"].as_array().expect("a list");
    let asleep = &list[0];
    assert_eq!(
        (&asleep["phase"], &asleep["suspended"]),
        (&json!("Stopped"), &json!(true))
    );
    let ready = &list[1];
    assert_eq!(
        (&ready["phase"], &ready["ready"]),
        (&json!("Ready"), &json!(true))
    );
    assert_eq!(
        (&ready["pod"], &ready["pvc"]),
        (&json!("box"), &json!("workspace-box"))
    );
    assert!(ready["age_seconds"].as_u64() > Some(0), "{ready}");
    let lost = &list[2];
    assert_eq!(
        (&lost["phase"], &lost["cause"]["word"]),
        (&json!("Error"), &json!("pod_failed"))
    );
    assert_eq!(
        (&lost["pod"], &lost["pvc"]),
        (&Value::Null, &json!("workspace-lost"))
    );
    assert!(ended.stderr.contains("sandbox lost is Error"), "{}", ended.stderr);
    assert!(!cluster.tell(&["--quiet"]).stderr.contains("lost"));
}

#[test]
fn a_sandbox_that_does_not_come_back_is_named_when_the_time_is_over() {
    let cluster = Cluster::new();
    cluster.ready("openshell", "box");
    cluster.pod("openshell", "box", false);
    let ended = cluster.wait(&["--timeout", "2s"]);
    assert_eq!(ended.code, 124, "{}", ended.stderr);
    let error = &ended.document["error"];
    assert_eq!(error["reason"], "sandboxes_not_ready");
    let message = error["message"].as_str().expect("a message");
    assert!(
        message.starts_with(
            "1 of 1 sandboxes did not become ready within 2.0 s: box is Provisioning: pod box is Running"
        ),
        "{message}"
    );
    assert!(
        ended.document["attempts"].as_u64() > Some(1),
        "{}",
        ended.document
    );

    // It comes back meanwhile.
    let mut waiting = cluster.command(&["--timeout", "60s", "--quiet"]);
    waiting.stdout(std::process::Stdio::piped());
    let waiting = waiting.spawn().expect("the tool");
    cluster.runtime.block_on(async {
        let looks = cluster.kubernetes.reads(OWN);
        while cluster.kubernetes.reads(OWN) < looks + 2 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    cluster.pod("openshell", "box", true);
    let ended = waiting.wait_with_output().expect("its end");
    assert!(ended.status.success(), "{ended:?}");
    let document: Value = serde_json::from_slice(&ended.stdout).expect("a document");
    assert_eq!(document["shown_by"], "1 sandbox: 1 ready");

    // The pod runs, and was not started again with its node.
    let since = ["--since", "2026-01-03T00:00:00Z"];
    let ended = cluster.tell(&since);
    let cause = &ended.document["sandboxes"]["list"][0]["cause"];
    assert_eq!(cause["word"], "not_started_again");
}

#[test]
fn sandboxes_of_other_namespaces_count_by_the_gateways_id() {
    let cluster = Cluster::new();
    cluster.ready("openshell", "own");
    cluster.ready("openshell-openshell-team", "managed");
    cluster.ready("another-gateway", "of-another");
    cluster.server("another-gateway", Some("openshell"));
    let of_others = json!({ "openshell.ai/gateway-id": "another" });
    let running = json!({ "operatingMode": "Running" });
    for namespace in ["openshell", "elsewhere"] {
        cluster.sandbox((namespace, "foreign"), &of_others, &running, ("True", ""));
    }
    let both = ["openshell/own", "openshell-openshell-team/managed"];
    let ended = cluster.tell(&[]);
    assert_eq!(names(&ended), both);
    assert_eq!(ended.document["sandboxes"]["summary"], "2 sandboxes: 2 ready");
    assert_eq!(ended.document["sandboxes"]["all_namespaces"], true);

    // The server says which id it gives them.
    cluster.server("openshell", Some("another"));
    assert_eq!(
        names(&cluster.tell(&[])),
        ["elsewhere/foreign", "openshell/foreign"]
    );
    // One without an id has them in its own namespace alone.
    cluster.server("openshell", None);
    let ended = cluster.tell(&[]);
    assert_eq!(names(&ended), ["openshell/foreign", "openshell/own"]);
    assert_eq!(ended.document["sandboxes"]["gateway_id"], Value::Null);
    cluster.server("openshell", Some("openshell"));

    // Who may not look there is told of those of the own namespace.
    for refused in [EVERYWHERE, "/apis/apps/v1/statefulsets"] {
        cluster.kubernetes.refuse(refused, 403, 1);
        let ended = cluster.tell(&[]);
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        assert_eq!(names(&ended), ["openshell/own"], "{refused}");
        assert_eq!(ended.document["sandboxes"]["all_namespaces"], false);
    }
    // Pods and definitions may be kept from him, too.
    for refused in ["/api/v1/pods", DEFINITION] {
        cluster.kubernetes.refuse(refused, 403, 1);
        assert_eq!(names(&cluster.tell(&[])), both, "{refused}");
    }
    // So may the server, which knows the id.
    cluster.kubernetes.refuse(SERVER, 403, 1);
    assert_eq!(names(&cluster.tell(&[])), ["openshell/foreign", "openshell/own"]);
}

#[test]
fn an_error_is_asked_again_and_no_answer_is_no_absence() {
    let cluster = Cluster::new();
    cluster.ready("openshell", "box");
    for path in [
        SERVER,
        DEFINITION,
        OWN,
        EVERYWHERE,
        "/api/v1/namespaces/openshell/pods",
    ] {
        cluster.kubernetes.refuse(path, 500, 2);
        let ended = cluster.tell(&[]);
        assert_eq!(ended.code, 0, "{path}: {}", ended.stderr);
        assert_eq!(names(&ended), ["openshell/box"], "{path}");
    }
    for (code, exit, reason) in [(500, 1, "api_error"), (403, 77, "forbidden")] {
        cluster.kubernetes.refuse(OWN, code, usize::MAX);
        let ended = cluster.tell(&["--timeout", "2s"]);
        assert_eq!(ended.code, exit, "{}", ended.stderr);
        assert_eq!(ended.document["error"]["reason"], reason);
        assert_eq!(ended.document["sandboxes"], Value::Null);
    }
}

#[test]
fn thousands_are_read_page_by_page_in_both_versions() {
    let cluster = Cluster::new();
    for number in 0..5000 {
        cluster.ready("openshell", &format!("box-{number:04}"));
    }
    cluster.pod("openshell", "box-4999", false);
    for versions in [&["v1beta1"][..], &["v1alpha1"], &["v1alpha1", "v1beta1"]] {
        cluster.serves(versions);
        let before = cluster.kubernetes.reads(OWN);
        let ended = cluster.tell(&["--timeout", "60s"]);
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        let seen = &ended.document["sandboxes"];
        assert_eq!(seen["summary"], "5000 sandboxes: 4999 ready, 1 provisioning");
        assert_eq!(seen["list"].as_array().map(Vec::len), Some(5000));
        assert_eq!(cluster.kubernetes.reads(OWN) - before, 10);
    }
}

#[test]
fn a_cluster_without_the_kind_has_no_sandboxes() {
    let cluster = Cluster::new();
    cluster.kubernetes.remove(DEFINITION);
    let ended = cluster.wait(&["--timeout", "20s"]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert_eq!(ended.document["sandboxes"]["total"], 0);
}
