use jiff::Timestamp;
use proptest::prelude::*;

use super::plan::{Here, Lease, Observed, Plan, Pod, Sandbox, Server, own_holder, plan};

const NODE: &str = "here";
const CONTROLLER: &str = "sandbox-controller.agents.x-k8s.io";
const UUID: &str = "8a3c1de2-94c1-4f2d-9b44-0a1b2c3d4e5f";

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn here() -> Here {
    Here {
        node: NODE.to_owned(),
        booted: at(1000),
    }
}

fn server() -> Server {
    Server {
        namespace: "openshell".to_owned(),
        name: "openshell".to_owned(),
        port: Some(8080),
    }
}

fn sandbox() -> Sandbox {
    Sandbox {
        namespace: "openshell".to_owned(),
        name: "box".to_owned(),
        uid: "sandbox".to_owned(),
        wants_to_run: true,
        ended: false,
        named_pod: None,
        server: server(),
    }
}

/// Running, of before this start.
fn pod() -> Pod {
    Pod {
        namespace: "openshell".to_owned(),
        name: "box".to_owned(),
        uid: "pod".to_owned(),
        version: "7".to_owned(),
        hostname: "box".to_owned(),
        node: Some(NODE.to_owned()),
        owner: Some("sandbox".to_owned()),
        created: at(500),
        reported: true,
        restarts: false,
    }
}

fn controller_pod() -> Pod {
    Pod {
        name: "controller-1".to_owned(),
        uid: "controller".to_owned(),
        hostname: "controller-1".to_owned(),
        owner: Some("replica-set".to_owned()),
        restarts: true,
        ..pod()
    }
}

fn lease(name: &str, holder: &str) -> Lease {
    Lease {
        namespace: "openshell".to_owned(),
        name: name.to_owned(),
        uid: "lease".to_owned(),
        version: "8".to_owned(),
        holder: holder.to_owned(),
        renewed: None,
    }
}

fn held_by(name: &str) -> String {
    format!("{name}_{UUID}")
}

fn decide(sandbox: Sandbox, pod: Pod) -> Plan {
    let observed = Observed {
        sandboxes: vec![sandbox],
        pods: vec![pod, controller_pod()],
        leases: vec![lease(CONTROLLER, &held_by("controller-1"))],
    };
    plan(&observed, &here())
}

/// Which pods go, by name, and whether only as they were seen.
fn deleted(plan: &Plan) -> Vec<(&str, bool)> {
    plan.delete
        .iter()
        .map(|(pod, as_seen)| (pod.name.as_str(), *as_seen))
        .collect()
}

#[test]
fn a_pod_goes_if_its_sandbox_wants_to_run_and_something_of_it_may_have_run() {
    type Change = fn(&mut Sandbox, &mut Pod);
    type Situation<'a> = (&'a str, Change, &'a [(&'a str, bool)]);
    let table: &[Situation] = &[
        ("it ran", |_, _| {}, &[("box", false)]),
        (
            "created and not reported",
            |_, pod| pod.reported = false,
            &[("box", false)],
        ),
        (
            "made since this start",
            |_, pod| (pod.reported, pod.created) = (false, at(1001)),
            &[],
        ),
        (
            "reported, though the clock says that it is new",
            |_, pod| pod.created = at(1001),
            &[("box", false)],
        ),
        ("not bound to a node", |_, pod| pod.node = None, &[("box", true)]),
        (
            "on another node",
            |_, pod| pod.node = Some("there".to_owned()),
            &[],
        ),
        ("the kubelet restarts it", |_, pod| pod.restarts = true, &[]),
        ("suspended", |sandbox, _| sandbox.wants_to_run = false, &[]),
        ("told to have ended", |sandbox, _| sandbox.ended = true, &[]),
        (
            "somebody else's",
            |_, pod| pod.owner = Some("other".to_owned()),
            &[],
        ),
        ("nobody's", |_, pod| pod.owner = None, &[]),
        (
            "of another namespace",
            |_, pod| pod.namespace = "other".to_owned(),
            &[],
        ),
    ];
    for (situation, change, expected) in table {
        let (mut sandbox, mut pod) = (sandbox(), pod());
        change(&mut sandbox, &mut pod);
        assert_eq!(deleted(&decide(sandbox, pod)), *expected, "{situation}");
    }
}

