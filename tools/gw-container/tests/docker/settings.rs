//! Every setting is applied, remembered with the data, and never shown where it is secret.

use std::os::unix::fs::PermissionsExt;

use played_gateway::{PlayedGateway, docker, free_port, skipped};

const FURTHER: [&str; 17] = [
    "--extra-host",
    "db:192.0.2.1",
    "--mount",
    "/usr/share/zoneinfo:/zones:ro",
    "--env",
    "COLOUR=blue",
    "--dns",
    "192.0.2.53",
    "--http-proxy",
    "http://proxy:3128",
    "--k3s-arg=--node-label=a=b",
    "--registry-host",
    "registry.example",
    "--image-tag",
    "7",
    "--image-pull-policy",
    "Never",
];

#[test]
fn each_is_applied_and_outlives_container_and_client_files() {
    if skipped() {
        return;
    }
    let gateway = PlayedGateway::new();
    gateway.created();
    let replaced = gateway.done(&[&["ensure"][..], &FURTHER].concat());
    assert_eq!(replaced.document["changed"], true);
    assert_eq!(
        gateway.done(&[&["ensure"][..], &FURTHER].concat()).document["changed"],
        false
    );
    let shown = || {
        gateway.inspect("{{json .HostConfig.ExtraHosts}} {{json .HostConfig.Binds}} {{json .HostConfig.Dns}} {{json .Config.Cmd}} {{json .Config.Env}}")
    };
    let first = shown();
    for part in [
        "db:192.0.2.1",
        "/usr/share/zoneinfo:/zones:ro",
        "192.0.2.53",
        "--node-label=a=b",
        "COLOUR=blue",
        "HTTP_PROXY=http://proxy:3128",
        "NO_PROXY=127.0.0.0/8",
        "REGISTRY_HOST=registry.example",
        "IMAGE_TAG=7",
        "IMAGE_PULL_POLICY=Never",
    ] {
        assert!(first.contains(part), "{part}: {first}");
    }
    // The client's files are lost with the container: the volume remembers, read through a container that never runs.
    gateway.done(&["remove"]);
    std::fs::remove_dir_all(gateway.folder()).expect("the client's files");
    let resumed = gateway.done(&["ensure"]);
    assert_eq!(shown(), first);
    assert_eq!(resumed.document["port"], gateway.port);
    // A setting that is not wanted any more goes.
    gateway.done(&["ensure", "--env", "COLOUR=red"]);
    let environment = gateway.inspect("{{json .Config.Env}}");
    assert!(
        environment.contains("COLOUR=red") && !environment.contains("COLOUR=blue"),
        "{environment}"
    );
}

#[test]
fn credentials_are_in_a_closed_file_and_nowhere_else() {
    if skipped() {
        return;
    }
    let mut gateway = PlayedGateway::new();
    gateway.created();
    let secret = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(secret.path(), "geheim-7\n").expect("room");
    let file = secret.path().display().to_string();
    let named = [
        "ensure",
        "--registry-host",
        "registry.example",
        "--registry-username",
        "me",
        "--registry-password-file",
        &file,
    ];
    let given = gateway.done(&named);
    let in_container = || {
        let archive = docker(&[
            "cp",
            &format!("{}:/etc/rancher/k3s/registries.yaml", gateway.resource()),
            "-",
        ]);
        assert!(archive.contains("100600"), "0600");
        archive
    };
    assert!(in_container().contains("geheim-7") && in_container().contains("registry.example"));
    let kept = std::fs::metadata(gateway.folder().join("registries.yaml")).expect("a file");
    assert_eq!(kept.permissions().mode() & 0o777, 0o600);
    let nowhere = |shown: &str| assert!(!shown.contains("geheim"), "{shown}");
    nowhere(&given.stdout);
    nowhere(&given.stderr);
    nowhere(&docker(&["inspect", &gateway.resource()]));
    assert!(
        given.document["spec"]["registry"]["credentials"]
            .as_str()
            .expect("a fingerprint")
            .starts_with("hmac-sha256:")
    );
    assert_eq!(gateway.done(&["ensure"]).document["changed"], false);
    // A successor has them, and another password is a difference.
    let other = free_port().to_string();
    gateway.done(&["ensure", "--port", &other]);
    assert!(in_container().contains("geheim-7"));
    std::fs::write(secret.path(), "geheim-8").expect("room");
    assert_eq!(gateway.done(&named).document["changed"], true);
    assert!(in_container().contains("geheim-8"));

    let foreign = gateway.build("foreign", "");
    let warned = gateway.done(&["ensure", "--image", &foreign, "--confinement", "caps"]);
    assert!(
        warned.document["warnings"].to_string().contains("environment"),
        "{}",
        warned.document["warnings"]
    );
    assert!(
        gateway
            .inspect("{{json .Config.Env}}")
            .contains("REGISTRY_PASSWORD=geheim-8")
    );
    nowhere(&gateway.inspect("{{json .Config.Labels}}"));
    nowhere(&warned.stdout);
    assert_eq!(gateway.done(&["ensure"]).document["changed"], false);
}

#[test]
fn gpus_that_docker_does_not_have_are_told_and_the_former_container_goes_on() {
    if skipped() {
        return;
    }
    let gateway = PlayedGateway::new();
    let id = gateway.created().document["container_id"].clone();
    let refused = gateway.run(&["ensure", "--gpu"]);
    if refused.code == 0 {
        println!("skipped: this Docker has GPUs");
        return;
    }
    assert_eq!(
        (refused.code, refused.reason()),
        (1, "gpu_unavailable"),
        "{}",
        refused.stderr
    );
    assert_eq!(
        gateway.inspect("{{.Id}} {{.State.Running}}"),
        format!("{} true", id.as_str().expect("an id"))
    );
    assert_eq!(gateway.done(&["ensure"]).document["changed"], false);
}
