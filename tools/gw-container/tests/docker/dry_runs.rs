//! A dry run looks at all that a real one would, leaves nothing, and says what it could not look at.

use docker_proxy::{DockerProxy, Fault, When};

use played_gateway::{PlayedGateway, actions, skipped};

/// A gateway of which nothing is left but its volume.
fn volume_alone() -> PlayedGateway {
    let gateway = PlayedGateway::new();
    gateway.created();
    gateway.done(&["remove"]);
    std::fs::remove_dir_all(gateway.folder()).expect("the client's files");
    gateway
}

#[test]
fn a_volume_alone_is_looked_at_and_nothing_stays() {
    if skipped() {
        return;
    }
    let gateway = volume_alone();
    let before = gateway.left();
    let planned = gateway.done(&["ensure", "--dry-run"]);
    assert_eq!(planned.document["node_name"], gateway.node_of_volume());
    assert_eq!(
        planned.document["port"], gateway.port,
        "as the volume remembers it"
    );
    assert_eq!(planned.document["warnings"], serde_json::json!([]));
    assert_eq!(planned.document["changed"], false);
    assert_eq!(gateway.left(), before);
    assert!(!gateway.folder().exists());

    let made = gateway.done(&["ensure"]);
    assert_eq!(made.document["node_name"], planned.document["node_name"]);
    assert_eq!(actions(&planned), actions(&made), "the plan is what is done");
}

#[test]
fn what_could_not_be_looked_at_is_said_in_words() {
    if skipped() {
        return;
    }
    let gateway = volume_alone();
    let proxy = DockerProxy::new();
    proxy.inject(Fault::Status(500), When::AtWrite(1));
    let port = gateway.port.to_string();
    let planned = gateway.done(&[
        "ensure",
        "--port",
        &port,
        "--image",
        &gateway.image,
        "--dry-run",
        "--docker-host",
        &proxy.host(),
    ]);
    let warnings = planned.document["warnings"].to_string();
    assert!(warnings.contains("could not be looked at"), "{warnings}");
    assert!(planned.document["node_name"].is_null(), "it is not guessed");
}

#[test]
fn an_image_that_is_not_there_yet_is_planned_with() {
    if skipped() {
        return;
    }
    let gateway = PlayedGateway::new();
    let missing = format!("openshell-{}:later", gateway.name);
    let port = gateway.port.to_string();
    let wanted = ["ensure", "--image", &missing, "--port", &port, "--dry-run"];
    let resource = gateway.resource();
    let made: Vec<String> = [
        "create volume",
        "create network",
        "create container",
        "start container",
    ]
    .iter()
    .map(|words| format!("{words} {resource}"))
    .collect();
    let pulled = gateway.done(&wanted);
    let planned = actions(&pulled);
    assert_eq!(planned[0], format!("pull image {missing}"));
    assert_eq!(planned[1..5], made);
    let built = gateway.done(&[&wanted[..], &["--assume-image"]].concat());
    assert_eq!(actions(&built)[..4], made);
    assert!(built.document["image_id"].is_null());
    let never = gateway.run(&[&wanted[..], &["--pull", "never"]].concat());
    assert_eq!((never.code, never.reason()), (1, "image_missing"));
    // With a container there is something to replace.
    gateway.created();
    let replaced = gateway.done(&[&wanted[..], &["--assume-image"]].concat());
    assert!(actions(&replaced).contains(&format!("stop container {resource}")));
    assert_eq!(gateway.inspect("{{.State.Running}}"), "true");
}
