//! After all tests of the tools: what they printed, and what the gateway that they shared shows to others, holds no secret.
//!
//! `OPENSHELL_TEST_OUTPUT`: a file with all that they printed.

use cluster_fixture::{Hunt, SharedGateway, client, run_apart};
use k8s_openapi::api::core::v1::Secret;
use kube::Api;
use kube::api::ListParams;

/// The keys and the handshake secret of the gateway.
fn secrets(gateway: &SharedGateway) -> Vec<Vec<u8>> {
    let found = run_apart(async || {
        let secrets: Api<Secret> = Api::namespaced(client(&gateway.kubeconfig()).await, "openshell");
        secrets.list(&ListParams::default()).await.expect("the Secrets")
    });
    let values = found.items.into_iter().filter_map(|secret| secret.data).flatten();
    values
        .filter(|(name, _)| name.ends_with(".key") || name == "secret")
        .map(|(_, value)| value.0)
        .collect()
}

#[test]
fn no_secret_is_seen() {
    let Some(gateway) = SharedGateway::find() else {
        return;
    };
    let Some(output) = std::env::var_os("OPENSHELL_TEST_OUTPUT") else {
        println!("skipped: OPENSHELL_TEST_OUTPUT is not set");
        return;
    };
    let secrets = secrets(&gateway);
    assert_eq!(
        secrets.len(),
        4,
        "keys of the CA, the server and the client, and the handshake secret"
    );
    let output = std::fs::read(output).expect("what the tests printed");
    assert!(output.len() > 1000, "the tests printed next to nothing");

    for secret in &secrets {
        let mut planted = Hunt::for_values([secret.clone()]);
        planted.text("planted", &[&output[..], secret].concat());
        assert_eq!(planted.found(), ["planted"]);
    }

    let mut hunt = Hunt::for_values(secrets);
    hunt.text("what the tests printed", &output);
    hunt.gateway(&gateway);
    hunt.assert_found_nothing();
}
