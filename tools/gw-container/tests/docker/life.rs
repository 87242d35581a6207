//! A gateway from its first start to its end.

use std::os::unix::fs::{MetadataExt, PermissionsExt};

use played_gateway::{PlayedGateway, actions, docker, free_port, skipped};

#[test]
fn is_made_once_and_kept() {
    if skipped() {
        return;
    }
    let gateway = PlayedGateway::new();
    let port = gateway.port.to_string();
    let settings = ["ensure", "--image", &gateway.image, "--port", &port];

    let planned = gateway.done(&[&settings[..], &["--dry-run"]].concat());
    assert_eq!(planned.document["changed"], false);
    assert_eq!(gateway.left(), Vec::<String>::new(), "a dry run makes nothing");
    assert!(!gateway.folder().exists());

    let made = gateway.done(&settings);
    let document = &made.document;
    assert_eq!(actions(&planned), actions(&made), "the plan is what is done");
    assert_eq!(
        (&document["state_before"], &document["changed"]),
        (&"absent".into(), &true.into())
    );
    assert_eq!(document["node_name"], format!("openshell-{}", gateway.name));
    assert_eq!(document["endpoint"], format!("https://127.0.0.1:{port}"));
    assert_eq!(document["confinement"], "caps");
    assert_eq!(document["warnings"], serde_json::json!([]));
    assert_eq!(document["container_id"], gateway.inspect("{{.Id}}"));
    assert_eq!(gateway.inspect("{{.Config.Hostname}}"), document["node_name"]);
    assert_eq!(
        gateway.inspect("{{.HostConfig.MaskedPaths}} {{.HostConfig.ReadonlyPaths}}"),
        "[] []"
    );
    assert_eq!(
        gateway.inspect("{{.HostConfig.RestartPolicy.Name}}"),
        "unless-stopped"
    );
    let address = gateway
        .inspect("{{range .NetworkSettings.Networks}}{{.IPAMConfig.IPv4Address}} {{.IPAddress}}{{end}}");
    let (pinned, actual) = address.split_once(' ').expect("two addresses");
    assert_eq!(pinned, actual, "the address is fixed");
    std::net::TcpStream::connect(("127.0.0.1", gateway.port)).expect("the port is published");

    let kubeconfig = gateway.folder().join("kubeconfig");
    let file = std::fs::metadata(&kubeconfig).expect("a kubeconfig");
    assert_eq!(file.permissions().mode() & 0o777, 0o600);
    let text = std::fs::read_to_string(&kubeconfig).expect("a text");
    assert!(
        text.contains(document["api_endpoint"].as_str().expect("an address")),
        "{text}"
    );
    assert!(text.contains(&gateway.resource()), "{text}");
    let folder = gateway.folder();
    let clients = folder
        .parent()
        .and_then(|gateways| gateways.parent())
        .expect("a folder");
    assert_eq!(
        std::fs::read_to_string(clients.join("active_gateway")).expect("a name"),
        gateway.name
    );

    for arguments in [&settings[..], &["ensure"]] {
        let again = gateway.done(arguments);
        assert_eq!(again.document["changed"], false, "{:?}", actions(&again));
        assert_eq!(actions(&again), Vec::<String>::new());
        assert_eq!(again.document["state_before"], "running");
        assert_eq!(again.document["container_id"], document["container_id"]);
        assert_eq!(again.document["kubeconfig"], document["kubeconfig"]);
    }
    let same = std::fs::metadata(&kubeconfig).expect("a kubeconfig");
    assert_eq!(
        (same.ino(), same.mtime_nsec()),
        (file.ino(), file.mtime_nsec()),
        "nothing was written"
    );
}

#[test]
fn is_stopped_started_paused_and_goes_on() {
    if skipped() {
        return;
    }
    let gateway = PlayedGateway::new();
    let id = gateway.created().document["container_id"].clone();

    let stopped = gateway.done(&["stop"]);
    assert_eq!(stopped.document["changed"], true);
    assert_eq!(
        gateway.inspect("{{.State.Status}} {{.State.ExitCode}}"),
        "exited 0",
        "it stopped by itself"
    );
    assert_eq!(gateway.done(&["stop"]).document["changed"], false);

    let started = gateway.done(&["ensure"]);
    assert_eq!(started.document["state_before"], "stopped");
    assert_eq!(
        actions(&started),
        [format!("start container {}", gateway.resource())]
    );
    assert_eq!(started.document["container_id"], id);

    docker(&["pause", &gateway.resource()]);
    let released = gateway.done(&["ensure"]);
    assert_eq!(
        actions(&released),
        [format!("unpause container {}", gateway.resource())]
    );
    docker(&["pause", &gateway.resource()]);
    gateway.done(&["stop", "--grace", "60s"]);
    assert_eq!(
        gateway.inspect("{{.State.Status}} {{.State.ExitCode}}"),
        "exited 0"
    );
}

