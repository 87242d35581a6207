//! What must stay as it is, and what is named.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use cluster_fixture::{client, kubeconfig, run_apart};
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::{Node, PersistentVolume, Pod};
use kube::Api;
use kube::api::{Patch, PatchParams};
use serde_json::{Value, json};

use crate::stage::{Stage, node};

const LOCAL_PATH: &str = "rancher.io/local-path";

/// A kubelet as far as its Lease goes: renews it every 200 ms until it is dropped.
struct Kubelet {
    ends: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Kubelet {
    fn of(stage: &Stage, name: String) -> Self {
        let ends = Arc::new(AtomicBool::new(false));
        let (ended, kubeconfig) = (Arc::clone(&ends), stage.kubeconfig.clone());
        let thread = std::thread::spawn(move || {
            run_apart(async || {
                let leases: Api<Lease> = Api::namespaced(client(&kubeconfig).await, "kube-node-lease");
                let mut tick = 0;
                while !ended.load(Ordering::SeqCst) {
                    tick += 1;
                    // Its clock is years behind: only that the time changes counts.
                    let time = format!("2021-01-01T00:00:00.{tick:06}Z");
                    let renewed = Patch::Merge(json!({ "spec": { "renewTime": time } }));
                    leases
                        .patch(&name, &PatchParams::default(), &renewed)
                        .await
                        .expect("renewed");
                    tokio::time::sleep(Duration::from_millis(200)).await;
                }
            });
        });
        Self {
            ends,
            thread: Some(thread),
        }
    }
}

impl Drop for Kubelet {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::SeqCst);
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

fn left(document: &Value) -> Vec<&str> {
    let left = document["left"].as_array().expect("a list");
    left.iter().filter_map(|left| left["object"].as_str()).collect()
}

#[test]
fn beside_a_second_living_node_nothing_is_touched() {
    let Some(kubeconfig) = kubeconfig() else { return };
    let stage = Stage::set(kubeconfig);
    let (other, stale) = (stage.name("other"), stage.name("stale"));
    run_apart(async || {
        let client = client(&stage.kubeconfig).await;
        let owner = stage.owner(&client).await;
        for name in [&other, &stale] {
            stage.add_node(&client, name).await;
            let pod = stage.pod(&format!("on-{name}"), name, Some(&owner));
            stage.add::<Pod>(&client, pod).await;
            stage.add_volume(&client, name, name, name, LOCAL_PATH).await;
        }
    });
    let kubelet = Kubelet::of(&stage, other.clone());
    let before = stage.versions();
    let since = ["--since", "2026-01-01T00:00:00Z"];
    let without_since = ["--grace", "2s"];
    for flags in [&since[..], &without_since] {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_gw-nodeclean"));
        command
            .args(["--keep", &stage.keep, "--kubeconfig"])
            .arg(&stage.kubeconfig)
            .args(flags);
        let ended = tool_document::run(command);
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        assert!(
            ended.stderr.contains("more than one node lives"),
            "{}",
            ended.stderr
        );
        assert_eq!(ended.document["changed"], false);
        assert_eq!(ended.document["stale_nodes"], json!([stale]));
        assert_eq!(left(&ended.document), [format!("node {stale}")]);
        assert_eq!(stage.versions(), before);
    }

    // Where it is asked for, the stale one goes, and the living one keeps all that it has.
    let ended = stage.clean(&["--allow-multi-node"]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert_eq!(ended.document["stale_nodes"], json!([stale]));
    assert_eq!(ended.document["volumes_rebound"], json!([stale]));
    drop(kubelet);
    let after = stage.versions();
    let of_other = |lines: &[String]| -> Vec<String> {
        lines
            .iter()
            .filter(|line| line.contains(&other))
            .cloned()
            .collect()
    };
    assert_eq!(of_other(&after), of_other(&before));
    assert_eq!(of_other(&after).len(), 5, "{after:?}");
    assert!(
        !after
            .iter()
            .any(|line| line.starts_with(&format!("Node {stale}")))
    );
}

#[test]
fn what_is_not_understood_is_left_and_named() {
    let Some(kubeconfig) = kubeconfig() else { return };
    let stage = Stage::set(kubeconfig);
    let (stale, strange) = (stage.name("stale"), stage.name("strange"));
    let free = stage.name("free");
    run_apart(async || {
        let client = client(&stage.kubeconfig).await;
        stage.add_node(&client, &stale).await;
        stage.add::<Pod>(&client, stage.pod("bare", &stale, None)).await;
        stage
            .add_volume(&client, &strange, &stale, "strange", "example.com/other")
            .await;
        let mut volume = stage.volume(&free, "", "free", "kubernetes.io/host-path");
        volume["spec"]["nodeAffinity"] = Value::Null;
        stage.add::<PersistentVolume>(&client, volume).await;
    });
    let before = stage.versions();
    let ended = stage.clean(&[]);
    assert_eq!(
        (ended.code, ended.reason()),
        (1, "volume_not_understood"),
        "{}",
        ended.stderr
    );
    let (pod, volume) = (
        format!("pod {}/bare", stage.namespace.name()),
        format!("persistentvolume {strange}"),
    );
    assert_eq!(left(&ended.document), [&volume, &pod]);
    assert_eq!(ended.document["changed"], false);
    assert_eq!(stage.versions(), before, "something was written");

    let ended = stage.clean(&["--skip-volumes"]);
    assert_eq!(
        (ended.code, ended.reason()),
        (1, "volumes_skipped"),
        "{}",
        ended.stderr
    );
    let ended = stage.clean(&["--delete-bare-pods"]);
    assert_eq!(
        (ended.code, ended.reason()),
        (1, "volume_not_understood"),
        "{}",
        ended.stderr
    );
    assert_eq!(ended.document["pods_deleted"].as_array().map(Vec::len), Some(1));
    // Its node stays as long as a volume is bound to it.
    assert!(
        stage
            .versions()
            .iter()
            .any(|line| line.starts_with(&format!("Node {stale}")))
    );
}

#[test]
fn a_volume_whose_node_is_in_the_cluster_no_more_moves_without_a_stale_node() {
    let Some(kubeconfig) = kubeconfig() else { return };
    let stage = Stage::set(kubeconfig);
    let (gone, volume) = (stage.name("gone"), stage.name("volume"));
    let (claim, uid) = run_apart(async || {
        let client = client(&stage.kubeconfig).await;
        stage
            .add_volume(&client, &volume, &gone, "claim", LOCAL_PATH)
            .await;
        stage.bound(&client, "claim").await
    });
    let ended = stage.clean(&[]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert_eq!(ended.document["stale_nodes"], json!([]));
    assert_eq!(ended.document["volumes_rebound"], json!([volume]));
    let (claim_after, uid_after) =
        run_apart(async || stage.bound(&client(&stage.kubeconfig).await, "claim").await);
    assert_eq!(claim_after, claim);
    assert_ne!(uid_after, uid);
    assert_eq!(stage.clean(&[]).document["changed"], false);
}

/// A node that was only just registered has no Lease yet.
#[test]
fn a_node_that_was_registered_after_the_start_lives() {
    let Some(kubeconfig) = kubeconfig() else { return };
    let stage = Stage::set(kubeconfig);
    let young = stage.name("young");
    let mut node = node(&young);
    node["status"] = Value::Null;
    run_apart(async || {
        stage
            .add::<Node>(&client(&stage.kubeconfig).await, node.clone())
            .await
    });
    let ended = stage.clean(&[]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert_eq!(ended.document["stale_nodes"], json!([]));
    assert_eq!(ended.document["live_nodes"].as_array().map(Vec::len), Some(2));
}
