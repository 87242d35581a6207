//! The built controller, and which of two works. Kubernetes is played.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use played_kubernetes::Kubernetes;
use serde_json::json;

/// How long a condition may take on a slow machine.
const PATIENCE: Duration = Duration::from_mins(1);
const LEASE: &str =
    "/apis/coordination.k8s.io/v1/namespaces/openshell/leases/sandbox-controller.agents.x-k8s.io";

/// A running controller; it ends with the value.
struct Controller {
    process: Child,
    log: Arc<Mutex<String>>,
}

impl Drop for Controller {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Controller {
    fn start(kubernetes: &Kubernetes, folder: &Path, name: &str) -> Self {
        let kubeconfig = folder.join("kubeconfig");
        std::fs::write(&kubeconfig, kubernetes.kubeconfig()).unwrap();
        let mut process = Command::new(env!("CARGO_BIN_EXE_reference-controller"))
            .args([
                "--namespace",
                "openshell",
                "--lease-namespace",
                "openshell",
                "--name",
                name,
            ])
            .env_clear()
            .env("KUBECONFIG", kubeconfig)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stderr = BufReader::new(process.stderr.take().unwrap());
        let log = Arc::new(Mutex::new(String::new()));
        let written = log.clone();
        std::thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                let mut log = written.lock().unwrap();
                log.push_str(&line);
                log.push('\n');
            }
        });
        Self { process, log }
    }

    fn leads(&self) -> bool {
        self.log.lock().unwrap().contains("leading")
    }

    async fn terminated(mut self) -> Option<i32> {
        let told = Command::new("kill")
            .arg(self.process.id().to_string())
            .status()
            .unwrap();
        assert!(told.success());
        let mut code = None;
        eventually("it ends", || {
            code = self.process.try_wait().unwrap();
            code.is_some()
        })
        .await;
        code.and_then(|status| status.code())
    }
}

async fn eventually(what: &str, mut ask: impl FnMut() -> bool) {
    let started = Instant::now();
    while !ask() {
        assert!(started.elapsed() < PATIENCE, "never: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

fn holder(kubernetes: &Kubernetes) -> Option<String> {
    let lease = kubernetes.object(LEASE)?;
    lease["spec"]["holderIdentity"].as_str().map(str::to_owned)
}

#[tokio::test]
async fn only_the_holder_of_the_lease_works_and_gives_it_back() {
    let (folder, kubernetes) = (tempfile::tempdir().unwrap(), Kubernetes::start().await);
    let first = Controller::start(&kubernetes, folder.path(), "first");
    eventually("the first one leads", || first.leads()).await;
    assert!(holder(&kubernetes).unwrap().starts_with("first_"));
    assert_eq!(
        kubernetes.object(LEASE).unwrap()["spec"]["leaseDurationSeconds"],
        15
    );
    let second = Controller::start(&kubernetes, folder.path(), "second");
    let renewed = || {
        kubernetes
            .object(LEASE)
            .map(|lease| lease["spec"]["renewTime"].clone())
    };
    let before = renewed();
    eventually("the first one renews its lease", || renewed() != before).await;
    assert!(!second.leads(), "two controllers work");
    assert_eq!(first.terminated().await, Some(0));
    eventually("the second one leads", || second.leads()).await;
    assert!(holder(&kubernetes).unwrap().starts_with("second_"));
}

#[tokio::test]
async fn the_lease_of_a_dead_holder_is_waited_for_unless_somebody_deletes_it() {
    let (folder, kubernetes) = (tempfile::tempdir().unwrap(), Kubernetes::start().await);
    let mut first = Controller::start(&kubernetes, folder.path(), "first");
    eventually("the first one leads", || first.leads()).await;
    first.process.kill().unwrap();
    first.process.wait().unwrap();
    let dead = holder(&kubernetes);
    let second = Controller::start(&kubernetes, folder.path(), "second");
    // It has asked for the lease once it asks again.
    eventually("the second one asks twice", || kubernetes.reads(LEASE) >= 2).await;
    assert_eq!(holder(&kubernetes), dead);
    assert!(!second.leads());
    kubernetes.remove(LEASE);
    eventually("the second one leads", || second.leads()).await;
}

#[tokio::test]
async fn a_controller_that_lost_its_lease_ends() {
    let (folder, kubernetes) = (tempfile::tempdir().unwrap(), Kubernetes::start().await);
    let mut first = Controller::start(&kubernetes, folder.path(), "first");
    eventually("it leads", || first.leads()).await;
    kubernetes.change(LEASE, &json!({ "spec": { "holderIdentity": "node" } }));
    let mut code = None;
    eventually("it ends", || {
        code = first.process.try_wait().unwrap();
        code.is_some()
    })
    .await;
    assert_eq!(code.and_then(|status| status.code()), Some(1));
    assert_eq!(
        holder(&kubernetes).as_deref(),
        Some("node"),
        "it takes nothing from another holder"
    );
}
