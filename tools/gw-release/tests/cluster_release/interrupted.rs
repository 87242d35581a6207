//! Runs that end early: the next one brings the release to the same end.

use std::time::Duration;

use cluster_fixture::{Fault, FaultProxy, Program, When, is_thorough};

use crate::scene::Scene;

/// The writes of an upgrade that also makes the workload anew, counted in a run that nothing disturbs.
fn writes(scene: &Scene, proxy: &FaultProxy) -> usize {
    proxy.heal();
    let run = scene.run_by(proxy.kubeconfig(), &["apply"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    proxy.writes().len()
}

/// Chooses a setting and a selector that the workload that is there does not have.
fn choose(scene: &Scene, number: usize) -> String {
    let setting = format!("s{number}");
    let file = scene.file("words");
    std::fs::write(&file, format!("setting={setting},app=a{number}\0")).expect("room");
    scene.does(&["choose", "--set-from", &file.display().to_string()]);
    setting
}

/// Kills a run once the API server has got its write of this number, and has or has not answered.
fn killed_at(scene: &Scene, proxy: &FaultProxy, number: usize, fault: Fault) -> bool {
    proxy.inject(fault, When::AtWrite(number));
    let program = Program::start(scene.tool(proxy.kubeconfig(), &["apply"]));
    let met = proxy.wait_withheld(Duration::from_secs(60));
    program.kill();
    met
}

/// Ends the helm that the lock names, if one does.
pub fn end_helm(scene: &Scene) {
    let holder = std::fs::read_to_string(scene.file("lock")).expect("a lock");
    let Some(process) = holder.trim_end().strip_suffix(" helm") else {
        return;
    };
    let killed = std::process::Command::new("kill")
        .args(["-KILL", process])
        .status();
    assert!(killed.expect("kill").success(), "{holder}");
}

#[test]
fn killed_at_any_write_the_next_run_goes_on() {
    let Some(scene) = Scene::new() else { return };
    scene.does(&["apply", "--chart", &scene.chart()]);
    let proxy = FaultProxy::before(&scene.cluster);
    choose(&scene, 0);
    let count = writes(&scene, &proxy);
    assert!(
        count >= 4,
        "a delete, a record, a change, a record: {:?}",
        proxy.writes()
    );
    let chosen: Vec<usize> = if is_thorough() {
        (1..=count).collect()
    } else {
        vec![1, count / 2, count]
    };
    for number in chosen {
        for fault in [Fault::Hold, Fault::Withhold] {
            let setting = choose(&scene, number * 2 + usize::from(fault == Fault::Hold));
            assert!(
                killed_at(&scene, &proxy, number, fault),
                "write {number}: {:?}",
                proxy.asked()
            );
            // helm, which outlives the tool, keeps the gateway's lock until it has ended, and the lock names it. One that gets no answer
            // is ended by whoever reads that.
            match fault {
                Fault::Hold => proxy.release(),
                _ => end_helm(&scene),
            }
            let run = scene.run(&["apply", "--lock-timeout", "50s"]);
            assert_eq!(run.code, 0, "{fault:?} at write {number}: {}", run.stderr);
            assert_eq!(scene.setting(), Some(setting), "{fault:?} at write {number}");
            assert!(scene.workload().is_some(), "{fault:?} at write {number}");
            let last = scene.revisions().pop().expect("a revision");
            assert_eq!(last.1, "deployed", "{fault:?} at write {number}");
        }
    }
}

#[test]
fn helm_ends_with_a_run_that_is_told_to_end() {
    let Some(scene) = Scene::new() else { return };
    scene.does(&["apply", "--chart", &scene.chart()]);
    let proxy = FaultProxy::before(&scene.cluster);
    let setting = choose(&scene, 1);
    // The first write of helm's: the tool's own is the delete.
    proxy.inject(Fault::Hold, When::AtWrite(2));
    let mut child = scene.tool(proxy.kubeconfig(), &["apply"]);
    let child = child
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped());
    let child = child.spawn().expect("the tool");
    assert!(
        proxy.wait_withheld(Duration::from_secs(60)),
        "{:?}",
        proxy.asked()
    );
    let told = std::process::Command::new("kill")
        .args(["-TERM", &child.id().to_string()])
        .status();
    assert!(told.expect("kill").success());
    let ended = child.wait_with_output().expect("its end");
    assert_eq!(
        ended.status.code(),
        Some(143),
        "{}",
        String::from_utf8_lossy(&ended.stderr)
    );
    // Nobody holds the lock any more.
    let run = scene.run(&["apply", "--lock-timeout", "0s"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(scene.setting(), Some(setting));
}
