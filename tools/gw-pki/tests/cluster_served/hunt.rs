//! No key is anywhere but where it belongs.

use cluster_fixture::{Hunt, SharedGateway, client, run_apart};
use k8s_openapi::api::core::v1::Secret;
use kube::Api;
use kube::api::ListParams;

use crate::scene::tool;

fn keys(gateway: &SharedGateway) -> Vec<Vec<u8>> {
    let found = run_apart(async || {
        let secrets: Api<Secret> = Api::namespaced(client(&gateway.kubeconfig()).await, "openshell");
        secrets.list(&ListParams::default()).await.unwrap()
    });
    let values = found.items.into_iter().filter_map(|secret| secret.data).flatten();
    let keys = values.filter(|(name, _)| name.ends_with(".key"));
    keys.map(|(_, value)| value.0).collect()
}

#[test]
fn no_key_is_seen() {
    let Some(gateway) = SharedGateway::find() else {
        return;
    };
    let keys = keys(&gateway);
    assert_eq!(keys.len(), 3, "of the CA, the server and the client");
    let mut hunt = Hunt::for_values(keys);
    let place = tempfile::tempdir().unwrap();
    let bundle = place.path().join("bundle");
    let export = ["export", "--output", bundle.to_str().unwrap()];
    let runs: [&[&str]; 5] = [
        &["check"],
        &["reconcile"],
        &["reconcile", "--rotate", "ca", "--dry-run"],
        &export,
        &["reconcile", "--san", "*.wrong.*"],
    ];
    let outputs = hunt.processes(|| runs.map(|words| tool(&gateway, words).output().unwrap()));
    for (words, output) in runs.iter().zip(outputs) {
        hunt.text(&format!("{words:?}"), &output.stdout);
        hunt.text(&format!("{words:?}"), &output.stderr);
    }
    hunt.files(place.path());
    hunt.gateway(&gateway);
    // No sandbox carries a key either.
    hunt.output(gateway.kubectl(&["get", "pods", "--all-namespaces", "--output", "json"]));
    hunt.assert_found_nothing();
}
