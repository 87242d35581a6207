//! Tables and properties of the plan.

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::observe::nodes::Nodes;
use crate::observe::{Attachment, BoundPod};

fn bound_pod(name: &str, node: &str, controlled: bool) -> Pod {
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

fn pod(name: &str, node: &str, controlled: bool) -> BoundPod {
    bound_pod(name, node, controlled).into()
}

fn volume(name: &str, provisioner: &str, hosts: &[&str]) -> PersistentVolume {
    serde_json::from_value(json!({
        "metadata": {"name": name, "uid": format!("uid-{name}"),
                     "annotations": {"pv.kubernetes.io/provisioned-by": provisioner}},
        "spec": {
            "hostPath": {"path": format!("/storage/{name}")},
            "claimRef": {"namespace": "n", "name": format!("claim-{name}"), "uid": "c"},
            "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [
                {"key": "kubernetes.io/hostname", "operator": "In", "values": hosts}]}]}},
        },
    }))
    .unwrap()
}

fn local(name: &str, host: &str) -> PersistentVolume {
    volume(name, "rancher.io/local-path", &[host])
}

fn node(name: &str) -> ObservedNode {
    ObservedNode {
        name: name.to_owned(),
        uid: format!("uid-{name}"),
        hostname: format!("{name}-host"),
        has_lease: true,
    }
}

/// Node `new` lives, node `old` does not; their hostnames end in `-host`.
fn observed() -> Observed {
    Observed {
        nodes: Nodes {
            keep: Some(node("new")),
            live: vec![node("new")],
            stale: vec![node("old")],
        },
        ..Observed::default()
    }
}

fn moved(plan: &Plan) -> Vec<String> {
    plan.volumes.iter().map(volume_name).collect()
}

#[test]
fn a_stale_node_goes_with_its_pods_and_its_volumes_move() {
    let attachment = |node: &str| Attachment {
        name: format!("attached-to-{node}"),
        node: node.to_owned(),
    };
    let plan = plan(&Observed {
        pods: vec![pod("a", "old", true), pod("b", "new", true)],
        volumes: vec![
            local("v", "old-host"),
            local("w", "new-host"),
            volume("free", "kubernetes.io/host-path", &[]),
        ],
        attachments: vec![attachment("old"), attachment("new")],
        node_passwords: ["old.node-password.k3s", "new.node-password.k3s"]
            .map(str::to_owned)
            .into(),
        ..observed()
    });
    assert_eq!(plan.pods.len(), 1);
    assert_eq!(plan.pods[0].uid, "uid-a");
    assert_eq!(moved(&plan), ["v"]);
    assert!(plan.left.is_empty());
    let objects: Vec<String> = plan.actions().into_iter().map(|action| action.object).collect();
    assert_eq!(
        objects,
        [
            "pod n/a",
            "persistentvolume v",
            "volumeattachment attached-to-old",
            "secret kube-system/old.node-password.k3s",
            "lease kube-node-lease/old",
            "node old",
        ]
    );
}

#[test]
fn the_node_password_of_the_former_container_comes_before_all_else_and_beside_other_living_nodes_too() {
    let password = |node: &str| node_password::name_of(node);
    let mut observed = Observed {
        pods: vec![pod("a", "old", true)],
        node_passwords: ["old", "new"].map(password).into(),
        ..observed()
    };
    let objects = |observed: &Observed| -> Vec<String> {
        let actions = plan(observed).actions();
        actions.into_iter().map(|action| action.object).collect()
    };
    assert!(!objects(&observed).contains(&"secret kube-system/new.node-password.k3s".to_owned()));
    observed.kept_password = Some(NodePassword {
        name: password("new"),
        uid: "u".to_owned(),
        created: None,
    });
    assert_eq!(objects(&observed)[0], "secret kube-system/new.node-password.k3s");
    observed.nodes.live.push(node("other"));
    assert_eq!(objects(&observed), ["secret kube-system/new.node-password.k3s"]);
}

#[test]
fn what_is_not_understood_stays_and_keeps_its_node() {
    let with_volume = |volume| Observed {
        volumes: vec![volume],
        ..observed()
    };
    let other_form: PersistentVolume = serde_json::from_value(json!({
        "metadata": {"name": "v", "annotations": {"pv.kubernetes.io/provisioned-by": "rancher.io/local-path"}},
        "spec": {"hostPath": {"path": "/p"}, "nodeAffinity": {"required": {"nodeSelectorTerms": [
            {"matchExpressions": [{"key": "kubernetes.io/hostname", "operator": "In", "values": ["old-host"]},
                                  {"key": "zone", "operator": "Exists"}]}]}}},
    }))
    .unwrap();
    for (observed, reason) in [
        (
            Observed {
                pods: vec![pod("a", "old", false)],
                ..observed()
            },
            "bare_pods",
        ),
        (
            with_volume(volume("v", "example.com/other", &["old-host"])),
            "volume_not_understood",
        ),
        (
            with_volume(volume("v", "rancher.io/local-path", &["old-host", "older"])),
            "volume_not_understood",
        ),
        (with_volume(other_form), "volume_not_understood"),
        (
            Observed {
                skip_volumes: true,
                ..with_volume(local("v", "old-host"))
            },
            "volumes_skipped",
        ),
    ] {
        let plan = plan(&observed);
        assert_eq!(plan.left.len(), 1);
        assert_eq!(plan.left[0].reason.map(|it| it.word), Some(reason));
        assert!(plan.actions().is_empty(), "{:?}", plan.actions());
    }
}

