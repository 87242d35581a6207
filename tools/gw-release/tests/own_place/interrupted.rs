//! Runs that end early: the next one brings all to the same end.

use std::time::Duration;

use cluster_fixture::{Fault, FaultProxy, Program, When, fault_points, points, sweep};

use crate::scene::*;

/// A gateway with all that it may have, through a proxy.
fn whole() -> (Scene, FaultProxy) {
    let scene = Scene::with_namespace(Some("g"));
    let proxy = FaultProxy::before(scene.api.kubeconfig());
    scene.keep(proxy.kubeconfig(), Some("uid-of-team"));
    scene.put_all();
    (scene, proxy)
}

fn is_gone(scene: &Scene, what: &str) {
    assert_eq!(scene.left(), of_others(), "{what}");
    assert!(!scene.file("").exists(), "{what}");
    assert!(!scene.clients().join("active_gateway").exists(), "{what}");
}

/// How many requests an undisturbed run sends.
fn requests(make: fn() -> (Scene, FaultProxy), words: &[&str]) -> usize {
    let (scene, proxy) = make();
    let run = checked(tool_document::run(scene.tool(words)));
    assert_eq!(run.code, 0, "{}", run.stderr);
    proxy.asked().len()
}

const REMOVE: [&str; 5] = ["remove", "--with-data", "--yes", "--timeout", "90s"];

#[test]
fn a_removal_that_is_killed_is_finished_by_the_next() {
    let count = requests(whole, &REMOVE);
    let cases: Vec<(usize, Fault)> = points(count)
        .into_iter()
        .flat_map(|number| [(number, Fault::Hold), (number, Fault::Withhold)])
        .collect();
    sweep(&cases, |(number, fault)| {
        let (scene, proxy) = whole();
        proxy.inject(*fault, When::At(*number));
        let program = Program::start(scene.tool(&REMOVE));
        let what = format!("{fault:?} at {number}: {:?}", proxy.asked());
        assert!(proxy.wait_withheld(Duration::from_secs(60)), "{what}");
        program.kill();
        proxy.heal();
        let run = checked(tool_document::run(scene.tool(&REMOVE)));
        assert_eq!(run.code, 0, "{what}: {}", run.stderr);
        is_gone(&scene, &what);
    });
}

#[test]
fn a_removal_survives_one_fault() {
    let count = requests(whole, &REMOVE);
    sweep(&fault_points(count), |(fault, number)| {
        let (scene, proxy) = whole();
        proxy.inject(*fault, When::At(*number));
        let run = checked(tool_document::run(scene.tool(&REMOVE)));
        let what = format!("{fault:?} at {number}");
        assert_eq!(run.code, 0, "{what}: {}", run.stderr);
        is_gone(&scene, &what);
    });
}

/// A cluster without the namespace, through a proxy that is named by KUBECONFIG's default file.
fn nothing() -> (Scene, FaultProxy) {
    let scene = Scene::empty();
    let proxy = FaultProxy::before(scene.api.kubeconfig());
    let usual = scene.clients().ancestors().nth(2).expect("a home").join(".kube");
    std::fs::create_dir(&usual).expect("room");
    std::fs::copy(proxy.kubeconfig(), usual.join("config")).expect("room");
    (scene, proxy)
}

const PREPARE: [&str; 5] = ["prepare", "--context", "test", "--namespace", "team"];

fn is_prepared(scene: &Scene, what: &str) {
    let namespace = scene.api.get(NAMESPACE).expect("a namespace");
    assert_eq!(
        namespace["metadata"]["labels"]["dev.openshell.gateway"], "g",
        "{what}"
    );
    assert_eq!(
        scene.read("cluster.json")["namespace_uid"],
        namespace["metadata"]["uid"],
        "{what}"
    );
}

#[test]
fn a_place_that_was_half_made_is_finished_by_the_next_run() {
    let count = requests(nothing, &PREPARE);
    for number in 1..=count {
        for fault in [Fault::Hold, Fault::Withhold] {
            let (scene, proxy) = nothing();
            proxy.inject(fault, When::At(number));
            let program = Program::start(scene.tool(&PREPARE));
            assert!(
                proxy.wait_withheld(Duration::from_secs(60)),
                "{fault:?} at {number}"
            );
            program.kill();
            proxy.heal();
            let run = checked(tool_document::run(scene.tool(&PREPARE)));
            assert_eq!(run.code, 0, "{fault:?} at {number}: {}", run.stderr);
            is_prepared(&scene, &format!("{fault:?} at {number}"));
        }
    }
}

#[test]
fn a_place_is_made_in_spite_of_one_fault() {
    let count = requests(nothing, &PREPARE);
    sweep(&fault_points(count), |(fault, number)| {
        // Who may not create a namespace is told at once.
        if (*fault, *number) == (Fault::Status(403), 2) {
            return;
        }
        let (scene, proxy) = nothing();
        proxy.inject(*fault, When::At(*number));
        let run = checked(tool_document::run(scene.tool(&PREPARE)));
        let what = format!("{fault:?} at {number}");
        assert_eq!(run.code, 0, "{what}: {}", run.stderr);
        is_prepared(&scene, &what);
        assert_eq!(
            actions(&run),
            ["create namespace/team", "keep cluster.json"],
            "{what}"
        );
    });
}
