use super::*;
use serde::de::DeserializeOwned;
use serde_json::Value;

const STORAGE: &str = "/var/lib/rancher/k3s/storage";

fn from<T: DeserializeOwned>(value: Value) -> T {
    serde_json::from_value(value).expect("an object of its kind")
}

fn class() -> Value {
    json!({"metadata": {"name": "local-path"}, "provisioner": PROVISIONER, "reclaimPolicy": "Delete"})
}

fn claim() -> Value {
    json!({
        "metadata": {"name": "data", "namespace": "ns", "uid": "u1", "annotations": {SELECTED_NODE: "here"}},
        "spec": {
            "accessModes": ["ReadWriteOnce"], "storageClassName": "local-path",
            "resources": {"requests": {"storage": "1Gi"}},
        },
    })
}

fn volume() -> Value {
    json!({
        "metadata": {"name": "pvc-u0", "uid": "v0", "annotations": {PROVISIONED_BY: PROVISIONER}},
        "spec": {
            "claimRef": {"namespace": "ns", "name": "old", "uid": "u0"},
            "hostPath": {"path": format!("{STORAGE}/pvc-u0_ns_old")},
            "nodeAffinity": {"required": {"nodeSelectorTerms": [
                {"matchExpressions": [{"key": HOSTNAME, "operator": "In", "values": ["here"]}]},
            ]}},
            "persistentVolumeReclaimPolicy": "Delete",
        },
        "status": {"phase": "Released"},
    })
}

fn steps(claims: Vec<Value>, volumes: Vec<Value>) -> Vec<Step> {
    let observed = Observed {
        claims: claims.into_iter().map(from).collect(),
        volumes: volumes.into_iter().map(from).collect(),
        classes: vec![from(class())],
    };
    plan(&observed, "here", Path::new(STORAGE))
}

fn with(mut object: Value, pointer: &str, value: Value) -> Value {
    let (parent, key) = pointer.rsplit_once('/').expect("a pointer");
    object.pointer_mut(parent).expect("a parent")[key] = value;
    object
}

#[test]
fn a_claim_of_this_node_gets_a_volume_as_k3s_makes_it() {
    let steps = steps(vec![claim()], vec![]);
    let [Step::Provision { folder, volume }] = steps.as_slice() else {
        panic!("{steps:?}")
    };
    assert_eq!(
        folder.to_str(),
        Some("/var/lib/rancher/k3s/storage/pvc-u1_ns_data")
    );
    let made = serde_json::to_value(volume).unwrap();
    assert_eq!(made["metadata"]["name"], "pvc-u1");
    assert_eq!(made["metadata"]["annotations"][PROVISIONED_BY], PROVISIONER);
    let spec = &made["spec"];
    assert_eq!(spec["claimRef"]["uid"], "u1");
    assert_eq!(spec["capacity"]["storage"], "1Gi");
    assert_eq!(
        spec["hostPath"],
        json!({"path": folder, "type": "DirectoryOrCreate"})
    );
    assert_eq!(spec["persistentVolumeReclaimPolicy"], "Delete");
    assert!(is_of_node(volume, "here") && !is_of_node(volume, "there"));
}

#[test]
fn other_claims_are_left_alone() {
    for (pointer, value) in [
        ("/metadata/annotations", json!({})),
        ("/metadata/annotations", json!({SELECTED_NODE: "there"})),
        ("/metadata/deletionTimestamp", json!("2026-01-01T00:00:00Z")),
        ("/spec/storageClassName", json!("another")),
        ("/spec/volumeName", json!("pvc-u1")),
    ] {
        assert_eq!(
            steps(vec![with(claim(), pointer, value)], vec![]),
            [],
            "{pointer}"
        );
    }
    let existing = json!({"metadata": {"name": "pvc-u1"}});
    assert_eq!(steps(vec![claim()], vec![existing]), [], "the volume exists");
}

#[test]
fn what_a_folder_cannot_be_is_refused() {
    for (pointer, value) in [
        ("/spec/accessModes", json!(["ReadWriteMany"])),
        ("/spec/selector", json!({})),
        ("/spec/volumeMode", json!("Block")),
    ] {
        let steps = steps(vec![with(claim(), pointer, value)], vec![]);
        assert!(
            matches!(steps.as_slice(), [Step::Refuse { .. }]),
            "{pointer}: {steps:?}"
        );
    }
}

#[test]
fn a_released_volume_is_removed() {
    let folder = PathBuf::from(STORAGE).join("pvc-u0_ns_old");
    let expected = Step::Remove {
        folder,
        name: "pvc-u0".to_owned(),
        uid: "v0".to_owned(),
    };
    assert_eq!(steps(vec![], vec![volume()]), [expected]);
}

#[test]
fn a_volume_is_kept_where_anything_speaks_for_it() {
    let affinity = json!({"required": {"nodeSelectorTerms": [
        {"matchExpressions": [{"key": HOSTNAME, "operator": "In", "values": ["there"]}]},
    ]}});
    for (pointer, value) in [
        ("/status/phase", json!("Bound")),
        ("/status/phase", json!("Available")),
        ("/spec/persistentVolumeReclaimPolicy", json!("Retain")),
        ("/spec/nodeAffinity", affinity),
        ("/spec/nodeAffinity", Value::Null),
        ("/spec/claimRef", Value::Null),
        ("/metadata/annotations", json!({PROVISIONED_BY: "another"})),
        ("/metadata/annotations", Value::Null),
        ("/metadata/deletionTimestamp", json!("2026-01-01T00:00:00Z")),
        ("/spec/hostPath/path", json!("/etc/pvc-u0_ns_old")),
        ("/spec/hostPath/path", json!(format!("{STORAGE}/pvc-u1_ns_old"))),
        ("/spec/hostPath/path", json!(format!("{STORAGE}/x/pvc-u0_ns_old"))),
        (
            "/spec/hostPath/path",
            json!(format!("{STORAGE}/../storage/pvc-u0_ns_old")),
        ),
        ("/spec/hostPath/path", json!(STORAGE)),
    ] {
        assert_eq!(
            steps(vec![], vec![with(volume(), pointer, value.clone())]),
            [],
            "{pointer} {value}"
        );
    }
    let back = with(claim(), "/metadata/uid", json!("u0"));
    let kept = steps(vec![back], vec![volume()]);
    assert_eq!(kept, [], "its claim is back");
}
