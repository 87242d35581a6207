//! What cannot be done is told, and nothing is left half made.

use std::net::TcpListener;

use played_gateway::{PlayedGateway, docker, free_port, skipped};

#[test]
fn a_taken_port_is_named_before_anything_is_made() {
    if skipped() {
        return;
    }
    let gateway = PlayedGateway::new();
    let held = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = held.local_addr().expect("an address").port().to_string();
    let by_process = gateway.run(&["ensure", "--image", &gateway.image, "--port", &port]);
    assert_eq!(
        (by_process.code, by_process.reason()),
        (1, "port_taken"),
        "{}",
        by_process.stderr
    );
    let own = format!("process {}", std::process::id());
    assert!(by_process.stderr.contains(&own), "{}", by_process.stderr);
    assert!(by_process.stderr.contains("--port"), "{}", by_process.stderr);
    drop(held);

    let other = PlayedGateway::new();
    other.created();
    let port = other.port.to_string();
    let by_container = gateway.run(&["ensure", "--image", &gateway.image, "--port", &port]);
    assert_eq!((by_container.code, by_container.reason()), (1, "port_taken"));
    assert!(
        by_container.stderr.contains(&other.resource()),
        "{}",
        by_container.stderr
    );
    assert_eq!(gateway.left(), Vec::<String>::new());
}

#[test]
fn a_missing_image_is_named_before_anything_is_made() {
    if skipped() {
        return;
    }
    let gateway = PlayedGateway::new();
    let none = gateway.run(&["ensure"]);
    assert_eq!((none.code, none.reason()), (78, "image_not_given"));
    let missing = gateway.run(&[
        "ensure",
        "--image",
        "openshell/no-such-image:1",
        "--pull",
        "never",
    ]);
    assert_eq!((missing.code, missing.reason()), (1, "image_missing"));
    assert_eq!(gateway.left(), Vec::<String>::new());
}

#[test]
fn a_first_start_that_fails_leaves_nothing() {
    if skipped() {
        return;
    }
    let mut gateway = PlayedGateway::new();
    let broken = gateway.build(
        "broken",
        "LABEL dev.openshell.image=cluster\nENTRYPOINT [\"/none\"]\n",
    );
    let port = gateway.port.to_string();
    let failed = gateway.run(&["ensure", "--image", &broken, "--port", &port]);
    assert_eq!(
        (failed.code, failed.reason()),
        (1, "start_failed"),
        "{}",
        failed.stderr
    );
    assert_eq!(gateway.left(), Vec::<String>::new());

    // A replacement that cannot start gives the former container its place back, and a volume is never removed.
    let first = gateway.created().document;
    let failed = gateway.run(&["ensure", "--image", &broken]);
    assert_eq!(
        (failed.code, failed.reason()),
        (1, "start_failed"),
        "{}",
        failed.stderr
    );
    assert_eq!(
        gateway.inspect("{{.Id}} {{.State.Running}}"),
        format!("{} true", first["container_id"].as_str().unwrap())
    );
    assert_eq!(gateway.left().len(), 3, "{:?}", gateway.left());
    assert_eq!(gateway.done(&["ensure"]).document["changed"], false);
}

#[test]
fn a_node_that_cannot_boot_is_kept_with_its_log() {
    if skipped() {
        return;
    }
    let mut gateway = PlayedGateway::new();
    let image = gateway.build("exits", "LABEL dev.openshell.image=cluster\nENV PLAY_EXIT=1\n");
    let port = gateway.port.to_string();
    let failed = gateway.run(&["ensure", "--image", &image, "--port", &port]);
    assert_eq!(
        (failed.code, failed.reason()),
        (1, "container_exited"),
        "{}",
        failed.stderr
    );
    assert!(
        failed.stderr.contains("this node cannot boot"),
        "{}",
        failed.stderr
    );
    assert_eq!(gateway.left().len(), 3, "{:?}", gateway.left());
}

#[test]
fn of_several_at_once_one_works() {
    if skipped() {
        return;
    }
    let gateway = PlayedGateway::new();
    let port = gateway.port.to_string();
    let runs: Vec<tool_document::Run> = std::thread::scope(|scope| {
        let started: Vec<_> = (0..20)
            .map(|_| scope.spawn(|| gateway.run(&["ensure", "--image", &gateway.image, "--port", &port])))
            .collect();
        started
            .into_iter()
            .map(|run| run.join().expect("a run"))
            .collect()
    });
    for run in &runs {
        assert!(
            run.code == 0 || (run.code, run.reason()) == (75, "locked"),
            "{}",
            run.stderr
        );
    }
    assert!(runs.iter().any(|run| run.code == 0));
    assert_eq!(gateway.left().len(), 3, "{:?}", gateway.left());
}

#[test]
fn different_gateways_that_are_started_at_once_do_not_meet() {
    if skipped() {
        return;
    }
    // Gateways with these ends of their names try the same ports for the API in the same order.
    let common = format!("test-{:08x}", rand::random::<u32>());
    let gateways = ["AaAa", "AaBB", "BBBB"].map(|end| PlayedGateway::named(&format!("{common}-{end}")));
    let apis: Vec<serde_json::Value> = std::thread::scope(|scope| {
        let started: Vec<_> = gateways
            .iter()
            .map(|gateway| scope.spawn(|| gateway.created().document["api_endpoint"].clone()))
            .collect();
        started
            .into_iter()
            .map(|run| run.join().expect("a run"))
            .collect()
    });
    assert!(
        apis[0] != apis[1] && apis[1] != apis[2] && apis[0] != apis[2],
        "{apis:?}"
    );
}

#[test]
fn a_container_that_is_no_gateway_is_never_touched() {
    if skipped() {
        return;
    }
    let gateway = PlayedGateway::new();
    docker(&["create", "--name", &gateway.resource(), &gateway.image]);
    let port = free_port().to_string();
    for arguments in [
        &["ensure", "--image", &gateway.image, "--port", &port][..],
        &["stop"],
        &["remove"],
        &["remove", "--volume", "--yes"],
    ] {
        let run = gateway.run(arguments);
        assert_eq!(
            (run.code, run.reason()),
            (1, "foreign_container"),
            "{arguments:?}: {}",
            run.stderr
        );
    }
    assert_eq!(gateway.left(), [format!("container {}", gateway.resource())]);
}

#[test]
fn an_interrupted_replacement_is_taken_back() {
    if skipped() {
        return;
    }
    let gateway = PlayedGateway::new();
    let id = gateway.created().document["container_id"].clone();
    gateway.done(&["stop"]);
    docker(&[
        "rename",
        &gateway.resource(),
        &format!("openshell-replaced-{}", gateway.name),
    ]);
    let restored = gateway.done(&["ensure"]);
    assert_eq!(restored.document["container_id"], id);
    assert_eq!(gateway.inspect("{{.State.Running}}"), "true");
}
