//! Docker's faults: a stable reason, the right exit code, and nothing lost.

use docker_proxy::{DockerProxy, FAULTS, Fault, When, is_thorough};
use played_gateway::{PlayedGateway, docker, free_port, skipped};

/// Meets each fault at the calls of `arguments`, from what `prepare` makes; what the volume holds must stay.
fn sweep(gateway: &PlayedGateway, prepare: impl Fn(), arguments: &[&str], volume_stays: bool) {
    let proxy = DockerProxy::new();
    let host = proxy.host();
    prepare();
    proxy.clear();
    gateway.done(&[arguments, &["--docker-host", &host]].concat());
    let calls = proxy.clear().len();
    let made = |gateway: &PlayedGateway| {
        docker(&[
            "volume",
            "inspect",
            "--format",
            "{{json .Labels}}",
            &gateway.resource(),
        ])
    };
    for (index, (fault, code, reason)) in FAULTS.into_iter().enumerate() {
        // Else each fault at one of the first, a middle and the last call.
        let points: Vec<usize> = if is_thorough() {
            (1..=calls).collect()
        } else {
            vec![[1, calls / 2, calls][index % 3]]
        };
        for point in &points {
            prepare();
            let before = volume_stays.then(|| made(gateway));
            proxy.inject(fault, When::At(*point));
            let timeout = if fault == Fault::Hold { "2s" } else { "60s" };
            let run = gateway.run(&[arguments, &["--docker-host", &host, "--timeout", timeout]].concat());
            proxy.clear();
            // Cutting what Docker has no body for, or a wait that asks again, may come to nothing; it never is another reason.
            if run.code != 0 {
                let start = if reason == "docker_error" {
                    "start_failed"
                } else {
                    reason
                };
                assert!(
                    run.code == code && [reason, start].contains(&run.reason()),
                    "{fault:?} at {point} of {calls}: {} {}: {}",
                    run.code,
                    run.reason(),
                    run.stderr
                );
                assert!(run.stderr.contains("next:"), "{}", run.stderr);
            }
            gateway.done(arguments);
            assert_eq!(
                gateway.left().len(),
                3,
                "{fault:?} at {point} of {calls}: {:?}",
                gateway.left()
            );
            assert_eq!(
                gateway.done(arguments).document["changed"],
                false,
                "{fault:?} at {point} of {calls}"
            );
            if let Some(before) = before {
                assert_eq!(
                    made(gateway),
                    before,
                    "{fault:?} at {point} of {calls}: the volume is another one"
                );
            }
        }
    }
}

#[test]
fn at_a_first_start() {
    if skipped() {
        return;
    }
    let gateway = PlayedGateway::new();
    let port = gateway.port.to_string();
    let nothing = || {
        gateway.done(&["remove", "--volume", "--yes"]);
    };
    sweep(
        &gateway,
        nothing,
        &["ensure", "--image", &gateway.image, "--port", &port],
        false,
    );
}

#[test]
fn at_a_replacement() {
    if skipped() {
        return;
    }
    let gateway = PlayedGateway::new();
    let (one, other) = (gateway.port.to_string(), free_port().to_string());
    gateway.created();
    let prepare = || {
        gateway.done(&["ensure", "--port", &one]);
    };
    sweep(&gateway, prepare, &["ensure", "--port", &other], true);
}

#[test]
fn a_volume_that_a_fault_hid_is_not_removed_when_the_start_fails() {
    if skipped() {
        return;
    }
    let mut gateway = PlayedGateway::new();
    gateway.created();
    gateway.done(&["remove"]);
    let broken = gateway.build(
        "broken",
        "LABEL dev.openshell.image=cluster\nENTRYPOINT [\"/none\"]\n",
    );
    let failed = gateway.run(&["ensure", "--image", &broken]);
    assert_eq!(
        (failed.code, failed.reason()),
        (1, "start_failed"),
        "{}",
        failed.stderr
    );
    assert_eq!(gateway.left(), [format!("volume {}", gateway.resource())]);
}
