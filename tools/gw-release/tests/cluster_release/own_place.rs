//! The place that a release is deployed to: made, restarted and removed.

use std::time::Duration;

use cluster_fixture::{Fault, FaultProxy, Program, When, client, points, run_apart};
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{Namespace, PersistentVolumeClaim, Secret};
use kube::Api;
use kube::api::PostParams;
use serde_json::{Value, json};

use crate::interrupted::end_helm;
use crate::scene::{Scene, verbs};

/// A namespace of the gateway's own beside that of the scene.
struct Own<'a> {
    scene: &'a Scene,
    name: String,
}

impl Own<'_> {
    /// Makes it, with a release, a Secret and a claim.
    fn made(&self, proxy: &FaultProxy) {
        proxy.heal();
        let (name, chart) = (self.name.as_str(), self.scene.chart());
        for words in [
            &["prepare", "--namespace", name][..],
            &["apply", "--namespace", name, "--chart", &chart],
        ] {
            let run = self.scene.run_by(proxy.kubeconfig(), words);
            assert_eq!(run.code, 0, "{}", run.stderr);
        }
        let secret = json!({ "metadata": { "name": "openshell-ca" } });
        let claim = json!({
            "metadata": { "name": "data", "labels": { "app.kubernetes.io/instance": "openshell" } },
            "spec": {
                "accessModes": ["ReadWriteOnce"], "storageClassName": "none", "resources": { "requests": { "storage": "1Mi" } },
            },
        });
        run_apart(async || {
            let client = client(&self.scene.cluster).await;
            let (secrets, claims) = (
                Api::<Secret>::namespaced(client.clone(), name),
                Api::<PersistentVolumeClaim>::namespaced(client, name),
            );
            let parameters = PostParams::default();
            let secret = serde_json::from_value(secret.clone()).expect("a Secret");
            secrets.create(&parameters, &secret).await.expect("it is made");
            let claim = serde_json::from_value(claim.clone()).expect("a claim");
            claims.create(&parameters, &claim).await.expect("it is made");
        });
    }

    fn namespace(&self) -> Option<Value> {
        let found = run_apart(async || {
            let api = Api::<Namespace>::all(client(&self.scene.cluster).await);
            api.get_opt(&self.name).await.expect("the API server answers")
        });
        found.map(|found| serde_json::to_value(found).expect("plain data"))
    }
}

const REMOVE: [&str; 3] = ["remove", "--with-data", "--yes"];

#[test]
fn a_place_of_its_own_is_removed_with_all_that_is_in_it_also_by_runs_that_are_killed() {
    let Some(scene) = Scene::new() else { return };
    let own = Own {
        name: format!("{}-own", scene.namespace.name()),
        scene: &scene,
    };
    let proxy = FaultProxy::before(&scene.cluster);
    own.made(&proxy);
    let made = own.namespace().expect("a namespace");
    assert_eq!(made["metadata"]["labels"]["dev.openshell.gateway"], "g");
    // The scene's namespace is another one.
    let elsewhere = scene.run_by(proxy.kubeconfig(), &["prepare"]);
    assert_eq!(
        (elsewhere.code, elsewhere.reason()),
        (1, "another_cluster"),
        "{}",
        elsewhere.stderr
    );

    proxy.heal();
    let remove = [&REMOVE[..], &["--namespace", &own.name]].concat();
    let run = scene.run_by(proxy.kubeconfig(), &remove);
    assert_eq!(run.code, 0, "{}", run.stderr);
    // Release, Secret, claim, namespace, folder.
    assert_eq!(verbs(&run), ["remove", "delete", "delete", "delete", "delete"]);
    assert_eq!(own.namespace(), None);
    let count = proxy.writes().len();

    for number in points(count) {
        for fault in [Fault::Hold, Fault::Withhold] {
            own.made(&proxy);
            proxy.inject(fault, When::AtWrite(number));
            let program = Program::start(scene.tool(proxy.kubeconfig(), &remove));
            assert!(
                proxy.wait_withheld(Duration::from_secs(60)),
                "{fault:?} at write {number}"
            );
            program.kill();
            match fault {
                Fault::Hold => proxy.release(),
                _ => end_helm(&scene),
            }
            let run = scene.run(&[&remove[..], &["--lock-timeout", "50s"]].concat());
            assert_eq!(run.code, 0, "{fault:?} at write {number}: {}", run.stderr);
            assert_eq!(own.namespace(), None, "{fault:?} at write {number}");
            assert!(!scene.file("").exists(), "{fault:?} at write {number}");
        }
    }
}

#[test]
fn a_namespace_of_somebody_else_stays_and_its_server_gets_new_pods_before() {
    let Some(scene) = Scene::new() else { return };
    assert_eq!(scene.does(&["prepare"]), ["keep"]);
    let uid = scene.run(&["prepare"]).document["place"]["namespace_uid"].clone();
    let uid = uid.as_str().expect("a uid");
    scene.does(&["apply", "--chart", &scene.chart(), "--cluster-id", uid]);
    let restarted_at = || {
        let found: Deployment = run_apart(async || {
            let client = client(&scene.cluster).await;
            let api = Api::namespaced(client, scene.namespace.name());
            api.get("gw").await.expect("a Deployment")
        });
        let template = found.spec.expect("a spec").template.metadata.expect("labels");
        let annotations = template.annotations.unwrap_or_default();
        annotations.get("kubectl.kubernetes.io/restartedAt").cloned()
    };
    assert_eq!(restarted_at(), None);
    assert_eq!(scene.does(&["restart"]), ["restart"]);
    assert!(restarted_at().is_some());
    assert_eq!(scene.does(&REMOVE), ["remove", "delete"]);
    assert_eq!((scene.revisions().len(), scene.workload()), (0, None));
    assert_eq!(scene.does(&["prepare"]), ["keep"], "the namespace is still there");
}