#[test]
fn leases_of_dead_holders_are_held_if_a_sandbox_wants_to_run_and_else_deleted() {
    let foreign = held_by("somebody-1");
    let dead = held_by("controller-1");
    let ours = own_holder(&here());
    // Name and holder; what is done if a sandbox wants to run, and what if none does: h(old), d(elete), or nothing.
    for (name, holder, running, suspended) in [
        (CONTROLLER, dead.as_str(), "h", "d"),
        ("a3317529.agent-sandbox.x-k8s.io", &dead, "h", "d"),
        ("a3317529.x-k8s.io", &dead, "h", "d"),
        (CONTROLLER, &ours, "h", "d"),
        (CONTROLLER, "", "h", ""),
        (CONTROLLER, &foreign, "", ""),
        (CONTROLLER, "controller-1", "", ""),
        (CONTROLLER, "controller-1_not-a-uuid", "", ""),
        ("other-operator", &dead, "d", "d"),
        ("other-operator", &foreign, "", ""),
        ("other-operator", "", "", ""),
    ] {
        for (wants_to_run, expected) in [(true, running), (false, suspended)] {
            let observed = Observed {
                sandboxes: vec![Sandbox {
                    wants_to_run,
                    ..sandbox()
                }],
                pods: vec![controller_pod()],
                leases: vec![lease(name, holder)],
            };
            let plan = plan(&observed, &here());
            let done = format!("{}{}", "h".repeat(plan.hold.len()), "d".repeat(plan.expire.len()));
            assert_eq!(done, expected, "{name} {holder} {wants_to_run}");
        }
    }
}

#[test]
fn a_holder_elsewhere_is_dead_unless_its_node_has_shown_that_it_lives() {
    let elsewhere = || Pod {
        node: Some("there".to_owned()),
        ..controller_pod()
    };
    let unbound = || Pod {
        node: None,
        ..controller_pod()
    };
    let other = "other-operator";
    for (name, pods, renewed, held) in [
        (CONTROLLER, vec![elsewhere()], None, 1),
        (CONTROLLER, vec![elsewhere()], Some(at(1000)), 1),
        (CONTROLLER, vec![elsewhere()], Some(at(1001)), 0),
        (CONTROLLER, vec![controller_pod(), elsewhere()], None, 1),
        (CONTROLLER, vec![controller_pod(), elsewhere()], Some(at(1001)), 0),
        (CONTROLLER, vec![controller_pod(), unbound()], None, 1),
        (CONTROLLER, vec![unbound()], None, 0),
        (CONTROLLER, Vec::new(), None, 0),
        (other, vec![elsewhere()], None, 0),
    ] {
        let of_node = Lease {
            namespace: "kube-node-lease".to_owned(),
            renewed,
            ..lease("there", "there")
        };
        let observed = Observed {
            sandboxes: vec![sandbox()],
            pods,
            leases: vec![lease(name, &held_by("controller-1")), of_node],
        };
        let plan = plan(&observed, &here());
        assert_eq!(
            (plan.hold.len(), plan.expire.len()),
            (held, 0),
            "{name} {renewed:?}"
        );
    }
}

#[test]
fn the_annotation_goes_if_its_pod_goes_or_is_gone() {
    let named = |name: &str| Sandbox {
        named_pod: Some(name.to_owned()),
        ..sandbox()
    };
    let restarted = Pod {
        restarts: true,
        ..pod()
    };
    for (name, pod, unnamed) in [
        ("box", pod(), 1),
        ("box", restarted, 0),
        ("gone", pod(), 1),
        ("controller-1", pod(), 0),
    ] {
        assert_eq!(decide(named(name), pod).unname.len(), unnamed, "{name}");
    }
}

#[test]
fn servers_are_those_of_sandboxes_that_want_to_run() {
    assert_eq!(
        decide(sandbox(), pod()).servers.into_iter().collect::<Vec<_>>(),
        [server()]
    );
    let suspended = Sandbox {
        wants_to_run: false,
        ..sandbox()
    };
    assert!(decide(suspended, pod()).servers.is_empty());
}

