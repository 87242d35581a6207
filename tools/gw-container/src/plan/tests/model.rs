//! Plans that are carried out on a model of Docker.

use super::*;
use gateway_facts::Published;
use proptest::prelude::*;

/// The network that a container is put on.
fn chosen(after: &Facts, plan: &Plan) -> String {
    let made = after.networks.iter().find(|network| network.id == "made");
    let chosen = plan.network.as_ref().map(|network| network.id.clone());
    chosen
        .or(made.map(|network| network.id.clone()))
        .expect("Docker starts nothing without a network")
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
                    labels: Default::default(),
                    mountpoint: String::new(),
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
                let id = chosen(&after, plan);
                after.container.as_mut().unwrap().attachments = container(Status::Created, &id).attachments;
            }
            Step::Start(_) | Step::Unpause => {
                let id = chosen(&after, plan);
                let started = after.container.as_mut().unwrap();
                started.status = Status::Running;
                for at in &mut started.attachments {
                    if at.network_id.is_empty() {
                        at.network_id.clone_from(&id);
                    }
                    assert!(after.networks.iter().any(|network| network.id == at.network_id));
                }
            }
            Step::RemoveNetwork(id) => {
                for own in after.container.iter().chain(&after.aside) {
                    assert!(
                        own.attachments.iter().all(|at| at.network_id != *id),
                        "a network in use is removed"
                    );
                }
                after.networks.retain(|network| network.id != *id);
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
    prop::option::of(
        (
            status,
            id,
            image,
            any::<bool>(),
            prop::sample::select(vec![8080u16, 9000]),
        )
            .prop_map(|(status, id, image, labelled, port)| {
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
            }),
    )
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
        let mut aim = before.present().map_or_else(|| wanted(port, "i", image_named), |it| Wanted {
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
