//! Tables and properties of the plan.

use proptest::prelude::*;
use serde_json::json;

use super::*;

fn pod(name: &str, node: &str, controlled: bool) -> Pod {
    let owners = if controlled {
        json!([{"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "s", "uid": "o", "controller": true}])
    } else {
        json!([])
    };
    serde_json::from_value(json!({
        "metadata": {"name": name, "namespace": "n", "uid": format!("uid-{name}"), "ownerReferences": owners},
        "spec": {"nodeName": node, "containers": []},
    }))
    .unwrap()
}

fn volume(name: &str, provisioner: &str, hosts: &[&str]) -> PersistentVolume {
    serde_json::from_value(json!({
        "metadata": {"name": name, "annotations": {"pv.kubernetes.io/provisioned-by": provisioner}},
        "spec": {
            "hostPath": {"path": format!("/storage/{name}")},
            "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [
                {"key": "kubernetes.io/hostname", "operator": "In", "values": hosts}]}]}},
        },
    }))
    .unwrap()
}

fn seen() -> Seen {
    Seen {
        keep: "new".to_owned(),
        live: vec!["new".to_owned()],
        stale: vec!["old".to_owned()],
        ..Seen::default()
    }
}

#[test]
fn a_stale_node_goes_with_its_pods_and_its_volumes_move() {
    let plan = plan(&Seen {
        pods: vec![pod("a", "old", true), pod("b", "new", true)],
        volumes: vec![
            volume("v", "rancher.io/local-path", &["old"]),
            volume("w", "rancher.io/local-path", &["new"]),
        ],
        ..seen()
    });
    assert_eq!(plan.pods.len(), 1);
    assert_eq!(plan.pods[0].uid, "uid-a");
    assert_eq!(plan.volumes.iter().map(name_of).collect::<Vec<_>>(), ["v"]);
    assert_eq!(plan.nodes, ["old"]);
    assert!(plan.left.is_empty());
}

#[test]
fn what_is_not_understood_stays_and_keeps_its_node() {
    let skipped = Seen {
        skip_volumes: true,
        volumes: vec![volume("v", "rancher.io/local-path", &["old"])],
        ..seen()
    };
    for (seen, reason) in [
        (
            Seen {
                pods: vec![pod("a", "old", false)],
                ..seen()
            },
            "bare_pods",
        ),
        (
            Seen {
                volumes: vec![volume("v", "example.com/other", &["old"])],
                ..seen()
            },
            "volume_not_understood",
        ),
        (
            Seen {
                volumes: vec![volume("v", "rancher.io/local-path", &["old", "older"])],
                ..seen()
            },
            "volume_not_understood",
        ),
        (skipped, "volumes_skipped"),
    ] {
        let plan = plan(&seen);
        assert_eq!(plan.left.len(), 1);
        assert_eq!(plan.left[0].reason, reason);
        assert!(plan.nodes.is_empty() && plan.volumes.is_empty() && plan.pods.is_empty());
    }
}

#[test]
fn bare_pods_go_where_that_was_asked_for() {
    let plan = plan(&Seen {
        pods: vec![pod("a", "old", false)],
        delete_bare_pods: true,
        ..seen()
    });
    assert_eq!((plan.pods.len(), plan.nodes.len(), plan.left.len()), (1, 1, 0));
}

proptest! {
    #[test]
    fn nothing_outside_stale_nodes_is_ever_planned(
        pods in prop::collection::vec(("[a-d]", prop::sample::select(vec!["old", "new", "other"]), any::<bool>()), 0..8),
        volumes in prop::collection::vec(("[a-d]", prop::sample::select(vec!["old", "new", "other"]), any::<bool>()), 0..8),
        delete_bare_pods: bool,
        skip_volumes: bool,
    ) {
        let provisioner = |known| if known { "rancher.io/local-path" } else { "example.com/other" };
        let seen = Seen {
            pods: pods.iter().map(|(name, node, controlled)| pod(name, node, *controlled)).collect(),
            volumes: volumes.iter().map(|(name, node, known)| volume(name, provisioner(*known), &[node])).collect(),
            delete_bare_pods,
            skip_volumes,
            ..seen()
        };
        let plan = plan(&seen);
        let on_old = seen.pods.iter().filter(|pod| node_of(pod).is_some_and(|node| node == "old")).count();
        prop_assert!(plan.pods.len() <= on_old);
        prop_assert!(plan.volumes.iter().all(|volume| binding(volume) == Binding::Host("old".to_owned())));
        prop_assert!(plan.nodes.iter().all(|node| node == "old"));
        prop_assert!(plan.left.is_empty() || plan.nodes.is_empty());
        // Where no node is stale, nothing is done.
        let nothing_stale = super::plan(&Seen { stale: Vec::new(), ..seen });
        prop_assert!(nothing_stale.actions().is_empty());
    }
}