#[test]
fn bare_pods_go_where_that_was_asked_for_and_mirror_pods_always() {
    let mut mirror = bound_pod("m", "old", false);
    mirror.metadata.annotations = Some([("kubernetes.io/config.mirror".to_owned(), "x".to_owned())].into());
    let bare = Observed {
        pods: vec![pod("a", "old", false), mirror.into()],
        ..observed()
    };
    assert_eq!(plan(&bare).pods.len(), 1);
    let plan = plan(&Observed {
        delete_bare_pods: true,
        ..bare
    });
    assert_eq!((plan.pods.len(), plan.nodes.len(), plan.left.len()), (2, 1, 0));
}

#[test]
fn beside_another_living_node_nothing_is_removed_unless_that_was_asked_for() {
    let mut observed = Observed {
        pods: vec![pod("a", "old", true)],
        volumes: vec![local("v", "old-host"), local("w", "other-host")],
        ..observed()
    };
    observed.nodes.live.push(node("other"));
    let nothing = plan(&observed);
    assert!(nothing.actions().is_empty());
    assert_eq!(nothing.left[0].object, "node old");
    assert_eq!(nothing.left[0].reason, None, "it was not asked for: no failure");
    observed.allow_multi_node = true;
    let plan = plan(&observed);
    assert_eq!((plan.pods.len(), plan.nodes.len()), (1, 1));
    assert_eq!(moved(&plan), ["v"]);
}

#[test]
fn a_volume_whose_node_does_not_exist_moves_and_one_not_understood_is_named_where_a_pod_waits_for_it() {
    let mut observed = Observed {
        volumes: vec![local("v", "gone"), volume("w", "example.com/other", &["gone"])],
        ..observed()
    };
    observed.nodes.stale.clear();
    let quiet = plan(&observed);
    assert_eq!(moved(&quiet), ["v"]);
    assert!(quiet.left.is_empty());
    let waiting = |claim: &str| {
        serde_json::from_value(json!({
            "metadata": {"name": format!("needs-{claim}"), "namespace": "n"},
            "spec": {"containers": [], "volumes": [{"name": "x", "persistentVolumeClaim": {"claimName": claim}}]},
        }))
        .unwrap()
    };
    observed.pending = vec![waiting("claim-v"), waiting("claim-w")];
    let plan = plan(&observed);
    assert_eq!(plan.left[0].object, "persistentvolume w");
    assert!(plan.left[0].why.ends_with("; pod n/needs-claim-w waits for it"));
    let reason = &plan.actions()[0].reason;
    assert!(reason.ends_with("; pod n/needs-claim-v waits for it"), "{reason}");
}

#[test]
fn a_move_that_was_begun_is_completed_once_and_waits_for_a_node_where_none_is_known() {
    let begun = Begun {
        uid: "uid-v".to_owned(),
        volume: local("v", "old-host"),
    };
    let mut observed = Observed {
        volumes: vec![local("v", "old-host")],
        begun: vec![begun],
        ..observed()
    };
    let completing = plan(&observed);
    assert_eq!((completing.begun.len(), completing.volumes.len()), (1, 0));
    observed.nodes.keep = None;
    let waiting = plan(&observed);
    assert!(waiting.begun.is_empty() && waiting.actions().is_empty());
    assert_eq!(waiting.left[0].reason, Some(NO_LIVE_NODE));
}

proptest! {
    #[test]
    fn nothing_outside_stale_and_absent_nodes_is_ever_planned(
        pods in prop::collection::vec(("[a-d]", prop::sample::select(vec!["old", "new", "other"]), any::<bool>()), 0..8),
        volumes in prop::collection::vec(
            ("[a-d]", prop::sample::select(vec!["old-host", "new-host", "other-host", "gone"]), any::<bool>()), 0..8),
        several: bool,
        allow_multi_node: bool,
        delete_bare_pods: bool,
        skip_volumes: bool,
    ) {
        let provisioner = |known| if known { "rancher.io/local-path" } else { "example.com/other" };
        let mut observed = Observed {
            pods: pods.iter().map(|(name, node, controlled)| pod(name, node, *controlled)).collect(),
            volumes: volumes.iter().map(|(name, host, known)| volume(name, provisioner(*known), &[host])).collect(),
            allow_multi_node,
            delete_bare_pods,
            skip_volumes,
            ..observed()
        };
        if several {
            observed.nodes.live.push(node("other"));
        }
        let plan = plan(&observed);
        let on_old = observed.pods.iter().filter(|pod| pod.node == "old").count();
        prop_assert!(plan.pods.len() <= on_old);
        let lives = |volume: &PersistentVolume| match binding(volume) {
            Binding::Host(host) => host == "new-host" || (several && host == "other-host"),
            _ => true,
        };
        prop_assert!(plan.volumes.iter().all(|volume| !lives(volume)));
        prop_assert!(plan.nodes.iter().all(|node| node.name == "old"));
        // A node that is deleted leaves nothing behind that is bound to it.
        if !plan.nodes.is_empty() {
            prop_assert_eq!(plan.pods.len(), on_old);
            let of_old = |volume: &&PersistentVolume| binding(volume) == Binding::Host("old-host".to_owned());
            prop_assert_eq!(plan.volumes.iter().filter(of_old).count(), observed.volumes.iter().filter(of_old).count());
        }
        if several && !allow_multi_node {
            prop_assert!(plan.actions().is_empty());
        }
    }
}
