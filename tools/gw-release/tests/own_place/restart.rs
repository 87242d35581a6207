//! `restart`.

use cluster_fixture::FaultProxy;
use serde_json::{Value, json};

use crate::scene::*;

const RESTARTED_AT: &str = "/spec/template/metadata/annotations/kubectl.kubernetes.io~1restartedAt";

fn workload(kind: &str, name: &str) -> String {
    format!("/apis/apps/v1/namespaces/team/{kind}/{name}")
}

#[test]
fn the_servers_workload_gets_new_pods() {
    let scene = Scene::with_namespace(None);
    let proxy = FaultProxy::before(scene.api.kubeconfig());
    scene.keep(proxy.kubeconfig(), Some("uid-of-team"));
    let none = scene.run(&["restart"]);
    assert_eq!((none.code, none.reason()), (1, "no_server"), "{}", none.stderr);
    assert_eq!(proxy.writes(), []);

    let restarted_at = |path: &str| -> Option<Value> { scene.api.get(path)?.pointer(RESTARTED_AT).cloned() };
    let template = json!({ "spec": { "selector": {}, "template": {} } });
    let deployment = workload("deployments", "openshell");
    scene.api.put(&deployment, template.clone());
    let dry = scene.run(&["restart", "--dry-run"]);
    assert_eq!(
        (actions(&dry), restarted_at(&deployment)),
        (vec!["restart deployment/openshell".to_owned()], None)
    );
    let run = scene.run(&["restart"]);
    assert_eq!((run.code, actions(&run)), (0, actions(&dry)), "{}", run.stderr);
    assert_eq!(
        (run.document["changed"].clone(), proxy.writes().len()),
        (json!(true), 1)
    );
    assert!(restarted_at(&deployment).is_some());

    // A chart may call its server otherwise: what was deployed to this very namespace says so.
    let (named, usual) = (
        workload("deployments", "gw"),
        workload("statefulsets", "openshell"),
    );
    scene.api.put(&named, template.clone());
    scene.api.put(
        &usual,
        json!({ "spec": { "selector": {}, "serviceName": "s", "template": {} } }),
    );
    let facts = json!({ "workload": "deployment/gw", "service": "gw", "handshake": false, "health": null, "node_port": false, "sans": [] });
    let deployed = |cluster: &str| {
        let file = json!({ "container": cluster, "release": "r", "facts_of": "r", "facts": facts });
        scene.write("deployment.json", &file.to_string());
        actions(&scene.run(&["restart"]))
    };
    assert_eq!(deployed("uid-of-team"), ["restart deployment/gw"]);
    assert!(restarted_at(&named).is_some());
    assert_eq!(deployed("another"), ["restart statefulset/openshell"]);
}

#[test]
fn a_server_of_another_namespace_is_left_alone() {
    let scene = Scene::with_namespace(None);
    scene.keep(scene.api.kubeconfig(), Some("another-uid"));
    scene.api.put(
        &workload("deployments", "openshell"),
        json!({ "spec": { "selector": {}, "template": {} } }),
    );
    let before = scene.api.dump("/");
    for flags in [&[][..], &["--namespace", "gone"]] {
        let run = scene.run(&[&["restart"], flags].concat());
        assert_eq!((run.code, run.reason()), (1, "another_cluster"), "{}", run.stderr);
    }
    assert_eq!(scene.api.dump("/"), before);
}
