//! Docker's faults are told as such: never as a state.

use docker_proxy::{DockerProxy, FAULTS, When, is_thorough};
use played_gateway::{ServedGateway, skipped};

#[test]
fn a_fault_at_any_call_is_an_error_with_its_reason_and_no_state() {
    if skipped() {
        return;
    }
    let mut gateway = ServedGateway::new();
    let image = gateway.build("");
    gateway.make(&["create"], &[], &image);
    let proxy = DockerProxy::new();
    let calls = if is_thorough() {
        (1..=6).collect()
    } else {
        vec![1, 3, 6]
    };
    for (fault, code, reason) in FAULTS {
        for call in &calls {
            proxy.inject(fault, When::At(*call));
            let run = gateway.run_tool(
                "gw-detect",
                &["--docker-host", &proxy.host(), "--timeout", "700ms"],
            );
            assert_eq!(
                (run.code, run.reason()),
                (code, reason),
                "{fault:?} at {call}: {}",
                run.stderr
            );
            assert!(
                run.document["state"].is_null(),
                "{fault:?} at {call}: {}",
                run.stdout
            );
            proxy.clear();
        }
    }
    assert_eq!(
        gateway
            .run_tool("gw-detect", &["--docker-host", &proxy.host()])
            .document["state"],
        "stopped"
    );
}
