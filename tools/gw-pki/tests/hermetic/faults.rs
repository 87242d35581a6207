//! Every fault at every request (`--all`), or at the first, a middle and the last one.

use cluster_fixture::{Fault, FaultProxy, When, all_faults, points, sweep};

use crate::scene::*;

/// A state before the run, how many requests an undisturbed run sends, and which Secrets it may write.
struct Case {
    make: fn() -> Scene,
    words: &'static [&'static str],
    requests: usize,
    writes: &'static [&'static str],
}

const CASES: [Case; 4] = [
    Case {
        make: Scene::filled,
        words: &[],
        requests: 6,
        writes: &[],
    },
    Case {
        make: Scene::empty,
        words: &[],
        requests: 28,
        writes: &OURS,
    },
    Case {
        make: server_broken,
        words: &[],
        requests: 13,
        writes: &[OURS[1]],
    },
    Case {
        make: Scene::filled,
        words: &["--rotate", "ca"],
        requests: 62,
        writes: &OURS,
    },
];

fn server_broken() -> Scene {
    let scene = Scene::filled();
    scene.set_value(OURS[1], "tls.key", b"junk");
    scene
}

fn sweep_all(check: fn(&Case, Fault, usize, i32)) {
    let mut all = Vec::new();
    for case in &CASES {
        for number in points(case.requests) {
            all.extend(
                all_faults()
                    .into_iter()
                    .map(|(fault, code)| (case, fault, number, code)),
            );
        }
    }
    sweep(&all, |(case, fault, number, code)| {
        check(case, *fault, *number, *code)
    });
}

/// Only Secrets that had to be written may differ, and a CA that was there stays.
fn assert_spared(case: &Case, before: &[Option<serde_json::Value>], scene: &Scene, what: &str) {
    for (secret, before) in OURS.iter().zip(before) {
        if !case.writes.contains(secret) {
            assert_eq!(
                &scene.api.get(&format!("{SECRETS}/{secret}")),
                before,
                "{what}: {secret}"
            );
        }
    }
}

fn secrets(scene: &Scene) -> Vec<Option<serde_json::Value>> {
    OURS.iter()
        .map(|secret| scene.api.get(&format!("{SECRETS}/{secret}")))
        .collect()
}

#[test]
fn undisturbed_runs_send_as_many_requests_as_the_sweeps_take() {
    for case in &CASES {
        let scene = (case.make)();
        let proxy = FaultProxy::before(scene.api.kubeconfig());
        reconcile(proxy.kubeconfig(), scene.home(), case.words);
        assert_eq!(proxy.asked().len(), case.requests, "{:?}", proxy.asked());
    }
}

#[test]
fn one_fault_is_survived() {
    sweep_all(|case, fault, number, _| {
        let what = format!("{fault:?} at {number} of {}", case.requests);
        let scene = (case.make)();
        let before = secrets(&scene);
        let proxy = FaultProxy::before(scene.api.kubeconfig());
        proxy.inject(fault, When::At(number));
        let run = reconcile(proxy.kubeconfig(), scene.home(), case.words);
        assert_eq!(run.code, 0, "{what}: {}", run.stderr);
        assert_eq!(run.document["changed"], !case.writes.is_empty(), "{what}");
        assert_spared(case, &before, &scene, &what);
        scene.assert_connects();
    });
}

#[test]
fn a_fault_that_stays_is_an_error_and_never_absence() {
    sweep_all(|case, fault, number, code| {
        let what = format!("{fault:?} from {number} of {}", case.requests);
        let scene = (case.make)();
        let before = secrets(&scene);
        let proxy = FaultProxy::before(scene.api.kubeconfig());
        proxy.inject(fault, When::From(number));
        let words = [&["--timeout", "8s"], case.words].concat();
        let run = reconcile(proxy.kubeconfig(), scene.home(), &words);
        assert_eq!(run.code, code, "{what}: {}", run.stderr);
        assert_spared(case, &before, &scene, &what);
        let ca = scene.value(OURS[0], "ca.crt");
        // Healed, it ends well, with the CA that there was: a change that was begun is the one that is ended.
        let again = scene.reconcile(&[]);
        assert_eq!(again.code, 0, "{what}: {}", again.stderr);
        assert!(ca.is_none() || scene.value(OURS[0], "ca.crt") == ca, "{what}");
        scene.assert_connects();
    });
}
