//! A container that only has the gateway's name.

use played_gateway::{PlayedGateway, docker, skipped};

#[test]
fn a_container_that_is_no_gateway_is_not_reached_into() {
    if skipped() {
        return;
    }
    let gateway = PlayedGateway::new();
    docker(&["create", "--name", &gateway.resource(), &gateway.image]);
    for arguments in [
        &["kubeconfig"][..],
        &["load", &gateway.image],
        &["copy", "/proc/self/comm", "/file"],
        &["tunnel"],
    ] {
        let run = gateway.run_tool("gw-node", arguments);
        assert_eq!(
            (run.code, run.reason()),
            (1, "foreign_container"),
            "{arguments:?}: {}",
            run.stderr
        );
    }
    assert_eq!(gateway.left(), [format!("container {}", gateway.resource())]);
}