#[test]
fn a_flag_that_differs_replaces_the_container_and_keeps_the_rest() {
    if skipped() {
        return;
    }
    let mut gateway = PlayedGateway::new();
    let first = gateway.created().document;
    let other = free_port().to_string();
    let settings = [
        "ensure",
        "--port",
        &other,
        "--tls-san",
        "san.example",
        "--gateway-host",
        "localhost",
    ];
    let planned = gateway.done(&[&settings[..], &["--dry-run"]].concat());
    let replaced = gateway.done(&settings);
    assert_eq!(actions(&planned), actions(&replaced));
    let document = &replaced.document;
    assert_ne!(document["container_id"], first["container_id"]);
    assert_eq!(document["endpoint"], format!("https://localhost:{other}"));
    assert_eq!(
        document["spec"]["tls_sans"],
        serde_json::json!(["san.example", "localhost"])
    );
    assert_eq!(document["api_endpoint"], first["api_endpoint"]);
    // The volume knows another name than the one for a new volume: from now on that is the node's name.
    assert_eq!(document["node_name"], gateway.node_of_volume());
    assert_eq!(gateway.inspect("{{.Config.Hostname}}"), gateway.node_of_volume());
    assert!(
        gateway
            .inspect("{{.Config.Cmd}}")
            .contains("--tls-san=san.example")
    );
    let own = gateway.left();
    assert_eq!(own.len(), 3, "the former container is gone: {own:?}");

    let second = gateway.build("two", "LABEL dev.openshell.image=cluster\nENV SECOND=1\n");
    let upgraded = gateway.done(&["ensure", "--image", &second]).document;
    assert_ne!(upgraded["image_id"], first["image_id"]);
    assert_eq!(upgraded["node_name"], gateway.node_of_volume());
    assert_eq!(upgraded["port"], other.parse::<u16>().expect("a port"));
    assert_eq!(gateway.done(&["ensure"]).document["changed"], false);
}

#[test]
fn a_network_that_is_gone_or_another_is_repaired() {
    if skipped() {
        return;
    }
    let gateway = PlayedGateway::new();
    let id = gateway.created().document["container_id"].clone();
    docker(&["kill", &gateway.resource()]);
    docker(&["network", "rm", &gateway.resource()]);
    let repaired = gateway.done(&["ensure"]);
    assert_eq!(repaired.document["container_id"], id, "the container is kept");
    let verbs: Vec<String> = actions(&repaired);
    assert!(
        verbs[0].starts_with("create network") && verbs[1].starts_with("attach container"),
        "{verbs:?}"
    );

    docker(&["kill", &gateway.resource()]);
    docker(&["network", "rm", &gateway.resource()]);
    docker(&["network", "create", &gateway.resource()]);
    let attached = gateway.done(&["ensure"]);
    assert_eq!(attached.document["container_id"], id);
    assert!(
        actions(&attached)[0].starts_with("attach container"),
        "{:?}",
        actions(&attached)
    );
    assert_eq!(gateway.done(&["ensure"]).document["changed"], false);
}

#[test]
fn a_volume_alone_is_resumed_with_what_was_persisted_and_then_all_is_removed() {
    if skipped() {
        return;
    }
    let gateway = PlayedGateway::new();
    let first = gateway.created().document;
    let removed = gateway.done(&["remove"]);
    assert_eq!(removed.document["changed"], true);
    assert_eq!(gateway.left(), [format!("volume {}", gateway.resource())]);

    let resumed = gateway.done(&["ensure"]).document;
    assert_eq!(resumed["state_before"], "volume_only");
    for field in ["image", "image_id", "port", "api_endpoint", "endpoint"] {
        assert_eq!(resumed[field], first[field], "{field}");
    }
    assert_eq!(resumed["node_name"], gateway.node_of_volume());
    let boots = docker(&[
        "cp",
        &format!("{}:/var/lib/rancher/k3s/boots", gateway.resource()),
        "-",
    ]);
    assert_eq!(boots.matches("boot\n").count(), 2, "the volume is the same");

    assert_eq!(gateway.run(&["remove", "--volume"]).code, 2);
    let planned = gateway.done(&["remove", "--volume", "--dry-run"]);
    let gone = gateway.done(&["remove", "--volume", "--yes"]);
    assert_eq!(actions(&planned), actions(&gone));
    assert_eq!(gateway.left(), Vec::<String>::new());
    assert!(!gateway.folder().exists());
    let nothing = gateway.done(&["remove", "--volume", "--yes"]);
    assert_eq!(nothing.document["changed"], false, "{:?}", actions(&nothing));
}

#[test]
fn settings_outlive_a_removal_that_was_told_to_keep_them() {
    if skipped() {
        return;
    }
    let gateway = PlayedGateway::new();
    let first = gateway.created().document;
    gateway.done(&["ensure", "--env", "KEPT=yes"]);
    let alone = gateway.run(&["remove", "--keep-settings"]);
    assert_eq!((alone.code, alone.reason()), (2, "usage"));

    gateway.done(&["remove", "--volume", "--keep-settings", "--yes"]);
    assert_eq!(gateway.left(), Vec::<String>::new());
    for gone in ["metadata.json", "kubeconfig", "mtls"] {
        assert!(!gateway.folder().join(gone).exists(), "{gone}");
    }
    let made = gateway.done(&["ensure"]).document;
    assert_eq!(made["state_before"], "absent");
    assert_eq!(made["spec"]["environment"], serde_json::json!(["KEPT=yes"]));
    assert_eq!((&made["port"], &made["image"]), (&first["port"], &first["image"]));

    // The volume's own memory is what a gateway without container and client files has.
    gateway.done(&["remove"]);
    std::fs::remove_file(gateway.folder().join("spec.json")).expect("the copy");
    gateway.done(&["remove", "--volume", "--keep-settings", "--yes"]);
    let again = gateway.done(&["ensure"]).document;
    assert_eq!(again["spec"]["environment"], serde_json::json!(["KEPT=yes"]));
}
