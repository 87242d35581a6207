mod model;
mod situations;

use super::*;
use gateway_facts::{Confinement, Volume};
use situations::*;
use std::net::Ipv4Addr;

#[test]
fn each_state_has_its_steps() {
    let network = ["net"];
    let up = || Some(container(Status::Running, "net"));
    let same = wanted(8080, "i", false);
    for (case, facts, wanted, expected) in [
        (
            "nothing",
            facts(None, false, &[]),
            &same,
            "CreateVolume CreateNetwork CreateContainer Start",
        ),
        (
            "volume only",
            facts(None, true, &[]),
            &same,
            "CreateNetwork CreateContainer Start",
        ),
        (
            "volume and network",
            facts(None, true, &network),
            &same,
            "CreateContainer Start",
        ),
        ("running", facts(up(), true, &network), &same, ""),
        (
            "restarting",
            facts(Some(container(Status::Restarting, "net")), true, &network),
            &same,
            "",
        ),
        (
            "paused",
            facts(Some(container(Status::Paused, "net")), true, &network),
            &same,
            "Unpause",
        ),
        (
            "stopped",
            facts(Some(container(Status::Exited, "net")), true, &network),
            &same,
            "Start",
        ),
        (
            "never started",
            facts(Some(container(Status::Created, "")), true, &network),
            &same,
            "Start",
        ),
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
            facts(
                Some(Container {
                    image_id: "sha256:o".into(),
                    ..up().unwrap()
                }),
                true,
                &network,
            ),
            &wanted(8080, "i", true),
            "StopOld SetAside CreateContainer Start RemoveAside",
        ),
        (
            "the image's name means another by now, and nobody named it",
            facts(
                Some(Container {
                    image_id: "sha256:o".into(),
                    ..up().unwrap()
                }),
                true,
                &network,
            ),
            &same,
            "",
        ),
        (
            "set aside alone",
            Facts {
                aside: Some(container(Status::Exited, "net")),
                ..facts(None, true, &network)
            },
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
        let plan =
            planned(&facts, wanted, Some(&image("i")), &free()).unwrap_or_else(|e| panic!("{case}: {e}"));
        assert_eq!(words(&plan).join(" "), expected, "{case}");
        if makes_container(&plan) {
            assert_eq!(
                (plan.spec.node_name.as_str(), plan.spec.api_port),
                ("n", Some(16443)),
                "{case}"
            );
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
        (
            "no image named",
            facts(None, false, &[]),
            &wanted(8080, "", false),
            None,
            &free(),
            "image_not_given",
            78,
        ),
        (
            "no image",
            facts(None, false, &[]),
            &same,
            None,
            &free(),
            "image_missing",
            1,
        ),
        (
            "another image that is missing",
            facts(stopped(), true, &["net"]),
            &wanted(8080, "other", true),
            None,
            &free(),
            "image_missing",
            1,
        ),
        (
            "port at create",
            facts(None, false, &[]),
            &same,
            Some(&image),
            &taken,
            "port_taken",
            1,
        ),
        (
            "port at start",
            facts(stopped(), true, &["net"]),
            &same,
            Some(&image),
            &taken,
            "port_taken",
            1,
        ),
        (
            "address",
            facts(None, false, &[]),
            &same,
            Some(&image),
            &nowhere,
            "bind_unavailable",
            1,
        ),
        (
            "API port",
            facts(None, false, &[]),
            &same,
            Some(&image),
            &none_free,
            "no_api_port",
            1,
        ),
        (
            "foreign",
            facts(Some(foreign), true, &["net"]),
            &same,
            Some(&image),
            &free(),
            "foreign_container",
            1,
        ),
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