fn any_sandbox() -> impl Strategy<Value = Sandbox> {
    let pods = prop::option::of(prop::sample::select(vec!["a", "b", "c"]).prop_map(str::to_owned));
    (0..3_u8, any::<bool>(), any::<bool>(), pods).prop_map(|(uid, wants_to_run, ended, named_pod)| Sandbox {
        uid: format!("sandbox-{uid}"),
        wants_to_run,
        ended,
        named_pod,
        ..sandbox()
    })
}

fn any_pod() -> impl Strategy<Value = Pod> {
    let node = prop::option::of(prop::sample::select(vec![NODE, "there"]).prop_map(str::to_owned));
    let owner = prop::option::of((0..4_u8).prop_map(|uid| format!("sandbox-{uid}")));
    let name = prop::sample::select(vec!["a", "b", "c"]);
    (name, node, owner, 990..1010_i64, any::<bool>(), any::<bool>()).prop_map(
        |(name, node, owner, created, reported, restarts)| Pod {
            name: name.to_owned(),
            uid: format!("{name}-{created}"),
            hostname: name.to_owned(),
            node,
            owner,
            created: at(created),
            reported,
            restarts,
            ..pod()
        },
    )
}

fn any_lease() -> impl Strategy<Value = Lease> {
    let name = prop::sample::select(vec![CONTROLLER, "a3317529.agent-sandbox.x-k8s.io", "other"]);
    let namespace = prop::sample::select(vec!["openshell", "kube-system", "kube-node-lease"]);
    let holder = prop::sample::select(vec![
        String::new(),
        held_by("a"),
        held_by("z"),
        own_holder(&here()),
        "a".to_owned(),
    ]);
    (name, namespace, holder).prop_map(|(name, namespace, holder)| Lease {
        namespace: namespace.to_owned(),
        ..lease(name, &holder)
    })
}

fn any_observed() -> impl Strategy<Value = Observed> {
    (
        prop::collection::vec(any_sandbox(), 0..4),
        prop::collection::vec(any_pod(), 0..6),
        prop::collection::vec(any_lease(), 0..4),
    )
        .prop_map(|(sandboxes, pods, leases)| Observed {
            sandboxes,
            pods,
            leases,
        })
}

proptest! {
    #[test]
    fn only_what_is_a_sandboxes_or_a_dead_pods_is_touched(observed in any_observed()) {
        let plan = plan(&observed, &here());
        for (pod, as_seen) in &plan.delete {
            prop_assert!(pod.node.as_deref() != Some("there") && *as_seen == pod.node.is_none());
            let owners: Vec<_> = observed.sandboxes.iter().filter(|it| pod.owner.as_ref() == Some(&it.uid)).collect();
            prop_assert!(owners.iter().any(|owner| owner.wants_to_run && !owner.ended));
        }
        for lease in plan.hold.iter().chain(&plan.expire) {
            prop_assert!(!lease.namespace.starts_with("kube-"));
            prop_assert!(lease.holder != "a" && lease.holder != held_by("z"));
        }
        prop_assert!(plan.hold.is_empty() || !plan.servers.is_empty());
        if observed.sandboxes.is_empty() {
            prop_assert_eq!(plan, Plan::default());
        }
    }

    #[test]
    fn what_was_done_is_not_done_again(mut observed in any_observed()) {
        let done = plan(&observed, &here());
        observed.pods.retain(|pod| !done.delete.iter().any(|(deleted, _)| deleted == pod));
        observed.leases.retain(|lease| !done.expire.contains(lease));
        for lease in observed.leases.iter_mut().filter(|lease| done.hold.contains(lease)) {
            lease.holder = own_holder(&here());
        }
        for sandbox in observed.sandboxes.iter_mut().filter(|it| done.unname.contains(it)) {
            sandbox.named_pod = None;
        }
        let again = plan(&observed, &here());
        prop_assert!(again.delete.is_empty() && again.unname.is_empty());
        prop_assert_eq!(again.hold.len(), done.hold.len());
    }
}
