use super::*;
use gateway_facts::{Attachment, Confinement, Published, Volume};
use proptest::prelude::*;
use std::net::{IpAddr, Ipv4Addr};

const NAME: &str = "openshell-cluster-g";
const LOCAL: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

fn gateway() -> GatewayName {
    "g".parse().unwrap()
}

fn spec(port: u16) -> Spec {
    let mut spec = Spec::parse(br#"{"image":"i","node_name":"n"}"#).unwrap();
    (spec.port, spec.api_port) = (port, Some(16443));
    spec
}

fn wanted(port: u16, image: &str, image_named: bool) -> Wanted {
    Wanted {
        spec: Spec {
            image: image.into(),
            ..spec(port)
        },
        image_named,
    }
}

fn network(id: &str) -> Network {
    Network {
        id: id.into(),
        label: Some("g".into()),
        subnet: Some((Ipv4Addr::new(10, 87, 1, 0), 24)),
    }
}

fn container(status: Status, network_id: &str) -> Container {
    Container {
        id: "1".into(),
        name: NAME.into(),
        image: "i".into(),
        image_id: "sha256:i".into(),
        status,
        label: Some("g".into()),
        spec: Some(Ok(spec(8080))),
        hostname: "n".into(),
        volume: Some(NAME.into()),
        gateway_port: Some(Published { bind: LOCAL, port: 8080 }),
        api_port: Some(Published { bind: LOCAL, port: 16443 }),
        attachments: vec![Attachment {
            name: NAME.into(),
            network_id: network_id.into(),
            address: None,
            pinned: None,
        }],
        ..Container::default()
    }
}

fn facts(container: Option<Container>, volume: bool, networks: &[&str]) -> Facts {
    Facts {
        container,
        volume: volume.then(|| Volume {
            name: NAME.into(),
            label: None,
        }),
        networks: networks.iter().map(|id| network(id)).collect(),
        ..Facts::default()
    }
}

fn image(id: &str) -> Image {
    Image {
        id: format!("sha256:{id}"),
        ..Image::default()
    }
}

fn free() -> Ports {
    Ports {
        gateway: Use::Free,
        api_kept: true,
        api_fresh: Some(16500),
    }
}

fn planned(
    facts: &Facts,
    wanted: &Wanted,
    image: Option<&Image>,
    ports: &Ports,
) -> Result<Plan, Failure> {
    plan(&Situation {
        gateway: &gateway(),
        facts,
        wanted,
        node_name: "n",
        image,
        ports,
        subnet: Some((Ipv4Addr::new(10, 87, 9, 0), 24)),
    })
}

/// The plan's steps as words, without their reasons.
fn words(plan: &Plan) -> Vec<String> {
    plan.steps
        .iter()
        .map(|step| {
            let text = format!("{step:?}");
            text.split('(').next().unwrap_or_default().to_owned()
        })
        .collect()
}

#[test]
fn each_state_has_its_steps() {
    let network = ["net"];
    let up = || Some(container(Status::Running, "net"));
    let same = wanted(8080, "i", false);
    for (case, facts, wanted, expected) in [
        ("nothing", facts(None, false, &[]), &same, "CreateVolume CreateNetwork CreateContainer Start"),
        ("volume only", facts(None, true, &[]), &same, "CreateNetwork CreateContainer Start"),
        ("volume and network", facts(None, true, &network), &same, "CreateContainer Start"),
        ("running", facts(up(), true, &network), &same, ""),
        ("restarting", facts(Some(container(Status::Restarting, "net")), true, &network), &same, ""),
        ("paused", facts(Some(container(Status::Paused, "net")), true, &network), &same, "Unpause"),
        ("stopped", facts(Some(container(Status::Exited, "net")), true, &network), &same, "Start"),
        ("never started", facts(Some(container(Status::Created, "")), true, &network), &same, "Start"),
        (
            "never started, network gone",
            facts(Some(container(Status::Created, "")), true, &[]),
            &same,
            "CreateNetwork Reattach Start",
        ),
        (
            "stopped, network gone",
            facts(Some(container(Status::Exited, "net")), true, &[]),
            &same,
            "CreateNetwork Reattach Start",
        ),
        (
            "stopped, network made again",
            facts(Some(container(Status::Exited, "old")), true, &network),
            &same,
            "Reattach Start",
        ),
        (
            "dead",
            facts(Some(container(Status::Dead, "net")), true, &network),
            &same,
            "RemoveDead CreateContainer Start",
        ),
        (
            "another port, running",
            facts(up(), true, &network),
            &wanted(9000, "i", false),
            "StopOld SetAside CreateContainer Start RemoveAside",
        ),
        (
            "another port, stopped",
            facts(Some(container(Status::Exited, "net")), true, &network),
            &wanted(9000, "i", false),
            "SetAside CreateContainer Start RemoveAside",
        ),
        (
            "another image",
            facts(Some(Container { image_id: "sha256:o".into(), ..up().unwrap() }), true, &network),
            &wanted(8080, "i", true),
            "StopOld SetAside CreateContainer Start RemoveAside",
        ),
        (
            "the image's name means another by now, and nobody named it",
            facts(Some(Container { image_id: "sha256:o".into(), ..up().unwrap() }), true, &network),
            &same,
            "",
        ),
        (
            "set aside alone",
            Facts { aside: Some(container(Status::Exited, "net")), ..facts(None, true, &network) },
            &same,
            "RestoreAside Start",
        ),
        (
            "set aside beside its successor",
            Facts {
                aside: Some(container(Status::Exited, "net")),
                ..facts(Some(container(Status::Created, "")), true, &network)
            },
            &same,
            "Start RemoveAside",
        ),
        (
            "of another tool, on another network, running",
            facts(
                Some(Container {
                    label: None,
                    spec: None,
                    ..container(Status::Running, "foreign")
                })
                .map(|mut it| {
                    it.attachments[0].name = "foreign".into();
                    it
                }),
                true,
                &[],
            ),
            &wanted(8080, "i", false).without_auto(),
            "",
        ),
    ] {
        let plan = planned(&facts, wanted, Some(&image("i")), &free()).unwrap_or_else(|e| panic!("{case}: {e}"));
        assert_eq!(words(&plan).join(" "), expected, "{case}");
        if makes_container(&plan) {
            assert_eq!((plan.spec.node_name.as_str(), plan.spec.api_port), ("n", Some(16443)), "{case}");
        }
    }
}

impl Wanted {
    /// As it is derived from an unlabelled container without `--privileged`.
    fn without_auto(mut self) -> Self {
        self.spec.confinement = Confinement::Caps;
        self
    }
}

#[test]
fn what_cannot_be_is_told_before_anything_is_changed() {
    let taken = Ports {
        gateway: Use::Taken("process 1 (x)".into()),
        ..free()
    };
    let nowhere = Ports {
        gateway: Use::NoSuchAddress,
        ..free()
    };
    let none_free = Ports {
        api_kept: false,
        api_fresh: None,
        ..free()
    };
    let stopped = || Some(container(Status::Exited, "net"));
    let image = image("i");
    let same = wanted(8080, "i", false);
    let foreign = Container {
        volume: None,
        ..container(Status::Running, "net")
    };
    for (case, facts, wanted, image, ports, reason, code) in [
        ("no image named", facts(None, false, &[]), &wanted(8080, "", false), None, &free(), "image_not_given", 78),
        ("no image", facts(None, false, &[]), &same, None, &free(), "image_missing", 1),
        (
            "another image that is missing",
            facts(stopped(), true, &["net"]),
            &wanted(8080, "other", true),
            None,
            &free(),
            "image_missing",
            1,
        ),
        ("port at create", facts(None, false, &[]), &same, Some(&image), &taken, "port_taken", 1),
        ("port at start", facts(stopped(), true, &["net"]), &same, Some(&image), &taken, "port_taken", 1),
        ("address", facts(None, false, &[]), &same, Some(&image), &nowhere, "bind_unavailable", 1),
        ("API port", facts(None, false, &[]), &same, Some(&image), &none_free, "no_api_port", 1),
        ("foreign", facts(Some(foreign), true, &["net"]), &same, Some(&image), &free(), "foreign_container", 1),
        (
            "being removed",
            facts(Some(container(Status::Removing, "net")), true, &["net"]),
            &same,
            Some(&image),
            &free(),
            "docker_conflict",
            75,
        ),
    ] {
        let failure = planned(&facts, wanted, image, ports).unwrap_err();
        assert_eq!((failure.reason, failure.exit.code()), (reason, code), "{case}");
    }
}

#[test]
fn a_missing_image_is_no_reason_to_touch_a_container_that_has_it() {
    let facts = facts(Some(container(Status::Exited, "net")), true, &["net"]);
    let plan = planned(&facts, &wanted(8080, "i", true), None, &free()).unwrap();
    assert_eq!(words(&plan), ["Start"]);
}

#[test]
fn an_api_port_that_was_taken_meanwhile_is_chosen_again() {
    let facts = facts(Some(container(Status::Exited, "net")), true, &["net"]);
    let ports = Ports {
        api_kept: false,
        ..free()
    };
    let plan = planned(&facts, &wanted(8080, "i", false), Some(&image("i")), &ports).unwrap();
    assert!(makes_container(&plan));
    assert_eq!(plan.spec.api_port, Some(16500));
    assert_eq!(plan.image_reference, "sha256:i", "from the container's own image");
}

#[test]
fn of_several_networks_the_one_in_use_is_addressed_by_its_id() {
    let facts = facts(Some(container(Status::Exited, "b")), true, &["a", "b"]);
    let plan = planned(&facts, &wanted(9000, "i", false), Some(&image("i")), &free()).unwrap();
    assert_eq!(plan.network.unwrap().reference, "b");
}

/// What Docker would have after the plan.
fn apply(facts: &Facts, plan: &Plan) -> Facts {
    let mut after = facts.clone();
    for step in &plan.steps {
        match step {
            Step::RestoreAside => after.container = after.aside.take(),
            Step::CreateVolume => {
                after.volume = Some(Volume {
                    name: NAME.into(),
                    label: Some("g".into()),
                });
            }
            Step::CreateNetwork(_) => after.networks.push(network("made")),
            Step::StopOld => after.container.as_mut().unwrap().status = Status::Exited,
            Step::SetAside(_) => {
                assert!(after.aside.is_none(), "a container would be lost");
                after.aside = after.container.take();
            }
            Step::RemoveDead => after.container = None,
            Step::CreateContainer(_) => {
                assert!(after.container.is_none() && after.volume.is_some() && !after.networks.is_empty());
                let image_id = if plan.image_reference.starts_with("sha256:") {
                    plan.image_reference.clone()
                } else {
                    "sha256:i".to_owned()
                };
                after.container = Some(Container {
                    image_id,
                    spec: Some(Ok(plan.spec.clone())),
                    gateway_port: Some(Published {
                        bind: plan.spec.bind,
                        port: plan.spec.port,
                    }),
                    api_port: plan.spec.api_port.map(|port| Published { bind: LOCAL, port }),
                    ..container(Status::Created, "")
                });
            }
            Step::Reattach(_) => {
                let id = after.networks[0].id.clone();
                after.container.as_mut().unwrap().attachments = container(Status::Created, &id).attachments;
            }
            Step::Start(_) | Step::Unpause => {
                let id = after.networks.first().expect("Docker starts nothing without a network").id.clone();
                let started = after.container.as_mut().unwrap();
                started.status = Status::Running;
                for at in &mut started.attachments {
                    if at.network_id.is_empty() {
                        at.network_id.clone_from(&id);
                    }
                    assert!(after.networks.iter().any(|network| network.id == at.network_id));
                }
            }
            Step::RemoveAside => {
                let successor = after.container.as_ref().expect("a successor");
                assert!(successor.is_up() || plan.steps.contains(&Step::RemoveAside));
                after.aside = None;
            }
        }
    }
    after
}

fn any_container() -> impl Strategy<Value = Option<Container>> {
    let status = prop::sample::select(vec![
        Status::Created,
        Status::Running,
        Status::Paused,
        Status::Restarting,
        Status::Exited,
        Status::Dead,
    ]);
    let id = prop::sample::select(vec!["", "a", "b", "gone"]);
    let image = prop::sample::select(vec!["sha256:i", "sha256:o"]);
    prop::option::of((status, id, image, any::<bool>(), prop::sample::select(vec![8080u16, 9000])).prop_map(
        |(status, id, image, labelled, port)| {
            let mut it = container(status, id);
            it.image_id = image.into();
            it.gateway_port = Some(Published { bind: LOCAL, port });
            if !labelled {
                (it.label, it.spec) = (None, None);
            }
            if status != Status::Created && id.is_empty() {
                it.attachments[0].network_id = "gone".into();
            }
            it
        },
    ))
}

proptest! {
    #[test]
    fn a_plan_that_was_carried_out_leaves_nothing_to_do(
        container in any_container(),
        aside in any_container(),
        volume: bool,
        networks in prop::sample::subsequence(vec!["a", "b"], 0..=2),
        port in prop::sample::select(vec![8080u16, 9000]),
        image_named: bool,
        api_kept: bool,
    ) {
        let volume = volume || container.is_some() || aside.is_some();
        let mut before = facts(container, volume, &networks);
        before.aside = aside;
        // A running container holds its network.
        for it in [&before.container, &before.aside].into_iter().flatten().filter(|it| it.is_up()) {
            let id = it.attachments[0].network_id.clone();
            if !before.networks.iter().any(|network| network.id == id) {
                let held = network(&id);
                before.networks.push(held);
                break;
            }
        }
        prop_assume!([&before.container, &before.aside].into_iter().flatten().all(|it| !it.is_up()
            || before.networks.iter().any(|network| network.id == it.attachments[0].network_id)));
        let ports = Ports { api_kept, ..free() };
        let mut aim = present(&before).map_or_else(|| wanted(port, "i", image_named), |it| Wanted {
            spec: it.effective_spec(),
            image_named,
        });
        aim.spec.port = port;
        let image = image("i");
        let first = planned(&before, &aim, Some(&image), &ports).unwrap();
        let after = apply(&before, &first);
        prop_assert!(after.volume.is_some());
        prop_assert!(after.container.as_ref().is_some_and(Container::is_up));
        let second = planned(&after, &Wanted { spec: first.spec.clone(), image_named }, Some(&image), &free()).unwrap();
        prop_assert_eq!(second.steps, Vec::new());
        prop_assert_eq!(second.spec, first.spec);
    }
}
