//! A gateway on another machine's Docker, behind ssh, whose pods come from a registry that asks for a password.

use std::net::Ipv4Addr;
use std::time::{Duration, Instant};

use end_to_end::{Person, TestGateway, docker, random_name, skipped_without_docker, tool};
use image_registry::{ImageRegistry, PASSWORD, USER};
use serde_json::Value;
use ssh_host::{ADDRESS, SshHost};

#[test]
fn a_gateway_behind_ssh_is_started_used_and_destroyed_from_here() {
    if skipped_without_docker() {
        return;
    }
    let host = SshHost::new();
    let mut gateway = TestGateway::unmade();
    gateway.variables.push(("PATH".into(), host.path()));
    gateway.flags = ["--remote", &host.destination(), "--ssh-key", &host.key()]
        .map(str::to_owned)
        .to_vec();
    let port = gateway.port.to_string();

    let registry = ImageRegistry::at(Ipv4Addr::UNSPECIFIED.into());
    // The name by which containers know this machine.
    let registry_host = format!("host.docker.internal:{}", registry.port());
    let pod_image = push_pod_image(&registry);

    let planned = gateway.start(&["--port", &port, "--dry-run"]).well();
    assert!(planned.stderr.contains("create container"), "{}", planned.stderr);
    let started = gateway.start(&[
        "--port",
        &port,
        "--json",
        "--registry-host",
        &registry_host,
        "--registry-insecure",
        "--registry-username",
        USER,
        "--registry-token-file",
        &registry.password_file(),
    ]);
    let started = started.well();
    assert!(!started.stdout.contains(PASSWORD) && !started.stderr.contains(PASSWORD));
    let started = started.document();
    let endpoint = format!("https://{ADDRESS}:{port}");
    assert_eq!(
        (&started["state_before"], &started["endpoint"]),
        (&"absent".into(), &endpoint.as_str().into())
    );

    let metadata: Value =
        serde_json::from_slice(&std::fs::read(gateway.folder().join("metadata.json")).expect("a file"))
            .expect("a document");
    assert_eq!(metadata["gateway_endpoint"], endpoint);
    assert_eq!(metadata["is_remote"], true);
    let named = host.destination();
    assert_eq!(metadata["remote_host"], named.split(':').next().expect("a host"));
    assert_eq!(metadata["resolved_host"], ADDRESS.to_string());

    // The API went through ssh; the gateway is reached at the other machine's own address.
    let api = docker(&[
        "inspect",
        "--format",
        "{{(index (index .HostConfig.PortBindings \"6443/tcp\") 0).HostPort}}",
        &gateway.resource(),
    ]);
    let forwarded = format!("127.0.0.1 port {api}");
    assert!(host.log().contains(&forwarded), "{}", host.log());
    let person = Person::of(&gateway);
    let sandbox = person.make_sandbox("far");
    person.says(&sandbox, "a line from afar");

    // Where it is need not be said again, and those who are pointed at it learn it, too.
    let flags = std::mem::take(&mut gateway.flags);
    let status = gateway.status();
    assert_eq!(
        (&status["state"], &status["certificates"]["tool"]),
        (&"serving".into(), &"gw-pki".into())
    );
    let variables = gateway.run("env", &[]).well().stdout;
    assert!(variables.contains("export DOCKER_HOST=ssh://"), "{variables}");
    let moved = gateway.run("status", &["--docker-host", "unix:///nonexistent"]);
    assert_eq!(
        moved.code, 69,
        "a flag goes before what is kept: {}",
        moved.stderr
    );
    gateway.flags = flags;

    runs_to_its_end(&gateway, &format!("{registry_host}/{pod_image}"));

    let again = gateway.start(&["--json"]).well().document();
    assert_eq!(
        (&again["state_before"], &again["changed"]),
        (&"serving".into(), &false.into())
    );
    gateway.run("stop", &[]).well();
    assert_eq!(gateway.status()["state"], "stopped");
    let resumed = gateway.start(&["--json"]).well().document();
    assert_eq!(
        (&resumed["state_before"], &resumed["endpoint"]),
        (&"stopped".into(), &endpoint.into())
    );
    assert_eq!(person.reads(&sandbox), ["a line from afar"]);
    assert!(gateway.run("logs", &["gateway"]).well().stdout.len() > 1);

    gateway.run("destroy", &["--yes"]).well();
    assert_eq!(gateway.status()["state"], "absent");
}

/// An image of one program that ends by itself, in the registry alone.
fn push_pod_image(registry: &ImageRegistry) -> String {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::copy(tool("gw-wait"), folder.path().join("program")).expect("room");
    let file = "FROM scratch\nCOPY program /program\nENTRYPOINT [\"/program\", \"--version\"]\n";
    std::fs::write(folder.path().join("Dockerfile"), file).expect("room");
    let name = format!("openshell-{}/pod:1", random_name());
    docker(&[
        "build",
        "--quiet",
        "--tag",
        &name,
        &folder.path().display().to_string(),
    ]);
    registry.push(&name, &name);
    docker(&["rmi", &name]);
    name
}

fn runs_to_its_end(gateway: &TestGateway, image: &str) {
    gateway.kubectl(&["run", "pulled", "--image", image, "--restart", "Never"]);
    let end = Instant::now() + Duration::from_secs(120);
    let phase = || gateway.kubectl(&["get", "pod", "pulled", "--output", "jsonpath={.status.phase}"]);
    while phase() != "Succeeded" {
        assert!(
            Instant::now() < end,
            "{}",
            gateway.kubectl(&["describe", "pod", "pulled"])
        );
        std::thread::sleep(Duration::from_millis(250));
    }
}
