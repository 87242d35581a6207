//! Several networks of one name, as concurrent starts by another tool leave them.

use played_gateway::{PlayedGateway, actions, docker, skipped};

/// The docker command line refuses a second network of a name; Docker itself does not.
fn second_network(gateway: &PlayedGateway) -> String {
    let request = bollard::models::NetworkCreateRequest {
        name: gateway.resource(),
        ..Default::default()
    };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let docker = bollard::Docker::connect_with_defaults().expect("Docker");
    runtime
        .block_on(docker.create_network(request))
        .expect("a network")
        .id
}

fn networks(gateway: &PlayedGateway) -> Vec<String> {
    let filter = format!("name={}", gateway.resource());
    let listed = docker(&["network", "ls", "--no-trunc", "--quiet", "--filter", &filter]);
    listed.lines().map(str::to_owned).collect()
}

/// Starts another container on a network. It goes with the gateway, whose name it bears.
fn guest(gateway: &PlayedGateway, network: &str, more: &[&str]) -> String {
    let guest = format!("openshell-test-guest-{}", gateway.name);
    let run = ["run", "--detach", "--name", &guest, "--network", network];
    docker(&[&run[..], more, &[&gateway.image]].concat());
    guest
}

#[test]
fn the_one_in_use_is_kept_and_unused_ones_are_removed() {
    if skipped() {
        return;
    }
    let gateway = PlayedGateway::new();
    let id = gateway.created().document["container_id"].clone();
    let kept = networks(&gateway);
    second_network(&gateway);
    let used = second_network(&gateway);
    let guest = format!("openshell-test-guest-{}", gateway.name);
    docker(&["run", "--detach", "--name", &guest, &gateway.image]);
    docker(&["network", "connect", &used, &guest]);
    let cleaned = gateway.done(&["ensure"]);
    assert_eq!(
        actions(&cleaned),
        [format!("delete network {}", gateway.resource())]
    );
    assert_eq!(cleaned.document["container_id"], id);
    let mut left = networks(&gateway);
    left.sort();
    let mut expected = vec![kept[0].clone(), used];
    expected.sort();
    assert_eq!(left, expected, "what another container is on stays");
    gateway.done(&["stop"]);
    let ambiguous = gateway.run(&["ensure"]);
    if ambiguous.code != 0 {
        assert_eq!(ambiguous.reason(), "network_ambiguous", "{}", ambiguous.stderr);
    }
    docker(&["rm", "--force", &guest]);
    gateway.done(&["ensure"]);
    assert_eq!(networks(&gateway), kept);
}

#[test]
fn a_container_whose_network_is_gone_joins_one_of_several_by_its_id() {
    if skipped() {
        return;
    }
    let gateway = PlayedGateway::new();
    let id = gateway.created().document["container_id"].clone();
    docker(&["kill", &gateway.resource()]);
    docker(&["network", "rm", &gateway.resource()]);
    let (one, _) = (second_network(&gateway), second_network(&gateway));
    let repaired = gateway.done(&["ensure"]);
    assert_eq!(repaired.document["container_id"], id);
    assert_eq!(gateway.inspect("{{.State.Running}}"), "true");
    assert_eq!(networks(&gateway), [one]);
    assert_eq!(gateway.done(&["ensure"]).document["changed"], false);
}

#[test]
fn the_gateways_address_is_given_to_nobody_while_it_is_down() {
    if skipped() {
        return;
    }
    let gateway = PlayedGateway::new();
    gateway.created();
    let address = || gateway.inspect("{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}");
    let before = address();
    docker(&["kill", &gateway.resource()]);
    let guest = guest(&gateway, &gateway.resource(), &[]);
    docker(&["start", &gateway.resource()]);
    assert_eq!(address(), before);
    docker(&["rm", "--force", &guest]);
}

/// A network of ours from before Docker was told which addresses to keep, and another container that took the gateway's.
#[test]
fn an_address_that_another_container_took_is_replaced_by_a_free_one() {
    if skipped() {
        return;
    }
    let gateway = PlayedGateway::new();
    let id = gateway.created().document["container_id"].clone();
    let networks = "{{range .NetworkSettings.Networks}}{{.IPAMConfig.IPv4Address}} {{.IPAddress}}{{end}}";
    let pinned = gateway.inspect(networks);
    let address = pinned.split(' ').next().expect("an address").to_owned();
    gateway.done(&["stop"]);
    let guest = guest(&gateway, &gateway.resource(), &["--ip", &address]);
    let started = gateway.done(&["ensure"]);
    assert_eq!(started.document["container_id"], id, "{}", started.stderr);
    assert!(started.stderr.contains("another one"), "{}", started.stderr);
    let now = gateway.inspect("{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}");
    assert!(!now.is_empty() && now != address, "{now}");
    assert_eq!(gateway.done(&["ensure"]).document["changed"], false);
    docker(&["rm", "--force", &guest]);
}

#[test]
fn on_a_network_that_gives_any_address_away_none_is_fixed() {
    if skipped() {
        return;
    }
    let gateway = PlayedGateway::new();
    let label = format!("dev.openshell.gateway={}", gateway.name);
    docker(&["network", "create", "--label", &label, &gateway.resource()]);
    gateway.created();
    let fixed = gateway.inspect("{{range .NetworkSettings.Networks}}{{.IPAMConfig}}{{end}}");
    assert!(!fixed.contains("172.") && !fixed.contains("10."), "{fixed}");
    docker(&["kill", &gateway.resource()]);
    let guest = guest(&gateway, &gateway.resource(), &[]);
    gateway.done(&["ensure"]);
    assert_eq!(gateway.inspect("{{.State.Running}}"), "true");
    docker(&["rm", "--force", &guest]);
}
