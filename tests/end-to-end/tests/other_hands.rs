//! Gateways that others made or changed: a container started by hand, another image, a node under another name.

use std::process::Command;

use end_to_end::{
    Ended, Person, TestGateway, docker, fingerprint, own_image, random_name, run_by_hand,
    skipped_without_docker,
};

/// A container as another tool starts one: the names that all tools share, and only the gateway's port published.
fn started_by_hand(gateway: &TestGateway, node: &str) {
    let published = format!("{}:30051", gateway.port);
    run_by_hand(&gateway.resource(), node, &published, &[]);
}

#[test]
fn a_container_started_by_hand_is_adopted_and_outlives_its_container_and_its_name() {
    if skipped_without_docker() {
        return;
    }
    let gateway = TestGateway::unmade();
    started_by_hand(&gateway, "node-of-somebody");
    let container = gateway.container();
    assert!(gateway.status()["spec_source"] == "container");

    let adopted = gateway.start(&["--json"]).well().document();
    assert_eq!(
        gateway.container(),
        container,
        "a container that fits is used as it is"
    );
    let secret = fingerprint(&adopted);
    let person = Person::of(&gateway);
    let sandbox = person.make_sandbox("adopted");
    person.says(&sandbox, "a line from before");

    // Its container is lost: another one is made from what is known of it, under the node's name that the volume knows.
    docker(&["rm", "--force", &gateway.resource()]);
    let resumed = gateway.start(&["--json"]).well().document();
    assert_eq!(fingerprint(&resumed), secret);
    assert_eq!(gateway.status()["container"]["node_name"], "node-of-somebody");
    assert_eq!(
        gateway.status()["endpoint"],
        format!("https://127.0.0.1:{}", gateway.port)
    );
    assert_eq!(person.reads(&sandbox), ["a line from before"]);

    // Nothing knows the node's name any more, so that it gets another one: pods and volumes move with it.
    gateway.run("stop", &[]).well();
    let memory = "/var/lib/rancher/k3s/openshell-gateway.json /var/lib/rancher/k3s/agent/client-kubelet.crt";
    docker(&["start", &gateway.resource()]);
    gateway.shell(&format!("rm {memory}"));
    docker(&["rm", "--force", &gateway.resource()]);
    std::fs::remove_file(gateway.folder().join("spec.json")).expect("the copy of the settings");
    let port = gateway.port.to_string();
    let renamed = gateway.start(&["--port", &port, "--json"]).well().document();
    assert_eq!(fingerprint(&renamed), secret);
    assert_eq!(
        gateway.status()["container"]["node_name"],
        format!("openshell-{}", gateway.name)
    );
    assert_eq!(person.reads(&sandbox), ["a line from before"]);
    let new = person.make_sandbox("new");
    person.says(&new, "a line of another");
}

/// An image under another tag, removed when it is dropped.
struct OtherImage(String);

impl OtherImage {
    fn made() -> Self {
        let tag = format!("{}:other", random_name());
        let build = "printf 'FROM %s\nLABEL another=one\n' \"$1\" | docker build --tag \"$2\" -";
        let mut shell = Command::new("sh");
        shell
            .args(["-c", build, "sh", &own_image(), &tag])
            .env("DOCKER_BUILDKIT", "0");
        Ended::of(shell).well();
        Self(tag)
    }
}

impl Drop for OtherImage {
    fn drop(&mut self) {
        let _ = Command::new("docker").args(["rmi", "--force", &self.0]).output();
    }
}

#[test]
fn another_image_replaces_the_container_and_is_remembered() {
    if skipped_without_docker() {
        return;
    }
    let other = OtherImage::made();
    let gateway = TestGateway::unmade();
    let first = gateway
        .start(&["--port", &gateway.port.to_string(), "--json"])
        .well()
        .document();
    let person = Person::of(&gateway);
    let sandbox = person.make_sandbox("kept");
    person.says(&sandbox, "a line from before");
    let (container, node) = (
        gateway.container(),
        gateway.status()["container"]["node_name"].clone(),
    );

    let changed = gateway
        .run("resume", &["--image", &other.0, "--json"])
        .well()
        .document();
    assert_eq!(fingerprint(&changed), fingerprint(&first));
    assert_ne!(gateway.container(), container);
    let status = gateway.status();
    assert_eq!(
        (&status["container"]["image"], &status["container"]["node_name"]),
        (&other.0.as_str().into(), &node)
    );
    assert_eq!(person.reads(&sandbox), ["a line from before"]);
    let new = person.make_sandbox("new");
    person.says(&new, "a line of another");

    gateway.run("stop", &[]).well();
    gateway.start(&[]).well();
    assert_eq!(gateway.status()["container"]["image"], other.0);
    assert_eq!(person.reads(&new), ["a line of another"]);
}
