//! `--through`: a server that only the Kubernetes API leads to.

use std::path::{Path, PathBuf};

use played_kubernetes::Kubernetes;
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use tool_document::Run;

use crate::servers::{Authority, asked, listen, serve};

const SERVICE: &str = "/api/v1/namespaces/openshell/services/openshell";
const POD: &str = "/api/v1/namespaces/openshell/pods/openshell-0";

/// A cluster whose Service `openshell` leads to a port of pod `openshell-0`.
struct Cluster {
    kubernetes: Kubernetes,
    folder: tempfile::TempDir,
}

impl Cluster {
    async fn new() -> Self {
        let cluster = Self {
            kubernetes: Kubernetes::start().await,
            folder: tempfile::tempdir().expect("a folder"),
        };
        std::fs::write(cluster.kubeconfig(), cluster.kubernetes.kubeconfig()).expect("room");
        let ports = json!([{ "name": "health", "port": 81, "targetPort": 9000 },
                           { "name": "grpc", "port": 80, "targetPort": "grpc" }]);
        let spec = json!({ "selector": { "app": "gw" }, "ports": ports });
        cluster.kubernetes.put(
            SERVICE,
            json!({ "metadata": { "name": "openshell" }, "spec": spec }),
        );
        let container = json!({ "name": "c", "ports": [{ "name": "grpc", "containerPort": 8080 }] });
        cluster.kubernetes.put(
            POD,
            json!({ "metadata": { "name": "openshell-0", "labels": { "app": "gw" } },
                    "spec": { "containers": [container] }, "status": ready("True") }),
        );
        cluster
    }

    fn kubeconfig(&self) -> PathBuf {
        self.folder.path().join("kubeconfig")
    }

    fn wait(&self, flags: &[&str], files: Option<&[PathBuf; 3]>) -> Run {
        wait(&self.kubeconfig(), flags, files)
    }
}

fn ready(status: &str) -> Value {
    json!({ "conditions": [{ "type": "Ready", "status": status }] })
}

fn wait(kubeconfig: &Path, flags: &[&str], files: Option<&[PathBuf; 3]>) -> Run {
    let kubeconfig = kubeconfig.display().to_string();
    let usual = ["--kubeconfig", &kubeconfig, "--through", "openshell:grpc"];
    asked(&[&usual, flags].concat(), files)
}

#[test]
fn the_stream_leads_to_the_server_and_the_address_names_its_certificate() {
    let runtime = Runtime::new().expect("a runtime");
    let authority = Authority::new();
    let cluster = runtime.block_on(async {
        let cluster = Cluster::new().await;
        let (listener, address) = listen().await;
        serve(listener, Some((&authority, &authority)), true, true);
        cluster.kubernetes.lead("openshell-0", 8080, address);
        cluster
    });
    let files = authority.client(cluster.folder.path());
    // Nothing listens on port 1 of this machine.
    let ended = cluster.wait(&["--address", "127.0.0.1:1", "--timeout", "60s"], Some(&files));
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert_eq!(ended.document["shown_by"], "grpc.health.v1 says SERVING");
    assert_eq!(ended.document["target"], "service openshell:grpc");
    // A connection as a client makes it, then one for the health service.
    assert_eq!(cluster.kubernetes.streams(), ["openshell-0", "openshell-0"]);

    for other in [
        ["--address", "other.example:1"],
        ["--tls-server-name", "other.example"],
    ] {
        let ended = cluster.wait(&[&other[..], &["--timeout", "1s"]].concat(), Some(&files));
        assert_eq!(
            ended.document["last_cause"]["word"], "name_mismatch",
            "{}",
            ended.stderr
        );
    }
}

#[test]
fn what_is_missing_is_waited_out_and_the_service_is_named() {
    let runtime = Runtime::new().expect("a runtime");
    let cluster = runtime.block_on(Cluster::new());
    let kubernetes = &cluster.kubernetes;
    let not_serving = runtime.block_on(async {
        let (listener, address) = listen().await;
        serve(listener, None, true, false);
        address
    });
    let cause = |word: &str, detail: &str| {
        let ended = cluster.wait(&["--timeout", "1s"], None);
        assert_eq!(
            (ended.code, ended.reason()),
            (124, "timed_out"),
            "{}",
            ended.stderr
        );
        assert_eq!(ended.document["last_cause"]["word"], word, "{}", ended.stderr);
        let said = ended.document["last_cause"]["detail"].as_str().expect("a text");
        assert_eq!(said, format!("service openshell: {detail}"));
    };
    cause(
        "unreachable",
        "pod openshell-0: error forwarding port 8080: connection refused",
    );
    kubernetes.lead("openshell-0", 8080, not_serving);
    cause("not_serving", "grpc.health.v1 says NOT_SERVING");
    kubernetes.set_pod_status("openshell-0", &ready("False"));
    cause("no_ready_pod", "its pod is not ready");
    kubernetes.remove_pod("openshell-0");
    cause("no_ready_pod", "it has no pod");
    kubernetes.refuse(SERVICE, 403, usize::MAX);
    cause("forbidden", "Refused (403)");
    kubernetes.refuse(SERVICE, 403, 0);
    kubernetes.remove(SERVICE);
    cause("no_service", "it does not exist");
    kubernetes.stop();
    let ended = cluster.wait(&["--timeout", "1s"], None);
    assert_eq!(ended.code, 124, "{}", ended.stderr);
    assert_eq!(ended.document["last_cause"]["word"], "api_unreachable");
}

#[test]
fn a_pod_that_becomes_ready_is_waited_for() {
    let runtime = Runtime::new().expect("a runtime");
    let cluster = runtime.block_on(Cluster::new());
    cluster.kubernetes.set_pod_status("openshell-0", &ready("False"));
    runtime.block_on(async {
        let (listener, address) = listen().await;
        serve(listener, None, true, true);
        cluster.kubernetes.lead("openshell-0", 8080, address);
    });
    let kubeconfig = cluster.kubeconfig();
    let waiting = std::thread::spawn(move || wait(&kubeconfig, &["--timeout", "60s"], None));
    while cluster.kubernetes.reads("/api/v1/namespaces/openshell/pods") < 2 {
        std::thread::yield_now();
    }
    cluster.kubernetes.set_pod_status("openshell-0", &ready("True"));
    let ended = waiting.join().expect("the tool's run");
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert_eq!(ended.document["last_cause"]["word"], "no_ready_pod");
}
