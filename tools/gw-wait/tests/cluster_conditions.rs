//! Conditions of the shared cluster (OPENSHELL_TEST_KUBECONFIG).

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use cluster_fixture::{Fault, FaultProxy, Namespace, When, client, is_thorough, kubeconfig, run_apart};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::{Node, Secret};
use kube::Api;
use kube::api::{DeleteParams, ListParams, Patch, PatchParams, PostParams};
use serde_json::{Value, json};
use tool_document::{Run, check, read};

struct Place {
    kubeconfig: PathBuf,
    namespace: Namespace,
}

impl Place {
    fn new() -> Option<Self> {
        let kubeconfig = kubeconfig()?;
        let namespace = Namespace::make(&kubeconfig);
        Some(Self {
            kubeconfig,
            namespace,
        })
    }

    fn command(&self, words: &[&str]) -> Command {
        command(&self.kubeconfig, self.namespace.name(), words)
    }

    fn wait(&self, words: &[&str]) -> Run {
        run(self.command(words))
    }

    /// A Deployment with one container of the pause image, or of another one.
    fn deploy(&self, name: &str, image: &str, command: Option<&str>) {
        self.deploy_labelled(name, &json!({ "app": name }), image, command);
    }

    fn deploy_labelled(&self, name: &str, labels: &Value, image: &str, command: Option<&str>) {
        let command: Vec<&str> = command.into_iter().collect();
        let container =
            json!({ "name": "c", "image": image, "command": command, "imagePullPolicy": "IfNotPresent" });
        let deployment: Deployment = serde_json::from_value(json!({
            "metadata": { "name": name },
            "spec": {
                "replicas": 1, "selector": { "matchLabels": labels },
                "template": { "metadata": { "labels": labels }, "spec": {
                    "terminationGracePeriodSeconds": 0, "containers": [container],
                } },
            },
        }))
        .expect("a deployment");
        run_apart(async || {
            let api: Api<Deployment> = Api::namespaced(client(&self.kubeconfig).await, self.namespace.name());
            api.create(&PostParams::default(), &deployment)
                .await
                .expect("it is made");
        });
    }

    fn make_secret(&self, name: &str) {
        let secret: Secret = serde_json::from_value(
            json!({ "metadata": { "name": name }, "stringData": { "key": "5ecret-value" } }),
        )
        .expect("a secret");
        run_apart(async || {
            let api: Api<Secret> = Api::namespaced(client(&self.kubeconfig).await, self.namespace.name());
            api.create(&PostParams::default(), &secret)
                .await
                .expect("it is made");
        });
    }
}

fn command(kubeconfig: &Path, namespace: &str, words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gw-wait"));
    command
        .args(words)
        .args(["--namespace", namespace, "--kubeconfig"])
        .arg(kubeconfig);
    command
}

fn run(command: Command) -> Run {
    let ended = tool_document::run(command);
    check(&ended, include_str!("../schema.json"));
    ended
}

