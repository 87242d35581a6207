//! The tool against a real API server (OPENSHELL_TEST_KUBECONFIG), with the real helm.

mod interrupted;
mod own_place;
mod scene;
mod whose;

use std::fs;

use cluster_fixture::{Fault, FaultProxy, When, all_faults, is_thorough};
use serde_json::json;

use crate::scene::{Scene, verbs};

#[test]
fn a_release_is_made_kept_changed_and_removed() {
    let Some(scene) = Scene::new() else { return };
    let chart = scene.chart();
    let planned = scene.run(&["plan", "--chart", &chart]);
    assert_eq!(planned.document["step"], "install", "{}", planned.stderr);
    let dry = scene.run(&["apply", "--chart", &chart, "--dry-run"]);
    assert_eq!(
        (dry.code, verbs(&dry)),
        (0, vec!["install".to_owned()]),
        "{}",
        dry.stderr
    );
    assert_eq!(
        (scene.revisions().len(), scene.file("release.tar").exists()),
        (0, false)
    );

    let made = scene.run(&["apply", "--chart", &chart]);
    assert_eq!(made.code, 0, "{}", made.stderr);
    assert_eq!(verbs(&made), ["keep", "install"]);
    assert_eq!(made.document["facts"]["workload"], "deployment/gw");
    assert_eq!(scene.setting().as_deref(), Some("first"));
    let known = scene.run(&["recall"]);
    assert_eq!(known.document["deployed"], made.document["fingerprint"]);
    assert_eq!(known.document["facts"], made.document["facts"]);

    // What this host knows costs nothing, and what it forgot is found in helm's record: in both cases nothing is written.
    let proxy = FaultProxy::before(&scene.cluster);
    for forgotten in [false, true] {
        if forgotten {
            fs::remove_file(scene.file("deployment.json")).expect("it was written");
        }
        let again = scene.run_by(proxy.kubeconfig(), &["apply"]);
        assert_eq!(
            (again.code, &again.document["changed"]),
            (0, &json!(false)),
            "{}",
            again.stderr
        );
        assert_eq!(proxy.writes(), []);
    }

    assert_eq!(verbs(&scene.applies("second", &[])), ["keep", "upgrade"]);
    assert_eq!(scene.setting().as_deref(), Some("second"));
    assert_eq!(scene.does(&["rollback"]), ["rollback"]);
    assert_eq!(scene.setting().as_deref(), Some("first"));
    // What is kept is what was chosen last.
    assert_eq!(scene.does(&["apply"]), ["upgrade"]);
    assert_eq!(scene.setting().as_deref(), Some("second"));

    assert_eq!(scene.does(&["remove"]), ["remove"]);
    assert_eq!((scene.revisions().len(), scene.workload()), (0, None));
    assert_eq!(scene.does(&["remove"]), Vec::<String>::new());
    assert_eq!(scene.does(&["apply"]), ["install"]);
}

#[test]
fn a_workload_that_nobody_may_change_is_made_anew_in_both_directions() {
    let Some(scene) = Scene::new() else { return };
    scene.does(&["apply", "--chart", &scene.chart()]);
    let first = scene.workload();
    let run = scene.applies("second,app=other", &[]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(verbs(&run), ["keep", "delete", "upgrade"]);
    let second = scene.workload();
    assert_ne!(first, second);
    assert_eq!(scene.does(&["rollback"]), ["delete", "rollback"]);
    assert_ne!(scene.workload(), second);
    // The same selector: it stays.
    let third = scene.workload();
    let run = scene.applies("third", &[]);
    assert_eq!((run.code, scene.workload()), (0, third), "{}", run.stderr);
}

#[test]
fn what_helm_refuses_is_told_in_its_words_and_the_next_run_goes_on() {
    let Some(scene) = Scene::new() else { return };
    let chart = scene.chart();
    let file = std::path::Path::new(&chart).join("templates/wrong.yaml");
    fs::write(
        &file,
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: Wrong_Name}\n",
    )
    .expect("room");
    let refused = scene.run(&["apply", "--chart", &chart]);
    assert_eq!(
        (refused.code, refused.reason()),
        (1, "release_failed"),
        "{}",
        refused.stderr
    );
    assert!(refused.stderr.contains("Wrong_Name"), "{}", refused.stderr);
    assert_eq!(scene.revisions(), [(1, "failed".to_owned())]);
    fs::remove_file(&file).expect("it was written");
    let run = scene.run(&["apply", "--chart", &chart]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(scene.setting().as_deref(), Some("first"));
}

#[test]
fn an_api_that_answers_with_errors_is_no_absence() {
    let Some(scene) = Scene::new() else { return };
    scene.does(&["apply", "--chart", &scene.chart()]);
    let before = scene.revisions();
    let proxy = FaultProxy::before(&scene.cluster);
    for (fault, code) in all_faults() {
        if !is_thorough() && matches!(fault, Fault::Stall(_)) {
            continue;
        }
        fs::remove_file(scene.file("deployment.json")).ok();
        for verb in ["plan", "apply", "remove", "rollback"] {
            proxy.inject(fault, When::From(1));
            let run = scene.run_by(proxy.kubeconfig(), &[verb, "--timeout", "4s"]);
            assert_eq!(run.code, code, "{verb}, {fault:?}: {}", run.stderr);
            assert_eq!(proxy.writes(), [], "{verb}, {fault:?}");
        }
        // One error is asked again.
        proxy.inject(fault, When::At(1));
        let run = scene.run_by(proxy.kubeconfig(), &["plan"]);
        assert_eq!(
            (run.code, &run.document["step"]),
            (0, &json!("keep")),
            "{fault:?}: {}",
            run.stderr
        );
    }
    assert_eq!(scene.revisions(), before);
}
