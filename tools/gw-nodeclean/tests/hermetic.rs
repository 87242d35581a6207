//! The tool against an API server that the test plays.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use cluster_fixture::{FakeApi, Fault, FaultProxy, When};
use serde_json::{Value, json};
use tool_document::{Run, check, run};

const KEEP: &str = "living";
const VOLUME: &str = "/api/v1/persistentvolumes/v";
const JOURNAL: &str = "/api/v1/namespaces/kube-system/configmaps/openshell-move-old-uid";
const HEARD: &str = "2026-01-02T00:00:00Z";

/// With one node, which was heard of at [`HEARD`] and never again.
fn api() -> FakeApi {
    let api = FakeApi::start();
    let ready = json!({ "type": "Ready", "status": "True", "lastHeartbeatTime": HEARD });
    api.put(
        &format!("/api/v1/nodes/{KEEP}"),
        json!({ "metadata": { "name": KEEP }, "status": { "conditions": [ready] } }),
    );
    api.put(
        &format!("/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/{KEEP}"),
        json!({ "metadata": { "name": KEEP }, "spec": { "renewTime": "2026-01-02T00:00:00.000000Z" } }),
    );
    api
}

fn volume(uid: &str, host: &str) -> Value {
    json!({
        "metadata": { "name": "v", "uid": uid,
                      "annotations": { "pv.kubernetes.io/provisioned-by": "rancher.io/local-path" } },
        "spec": {
            "capacity": { "storage": "1Mi" }, "accessModes": ["ReadWriteOnce"], "hostPath": { "path": "/p" },
            "persistentVolumeReclaimPolicy": "Delete",
            "nodeAffinity": { "required": { "nodeSelectorTerms": [{ "matchExpressions": [
                { "key": "kubernetes.io/hostname", "operator": "In", "values": [host] }] }] } },
        },
    })
}

fn clean(kubeconfig: &Path, flags: &[&str]) -> Run {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gw-nodeclean"));
    command
        .args(["--keep", KEEP, "--kubeconfig"])
        .arg(kubeconfig)
        .args(flags);
    let ended = run(command);
    check(&ended, include_str!("../schema.json"));
    ended
}

const SINCE: [&str; 2] = ["--since", "2026-01-01T00:00:00Z"];

/// A run was killed after it had made the volume's new object. What the next one sends to the old object meets the new one.
#[test]
fn a_move_whose_new_object_is_there_is_completed_whatever_is_said_of_its_uid() {
    for uids_are_invalid in [true, false] {
        let api = api();
        if uids_are_invalid {
            api.calls_other_uids_invalid();
        }
        api.put(VOLUME, volume("new-uid", KEEP));
        let old = volume("old-uid", "gone").to_string();
        api.put(
            JOURNAL,
            json!({ "metadata": { "name": "openshell-move-old-uid", "labels": { "dev.openshell.volume-move": "begun" } },
                    "data": { "uid": "old-uid", "volume": old } }),
        );
        let before = api.dump(VOLUME);
        let ended = clean(api.kubeconfig(), &SINCE);
        assert_eq!(ended.code, 0, "{}", ended.stderr);
        assert_eq!(ended.document["volumes_rebound"], json!(["v"]));
        assert_eq!(api.dump(VOLUME), before, "the new object was written");
        assert!(api.get(JOURNAL).is_none(), "the journal is left");
        assert_eq!(clean(api.kubeconfig(), &SINCE).document["changed"], false);
    }
}

/// The same answer about the very object that is meant is a refusal.
#[test]
fn a_volume_that_the_api_server_would_not_change_is_named_and_kept() {
    let api = api();
    api.put(VOLUME, volume("old-uid", "gone"));
    let before = api.dump(VOLUME);
    let proxy = FaultProxy::before(api.kubeconfig());
    // The first write is the rehearsal.
    proxy.inject(Fault::Status(422), When::AtWrite(2));
    let ended = clean(proxy.kubeconfig(), &SINCE);
    assert_eq!(
        (ended.code, ended.reason()),
        (1, "volume_refused"),
        "{}",
        ended.stderr
    );
    assert_eq!(api.dump(VOLUME), before);
}

#[test]
fn what_retry_after_asks_for_is_granted() {
    let api = api();
    let proxy = FaultProxy::before(api.kubeconfig());
    proxy.inject(Fault::RetryAfter(3), When::At(2));
    let begun = Instant::now();
    let ended = clean(proxy.kubeconfig(), &SINCE);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let took = begun.elapsed();
    assert!(took >= Duration::from_secs(3), "asked again within {took:?}");
}

/// What the API server has of a node may be from before its container was started again.
#[test]
fn a_node_that_was_ready_before_must_show_that_it_lives() {
    let api = api();
    api.put(VOLUME, volume("old-uid", "gone"));
    let before = api.dump("/");
    let later = ["--since", "2026-01-03T00:00:00Z", "--timeout", "2s"];
    let ended = clean(api.kubeconfig(), &later);
    assert_eq!(ended.code, 124, "{}", ended.stderr);
    assert!(ended.stderr.contains("from before --since"), "{}", ended.stderr);
    let watched = ["--grace", "1s"];
    let ended = clean(api.kubeconfig(), &watched);
    assert_eq!(
        (ended.code, ended.reason()),
        (1, "no_live_node"),
        "{}",
        ended.stderr
    );
    assert_eq!(api.dump("/"), before, "something was written");
}
