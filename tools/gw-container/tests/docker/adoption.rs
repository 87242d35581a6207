//! Gateways that another tool made, and images of another kind.

use played_gateway::{PlayedGateway, actions, docker, free_port, skipped};

/// As another tool makes a gateway: no labels, no published API.
fn made_by_another_tool(gateway: &PlayedGateway) {
    let name = gateway.resource();
    docker(&["network", "create", &name]);
    docker(&[
        "run",
        "--detach",
        "--name",
        &name,
        "--network",
        &name,
        "--hostname",
        "node-of-another-tool",
        "--volume",
        &format!("{name}:/var/lib/rancher/k3s"),
        "--publish",
        &format!("127.0.0.1:{}:30051", gateway.port),
        "--env",
        "REGISTRY_USERNAME=somebody",
        "--env",
        "IMAGE_TAG=theirs",
        &gateway.image,
        "server",
    ]);
}

#[test]
fn is_used_as_it_is_and_replaced_only_from_what_it_is() {
    if skipped() {
        return;
    }
    let gateway = PlayedGateway::new();
    made_by_another_tool(&gateway);
    let id = gateway.inspect("{{.Id}}");
    let adopted = gateway.done(&["ensure"]);
    assert!(
        actions(&adopted)
            .iter()
            .all(|action| !action.contains("container ")),
        "{:?}",
        actions(&adopted)
    );
    assert_eq!(adopted.document["container_id"], id);
    assert_eq!(adopted.document["node_name"], "node-of-another-tool");
    assert_eq!(adopted.document["port"], gateway.port);
    let address = gateway.inspect("{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}");
    assert_eq!(
        adopted.document["api_endpoint"],
        format!("https://{address}:6443")
    );
    assert_eq!(gateway.done(&["ensure"]).document["changed"], false);
    gateway.done(&["stop"]);
    assert_eq!(gateway.done(&["ensure"]).document["container_id"], id);

    let other = free_port().to_string();
    let replaced = gateway.done(&["ensure", "--port", &other]).document;
    assert_ne!(replaced["container_id"], id.as_str());
    assert_eq!(
        replaced["node_name"],
        gateway.node_of_volume(),
        "the volume knows it"
    );
    let environment = gateway.inspect("{{.Config.Env}}");
    for entry in ["REGISTRY_USERNAME=somebody", "IMAGE_TAG=theirs"] {
        assert!(environment.contains(entry), "{environment}");
    }
    assert!(!gateway.inspect("{{json .Config.Labels}}").contains("somebody"));
    let third = free_port().to_string();
    gateway.done(&["ensure", "--port", &third]);
    assert!(
        gateway
            .inspect("{{.Config.Env}}")
            .contains("REGISTRY_USERNAME=somebody")
    );
}

#[test]
fn an_image_of_another_kind_is_privileged_where_docker_allows_it() {
    if skipped() {
        return;
    }
    let mut gateway = PlayedGateway::new();
    let image = gateway.build("foreign", "");
    let port = gateway.port.to_string();
    let made = gateway
        .done(&["ensure", "--image", &image, "--port", &port])
        .document;
    let warnings = made["warnings"].as_array().expect("a list").len();
    match made["confinement"].as_str().expect("a word") {
        "privileged" => assert_eq!(warnings, 0),
        _ => assert_eq!(warnings, 1, "one warning where Docker refuses it: {made}"),
    }
    assert_eq!(
        gateway.done(&["ensure"]).document["changed"],
        false,
        "either way it is kept"
    );
    let explicit = gateway.run(&["ensure", "--confinement", "caps"]);
    assert_eq!(explicit.code, 0, "{}", explicit.stderr);
    assert_eq!(gateway.inspect("{{.HostConfig.Privileged}}"), "false");
}
