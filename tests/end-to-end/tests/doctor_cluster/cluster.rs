//! Faults of the node and of what it keeps.

use serde_json::json;

use crate::scene::{Fault, Heal, Scene};

/// Long before any gateway was started.
const LONG_AGO: &str = "2020-01-01T00:00:00.000000Z";

pub fn faults() -> Vec<Fault> {
    vec![
        Fault {
            cause: "dns_broken",
            object: "container openshell-cluster-",
            inject: |scene| {
                scene.inside(
                    "cp /etc/resolv.conf /tmp/resolv.conf; echo nameserver 192.0.2.1 >/etc/resolv.conf",
                );
            },
            heal: Heal::ByHand(|scene| {
                scene.inside("cat /tmp/resolv.conf >/etc/resolv.conf");
            }),
            is_slow: false,
        },
        Fault {
            cause: "node_pressure",
            object: "node openshell-",
            inject: pressure,
            heal: Heal::ByHand(no_pressure),
            is_slow: false,
        },
        Fault {
            cause: "node_stale",
            object: "node gone",
            inject: stale_node,
            heal: Heal::ByAdvice,
            is_slow: true,
        },
        Fault {
            cause: "claim_lost",
            object: "persistentvolumeclaim openshell/lost",
            inject: lost_claim,
            heal: Heal::ByHand(|scene| {
                scene.inside("kubectl -n openshell delete pvc lost");
            }),
            is_slow: true,
        },
    ]
}

/// A threshold that every machine is below makes the kubelet report pressure; a day of grace keeps it from evicting.
fn pressure(scene: &Scene) {
    scene.inside(
        r#"cp /run/openshell/kubelet.json /tmp/kubelet.json
        sed -i 's/"evictionHard":/"evictionSoft":{"memory.available":"1000Gi"},"evictionSoftGracePeriod":{"memory.available":"24h"},"evictionPressureTransitionPeriod":"1s",&/' /run/openshell/kubelet.json"#,
    );
    restart_kubelet(scene);
    scene.awaits("the node reports pressure", &format!("{MEMORY} | grep -q True"));
}

fn no_pressure(scene: &Scene) {
    scene.inside("cp /tmp/kubelet.json /run/openshell/kubelet.json");
    restart_kubelet(scene);
    scene.awaits("the node reports none", &format!("{MEMORY} | grep -q False"));
}

const MEMORY: &str =
    r#"kubectl get nodes -o jsonpath='{.items[*].status.conditions[?(@.type=="MemoryPressure")].status}'"#;

/// The node's own supervisor starts it again.
fn restart_kubelet(scene: &Scene) {
    scene.inside(r#"for p in /proc/[0-9]*; do [ "$(cat $p/comm)" != kubelet ] || kill ${p#/proc/}; done"#);
}

/// A node whose container is gone, with a pod that cannot end there.
fn stale_node(scene: &Scene) {
    let old = json!([{ "type": "Ready", "status": "Unknown", "lastHeartbeatTime": LONG_AGO, "lastTransitionTime": LONG_AGO }]);
    scene.apply(&json!({
        "apiVersion": "v1", "kind": "List", "items": [
            { "apiVersion": "v1", "kind": "Node", "metadata": { "name": "gone", "labels": { "kubernetes.io/hostname": "gone" } },
              "status": { "conditions": old } },
            { "apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": { "name": "gone", "namespace": "kube-node-lease" },
              "spec": { "holderIdentity": "gone", "leaseDurationSeconds": 40, "renewTime": LONG_AGO } },
            { "apiVersion": "v1", "kind": "ConfigMap", "metadata": { "name": "owner", "namespace": "openshell" } },
        ]
    }));
    let uid = scene.inside("kubectl -n openshell get configmap owner -o jsonpath='{.metadata.uid}'");
    let owner =
        json!({ "apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": uid, "controller": true });
    scene.apply(&json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": { "name": "stuck", "namespace": "openshell", "ownerReferences": [owner] },
        "spec": { "nodeName": "gone", "containers": [{ "name": "c", "image": "openshell/pause:1" }] },
    }));
    scene.inside("kubectl -n openshell delete pod stuck --wait=false; kubectl -n openshell get pod stuck");
}

/// A claim whose volume was deleted under it.
fn lost_claim(scene: &Scene) {
    let capacity = json!({ "storage": "1Mi" });
    scene.apply(&json!({
        "apiVersion": "v1", "kind": "List", "items": [
            { "apiVersion": "v1", "kind": "PersistentVolume", "metadata": { "name": "lost" },
              "spec": { "capacity": capacity, "accessModes": ["ReadWriteOnce"], "storageClassName": "none",
                        "persistentVolumeReclaimPolicy": "Retain", "hostPath": { "path": "/tmp/lost" } } },
            { "apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": { "name": "lost", "namespace": "openshell" },
              "spec": { "accessModes": ["ReadWriteOnce"], "storageClassName": "none", "volumeName": "lost",
                        "resources": { "requests": capacity } } },
        ]
    }));
    let phase = "kubectl -n openshell get pvc lost -o jsonpath='{.status.phase}'";
    scene.awaits("the claim is bound", &format!("{phase} | grep -q Bound"));
    scene.inside(
        r#"kubectl delete pv lost --wait=false; kubectl patch pv lost --type merge -p '{"metadata":{"finalizers":null}}'"#,
    );
    scene.awaits("the claim is lost", &format!("{phase} | grep -q Lost"));
}
