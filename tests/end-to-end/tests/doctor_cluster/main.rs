//! `openshell doctor` names faults of a gateway's cluster and of the client's files. Each is made for real, on one gateway, and
//! healed afterwards: then nothing must be wrong any more.

mod bundle;
mod client;
mod cluster;
mod scene;
mod server;

use end_to_end::{TestGateway, skipped_without_docker};

use crate::scene::{Fault, Scene};

/// Its value must not be in a bundle.
const TOKEN: &str = "geheim-7d1f";

#[test]
fn each_fault_is_named_by_its_cause() {
    if skipped_without_docker() {
        return;
    }
    let gateway = TestGateway::unmade();
    let port = gateway.port.to_string();
    let token = format!("A_TOKEN={TOKEN}");
    gateway.start(&["--port", &port, "--env", &token]).well();
    let scene = Scene::of(gateway);
    scene.is_healthy();
    let text = scene.gateway.run("doctor", &[]).well().stdout;
    let expected = format!("gateway {}: nothing is wrong (", scene.gateway.name);
    assert!(text.starts_with(&expected) && text.lines().count() == 1, "{text}");
    bundle::has_no_secrets(&scene);

    let every = std::env::var_os("OPENSHELL_TEST_ALL").is_some();
    let faults = [client::faults(), cluster::faults(), server::faults()].concat();
    for fault in &faults {
        if fault.is_slow && !every {
            println!("skipped: {} alone: only with --all", fault.cause);
            continue;
        }
        scene.shows(&[fault]);
    }
    let named = |cause: &str| -> &Fault {
        let found = faults.iter().find(|fault| fault.cause == cause);
        found.unwrap_or_else(|| panic!("there is no fault {cause}"))
    };
    scene.shows(&[named("claim_lost"), named("client_bundle_differs")]);
    scene.shows(&[named("kubeconfig_stale"), named("node_stale")]);
}
