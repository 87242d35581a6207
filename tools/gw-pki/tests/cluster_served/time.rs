//! What a run without changes costs beside `kubectl get secret`.

use cluster_fixture::{SharedGateway, time_side_by_side};

use crate::scene::{run, tool};

#[test]
fn a_run_without_changes_beside_kubectl() {
    let Some(gateway) = SharedGateway::find() else {
        return;
    };
    assert_eq!(run(&gateway, &["reconcile"]).code, 0);
    let get = [
        "get",
        "secret",
        "openshell-server-tls",
        "--namespace",
        "openshell",
    ];
    time_side_by_side(
        "gw-pki reconcile, kubectl get secret",
        || tool(&gateway, &["reconcile"]),
        || gateway.kubectl(&get),
    );
}
