//! Every fault at every request (`--all`), or at the first, a middle and the last one.

use cluster_fixture::{Asked, FakeApi, Fault, FaultProxy, When, all_faults, points, sweep};

use crate::scene::*;

/// What the cluster has before the run, and how many requests an undisturbed run sends.
const SCENES: [(fn() -> FakeApi, usize); 3] = [(existing, 2), (carried, 6), (nothing, 6)];

fn existing() -> FakeApi {
    let api = empty();
    put_secret(&api, &value('1'));
    api
}

fn carried() -> FakeApi {
    let api = empty();
    put_sandbox(&api, "a", &value('1'));
    api
}

fn nothing() -> FakeApi {
    empty()
}

fn holds_what_it_should(api: &FakeApi, scene: usize) {
    let stored = stored(api).expect("a secret");
    assert!(gateway_names::is_handshake_secret(stored.as_bytes()));
    assert!(scene == 2 || stored == value('1'), "the value was lost");
}

fn never_touched(proxy: &FaultProxy) {
    assert!(
        !proxy.asked().iter().any(Asked::touches_existing_secret),
        "{:?}",
        proxy.asked()
    );
}

#[test]
fn undisturbed_runs_send_as_many_requests_as_the_sweeps_take() {
    for (make, count) in SCENES {
        let api = make();
        let proxy = FaultProxy::before(api.kubeconfig());
        reconcile(proxy.kubeconfig(), &[]);
        assert_eq!(proxy.asked().len(), count, "{:?}", proxy.asked());
    }
}

/// A scene by its number, how to make it, a fault at a request, and the exit code where it stays.
type Case = (usize, fn() -> FakeApi, Fault, usize, i32);

fn cases() -> Vec<Case> {
    let mut all = Vec::new();
    for (scene, (make, count)) in SCENES.into_iter().enumerate() {
        for number in points(count) {
            let of = |(fault, code)| (scene, make, fault, number, code);
            all.extend(all_faults().into_iter().map(of));
        }
    }
    all
}

#[test]
fn one_fault_is_survived() {
    sweep(&cases(), |(scene, make, fault, number, _)| {
        survives(*scene, *make, *fault, *number)
    });
}

fn survives(scene: usize, make: fn() -> FakeApi, fault: Fault, number: usize) {
    let api = make();
    let before = api.get(SECRET);
    let proxy = FaultProxy::before(api.kubeconfig());
    proxy.inject(fault, When::At(number));
    let run = reconcile(proxy.kubeconfig(), &[]);
    assert_eq!(
        run.code, 0,
        "{fault:?} at {number} of scene {scene}: {}",
        run.stderr
    );
    holds_what_it_should(&api, scene);
    never_touched(&proxy);
    assert!(before.is_none() || before == api.get(SECRET));
    assert_eq!(
        run.document["changed"],
        before.is_none(),
        "{fault:?} at {number} of scene {scene}"
    );
}

#[test]
fn a_fault_that_stays_is_an_error_and_never_absence() {
    sweep(&cases(), |(scene, make, fault, number, code)| {
        fails(*scene, *make, *fault, *number, *code)
    });
}

fn fails(scene: usize, make: fn() -> FakeApi, fault: Fault, number: usize, code: i32) {
    let api = make();
    let before = api.get(SECRET);
    let proxy = FaultProxy::before(api.kubeconfig());
    proxy.inject(fault, When::From(number));
    let run = reconcile(proxy.kubeconfig(), &["--timeout", "6s"]);
    assert_eq!(
        run.code, code,
        "{fault:?} from {number} of scene {scene}: {}",
        run.stderr
    );
    never_touched(&proxy);
    match before {
        Some(before) => assert_eq!(api.get(SECRET), Some(before)),
        None if stored(&api).is_some() => holds_what_it_should(&api, scene),
        None => {}
    }
    // Healed, the same command ends well.
    let again = reconcile(api.kubeconfig(), &[]);
    assert_eq!(again.code, 0, "{}", again.stderr);
    holds_what_it_should(&api, scene);
}
