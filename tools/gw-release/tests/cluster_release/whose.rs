//! Releases and runs of helm that are somebody else's.

use cluster_fixture::run_apart;
use k8s_openapi::api::core::v1::Secret;
use kube::api::{Patch, PatchParams};
use serde_json::json;

use crate::scene::{Scene, verbs};

#[test]
fn a_release_of_somebody_else_is_replaced_only_by_a_chart_that_is_named() {
    let Some(scene) = Scene::new() else { return };
    let chart = scene.chart();
    scene.helm(&["install", "openshell", &chart]);
    assert_eq!(scene.does(&["choose", "--chart", &chart]), ["keep"]);
    for verb in ["plan", "apply", "remove", "rollback"] {
        let run = scene.run(&[verb]);
        let (code, reason) = (run.code, run.reason().to_owned());
        let expected = if verb == "rollback" {
            "nothing_to_go_back_to"
        } else {
            "release_of_others"
        };
        assert_eq!((code, reason.as_str()), (1, expected), "{verb}: {}", run.stderr);
    }
    assert_eq!(scene.revisions(), [(1, "deployed".to_owned())]);
    let run = scene.run(&["apply", "--chart", &chart]);
    assert_eq!(
        (run.code, verbs(&run)),
        (0, vec!["upgrade".to_owned()]),
        "{}",
        run.stderr
    );
    // What was deployed here and changed by somebody since is the gateway's still.
    scene.helm(&["upgrade", "openshell", &chart, "--set", "setting=theirs"]);
    assert_eq!(scene.does(&["remove"]), ["remove"]);
}

/// Gives the last revision this status, as a helm that was killed leaves it; its age in seconds.
fn unfinished(scene: &Scene, status: &str, age: i64) {
    let (number, _) = scene.revisions().pop().expect("a revision");
    let name = format!("sh.helm.release.v1.openshell.v{number}");
    let written = (jiff::Timestamp::now().as_second() - age).to_string();
    let labels = json!({"metadata": {"labels": {"status": status, "modifiedAt": written}}});
    run_apart(async || {
        let secrets = scene.secrets().await;
        let (parameters, patch) = (PatchParams::default(), Patch::Merge(labels));
        let _: Secret = secrets
            .patch(&name, &parameters, &patch)
            .await
            .expect("the API server answers");
    });
}

#[test]
fn a_helm_that_may_be_at_work_is_waited_for_and_one_that_is_not_is_made_good() {
    let Some(scene) = Scene::new() else { return };
    let chart = scene.chart();
    for status in ["pending-upgrade", "pending-rollback", "uninstalling"] {
        scene.does(&["apply", "--chart", &chart]);
        scene.helm(&["upgrade", "openshell", &chart, "--set", "setting=theirs"]);
        unfinished(&scene, status, 5);
        let asked = scene.applies(status, &["--chart", &chart]);
        assert_eq!(
            (asked.code, asked.reason()),
            (75, "release_pending"),
            "{}",
            asked.stderr
        );
        assert!(
            asked.stderr.contains("helm rollback openshell"),
            "{}",
            asked.stderr
        );
        unfinished(&scene, status, 601);
        let run = scene.applies(status, &["--chart", &chart]);
        assert_eq!(run.code, 0, "{status}: {}", run.stderr);
        assert_eq!(verbs(&run), ["forget", "upgrade"], "{status}");
        assert_eq!(scene.setting().as_deref(), Some(status));
    }
}