#[test]
fn nodes_namespaces_and_secrets_are_seen() {
    let Some(place) = Place::new() else { return };
    let node = run_apart(async || {
        let nodes: Api<Node> = Api::all(client(&place.kubeconfig).await);
        let found = nodes.list(&ListParams::default()).await.expect("nodes").items;
        found[0].metadata.name.clone().expect("a name")
    });
    for words in [&["namespace"][..], &["node"], &["node", &node]] {
        let ended = place.wait(words);
        assert_eq!(ended.code, 0, "{words:?}: {}", ended.stderr);
    }
    place.make_secret("s");
    let ended = place.wait(&["secret", "s", "--key", "key"]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert!(!ended.stdout.contains("5ecret"), "{}", ended.stdout);
    for (words, word) in [
        (
            &["secret", "s", "--key", "other", "--timeout", "1s"][..],
            "key_missing",
        ),
        (&["secret", "none", "--timeout", "1s"], "absent"),
        (&["node", "none", "--timeout", "1s"], "absent"),
        (&["rollout", "none", "--timeout", "1s"], "absent"),
    ] {
        let ended = place.wait(words);
        assert_eq!(
            (ended.code, ended.reason()),
            (124, "timed_out"),
            "{words:?}: {}",
            ended.stderr
        );
        assert_eq!(ended.document["last_cause"]["word"], word);
    }
}

#[test]
fn a_rollout_is_seen_and_what_stands_in_its_way_is_named() {
    let Some(place) = Place::new() else { return };
    place.deploy("good", "openshell/pause:1", None);
    for target in ["good", "deployment/good"] {
        let ended = place.wait(&["rollout", target]);
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        assert_eq!(ended.document["shown_by"], "1 of 1 replicas are ready");
    }
    // Nothing answers on this port of the node itself: the image cannot be pulled.
    place.deploy("unpulled", "127.0.0.1:1/none:1", None);
    let ended = place.wait(&["rollout", "unpulled", "--abort-on", "ImagePullBackOff"]);
    assert_eq!(
        (ended.code, ended.reason()),
        (1, "image_pull_back_off"),
        "{}",
        ended.stderr
    );

    let ended = place.wait(&["rollout", "unpulled", "--timeout", "4s"]);
    assert_eq!(ended.code, 124, "{}", ended.stderr);
    assert_eq!(ended.document["last_cause"]["word"], "image_pull_back_off");
    assert_eq!(ended.document["last_pod"]["phase"], "Pending");
    assert!(
        ended.document["last_pod"]["last_event"].is_string(),
        "{}",
        ended.document
    );
    assert!(ended.stderr.contains("last event: "), "{}", ended.stderr);

    place.deploy("crashing", "openshell/pause:1", Some("/none"));
    let ended = place.wait(&["rollout", "crashing", "--abort-on", "CrashLoopBackOff=1"]);
    assert_eq!(
        (ended.code, ended.reason()),
        (1, "crash_loop_back_off"),
        "{}",
        ended.stderr
    );
    let ended = place.wait(&["rollout", "crashing", "--abort-on", "ContainerExited"]);
    assert_eq!(
        (ended.code, ended.reason()),
        (1, "container_exited"),
        "{}",
        ended.stderr
    );
}

/// What the gateway's port waits for is said, and ends the wait where that was asked for.
#[test]
fn a_port_behind_pods_that_cannot_start_is_waited_for_no_longer() {
    let Some(place) = Place::new() else { return };
    let labels = json!({ "app.kubernetes.io/name": "openshell" });
    place.deploy_labelled("unpulled", &labels, "127.0.0.1:1/none:1", None);
    let nobody = ["grpc", "--plaintext", "--address", "127.0.0.1:1"];
    let wait = |flags: &[&str]| place.wait(&[&nobody, flags].concat());
    let ended = wait(&["--abort-on", "ImagePullBackOff"]);
    assert_eq!(
        (ended.code, ended.reason()),
        (1, "image_pull_back_off"),
        "{}",
        ended.stderr
    );
    let ended = wait(&["--abort-on", "CrashLoopBackOff", "--timeout", "6s"]);
    assert_eq!(ended.code, 124, "{}", ended.stderr);
    assert_eq!(ended.document["last_cause"]["word"], "refused");
    assert_eq!(ended.document["last_pod"]["phase"], "Pending");
    for part in [" is Pending: ", "; last event: "] {
        assert!(ended.stderr.contains(part), "{part}: {}", ended.stderr);
    }
    let ended = wait(&["--timeout", "1s"]);
    assert!(ended.document["last_pod"].is_null(), "{}", ended.document);
}

/// A Node that is an object only, whose word is old; removed when it is dropped.
struct OldNode<'a> {
    place: &'a Place,
    name: String,
}

impl<'a> OldNode<'a> {
    fn add(place: &'a Place) -> Self {
        let name = format!("{}-old", place.namespace.name());
        let made = Self { place, name };
        let ready = json!({ "type": "Ready", "status": "True", "lastHeartbeatTime": "2020-01-01T00:00:00Z" });
        let node = json!({
            "metadata": { "name": made.name }, "spec": { "unschedulable": true }, "status": { "conditions": [ready] },
        });
        let lease = json!({ "metadata": { "name": made.name }, "spec": { "holderIdentity": made.name } });
        run_apart(async || {
            let nodes: Api<Node> = Api::all(client(&place.kubeconfig).await);
            let node = serde_json::from_value(node).expect("a node");
            nodes
                .create(&PostParams::default(), &node)
                .await
                .expect("it is made");
            let lease = serde_json::from_value(lease).expect("a lease");
            let leases = made.leases().await;
            leases
                .create(&PostParams::default(), &lease)
                .await
                .expect("it is made");
        });
        made
    }

    async fn leases(&self) -> Api<Lease> {
        Api::namespaced(client(&self.place.kubeconfig).await, "kube-node-lease")
    }

    fn renew(&self, time: &str) {
        let renewed = Patch::Merge(json!({ "spec": { "renewTime": time } }));
        run_apart(async || {
            let (leases, parameters) = (self.leases().await, PatchParams::default());
            leases
                .patch(&self.name, &parameters, &renewed)
                .await
                .expect("renewed");
        });
    }
}

