//! Killed at a call of the API, or answered with an error: the same end.

use std::time::Duration;

use cluster_fixture::{Fault, FaultProxy, Program, When, client, is_thorough, kubeconfig, points, run_apart};
use k8s_openapi::api::core::v1::{ConfigMap, PersistentVolume, Pod};
use kube::Api;
use kube::api::ListParams;
use serde_json::json;

use crate::stage::Stage;

/// A stale node with two pods and two volumes.
struct Scene {
    stage: Stage,
    claims: Vec<(String, (String, String))>,
}

impl Scene {
    fn set(kubeconfig: &std::path::Path) -> Self {
        let stage = Stage::set(kubeconfig.to_owned());
        let stale = stage.name("stale");
        let claims = run_apart(async || {
            let client = client(&stage.kubeconfig).await;
            let owner = stage.owner(&client).await;
            stage.add_node(&client, &stale).await;
            let mut claims = Vec::new();
            for name in ["a", "b"] {
                stage
                    .add::<Pod>(&client, stage.pod(name, &stale, Some(&owner)))
                    .await;
                let volume = stage.name(name);
                stage
                    .add_volume(&client, &volume, &stale, name, "rancher.io/local-path")
                    .await;
                claims.push((name.to_owned(), stage.bound(&client, name).await));
            }
            claims
        });
        Self { stage, claims }
    }

    /// Nothing of the stale node is there, and each claim has its volume, which is another object for the living node.
    fn is_clean(&self, case: &str) {
        let stage = &self.stage;
        let left: Vec<String> = stage
            .versions()
            .into_iter()
            .filter(|line| !line.starts_with("PersistentVolume"))
            .collect();
        assert!(left.is_empty(), "{case}: {left:?}");
        run_apart(async || {
            let client = client(&stage.kubeconfig).await;
            for (name, (claim, old)) in &self.claims {
                let (claim_now, volume_now) = stage.bound(&client, name).await;
                assert_eq!(claim_now, *claim, "{case}");
                assert_ne!(volume_now, *old, "{case}");
                let volume: PersistentVolume = Api::all(client.clone())
                    .get(&stage.name(name))
                    .await
                    .expect("the volume");
                let spec = serde_json::to_value(volume.spec).expect("JSON");
                assert_eq!(spec["claimRef"]["uid"], json!(claim), "{case}");
                assert_eq!(spec["persistentVolumeReclaimPolicy"], "Retain", "{case}");
                assert!(spec["nodeAffinity"].to_string().contains(&stage.keep), "{case}");
            }
            let entries: Api<ConfigMap> = Api::namespaced(client, "kube-system");
            let journal = ListParams::default().labels("dev.openshell.volume-move");
            assert!(
                entries.list(&journal).await.expect("entries").items.is_empty(),
                "{case}"
            );
        });
    }
}

#[test]
fn killed_at_a_call_and_run_again_it_comes_to_the_same_end() {
    let Some(kubeconfig) = kubeconfig() else { return };
    let scene = Scene::set(&kubeconfig);
    let proxy = FaultProxy::before(&kubeconfig);
    let ended = tool_document::run(scene.stage.command(proxy.kubeconfig()));
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let calls = proxy.asked().len();
    scene.is_clean("undisturbed");
    proxy.heal();
    let again = tool_document::run(scene.stage.command(proxy.kubeconfig()));
    assert_eq!((again.code, &again.document["changed"]), (0, &json!(false)));
    assert_eq!(proxy.writes(), [], "a second run writes nothing");
    drop(scene);

    for call in points(calls) {
        let scene = Scene::set(&kubeconfig);
        proxy.inject(Fault::Withhold, When::At(call));
        let killed = Program::start(scene.stage.command(proxy.kubeconfig()));
        // How often it is asked whether volumes are bound differs from run to run.
        let was_held = proxy.wait_withheld(Duration::from_secs(30));
        assert!(
            was_held || call + 5 >= calls,
            "call {call} of {calls} was never sent"
        );
        killed.kill();
        let ended = scene.stage.clean(&[]);
        assert_eq!(ended.code, 0, "killed at call {call}: {}", ended.stderr);
        scene.is_clean(&format!("killed at call {call}"));
    }
    println!("of {calls} calls");
}

#[test]
fn errors_at_a_write_are_asked_again() {
    let Some(kubeconfig) = kubeconfig() else { return };
    let proxy = FaultProxy::before(&kubeconfig);
    let scene = Scene::set(&kubeconfig);
    let ended = tool_document::run(scene.stage.command(proxy.kubeconfig()));
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    let writes = proxy.writes().len();
    drop(scene);
    let faults = [
        Fault::CutAnswer,
        Fault::Status(429),
        Fault::Cut,
        Fault::Status(500),
        Fault::NotFoundOther,
        Fault::Truncated,
    ];
    for (place, write) in points(writes).into_iter().enumerate() {
        let some = [faults[place % 2]];
        for fault in if is_thorough() { &faults[..] } else { &some[..] } {
            let scene = Scene::set(&kubeconfig);
            proxy.inject(*fault, When::AtWrite(write));
            let case = format!("{fault:?} at write {write} of {writes}");
            let ended = tool_document::run(scene.stage.command(proxy.kubeconfig()));
            assert_eq!(ended.code, 0, "{case}: {}", ended.stderr);
            scene.is_clean(&case);
        }
    }
}