impl Drop for OldNode<'_> {
    fn drop(&mut self) {
        run_apart(async || {
            let nodes: Api<Node> = Api::all(client(&self.place.kubeconfig).await);
            let _ = nodes.delete(&self.name, &DeleteParams::default()).await;
            let _ = self
                .leases()
                .await
                .delete(&self.name, &DeleteParams::default())
                .await;
        });
    }
}

#[test]
fn a_node_that_was_ready_before_must_show_that_it_lives() {
    let Some(place) = Place::new() else { return };
    let since = "2026-01-01T00:00:00Z";
    let ended = place.wait(&["node", "--since", since]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let node = OldNode::add(&place);
    let ended = place.wait(&["node", &node.name]);
    assert_eq!(ended.code, 0, "what the API server has of it: {}", ended.stderr);
    let ended = place.wait(&["node", &node.name, "--since", since, "--timeout", "1s"]);
    assert_eq!(ended.code, 124, "{}", ended.stderr);
    assert_eq!(ended.document["last_cause"]["word"], "not_heard_of");
    // One renewal may be of a kubelet that has not looked at its state yet; with the next one it has.
    node.renew("2026-01-02T00:00:00.000000Z");
    let ended = place.wait(&["node", &node.name, "--since", since, "--timeout", "1s"]);
    assert_eq!(ended.code, 124, "{}", ended.stderr);
    let mut waiting = place.command(&["node", &node.name, "--since", since, "--timeout", "20s"]);
    let mut child = waiting
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the tool starts");
    for tick in 1.. {
        if child.try_wait().expect("its state").is_some() {
            break;
        }
        node.renew(&format!("2026-01-02T00:00:10.{tick:06}Z"));
    }
    let ended = read(&waiting, &child.wait_with_output().expect("it ends"));
    assert_eq!(ended.code, 0, "{}", ended.stderr);
}

/// A figure, printed: how soon a watch tells of a Secret that is made 1 s (and, where sweeps are thorough, 10 s and 30 s) after
/// the wait began.
#[test]
fn a_secret_that_is_made_is_seen_soon() {
    let Some(place) = Place::new() else { return };
    let delays: &[u64] = if is_thorough() { &[1, 10, 30] } else { &[1] };
    for delay in delays {
        seen_soon(&place, Duration::from_secs(*delay));
    }
}

fn seen_soon(place: &Place, delay: Duration) {
    let mut found = Vec::new();
    for number in 0..5 {
        let name = format!("late-{}-{number}", delay.as_secs());
        let mut waiting = place.command(&["secret", &name]);
        let child = waiting
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the tool starts");
        std::thread::sleep(delay);
        let begun = Instant::now();
        place.make_secret(&name);
        let output = child.wait_with_output().expect("it ends");
        found.push(begun.elapsed());
        let ended = read(&waiting, &output);
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        // One list, one event: nothing was polled, but for a watch that is asked for anew.
        let attempts = ended.document["attempts"].as_u64().expect("a number");
        assert!(attempts <= 2 + delay.as_secs() / 20, "{}", ended.document);
    }
    found.sort();
    println!(
        "a Secret, made after {delay:?}: {:?} (median of 5) from its create until seen and ended",
        found[2]
    );
}

#[test]
fn errors_of_the_api_server_are_waited_out_and_no_absence() {
    let Some(place) = Place::new() else { return };
    place.make_secret("s");
    let proxy = FaultProxy::before(&place.kubeconfig);
    for fault in [
        Fault::Status(500),
        Fault::Cut,
        Fault::NotFoundOther,
        Fault::Truncated,
        Fault::Status(403),
    ] {
        proxy.inject(fault, When::At(1));
        let ended = run(command(
            proxy.kubeconfig(),
            place.namespace.name(),
            &["secret", "s"],
        ));
        assert_eq!(ended.code, 0, "{fault:?}: {}", ended.stderr);
    }
    proxy.inject(Fault::RetryAfter(3), When::At(1));
    let words = ["secret", "s"];
    let ended = run(command(proxy.kubeconfig(), place.namespace.name(), &words));
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let waited = ended.document["waited_ms"].as_u64().expect("a number");
    assert!(waited >= 3000, "asked again after {waited} ms");
    for (fault, code) in [(Fault::Cut, 69), (Fault::NotFoundOther, 124)] {
        proxy.inject(fault, When::From(1));
        let words = ["secret", "s", "--timeout", "1s"];
        let ended = run(command(proxy.kubeconfig(), place.namespace.name(), &words));
        assert_eq!(ended.code, code, "{fault:?}: {}", ended.stderr);
        assert_ne!(ended.document["last_cause"]["word"], "absent", "{fault:?}");
    }
}
