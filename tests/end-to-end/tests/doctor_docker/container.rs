//! The container does not run, or cannot.

use std::net::TcpListener;
use std::process::Command;

use end_to_end::{
    Diagnosis, Ended, PlayedGateway, TestGateway, docker, own_image, skipped_without_docker, typed, until,
};

use crate::doctor;

/// The next command of a cause must name this.
fn next_names(found: &Diagnosis, cause: &str, words: &str) {
    let next = found.finding(cause)["next"].as_str().unwrap_or_default();
    assert!(next.contains(words), "{cause}: '{words}' is not in: {next}");
}

#[test]
fn stopped_port_network_and_volume() {
    if skipped_without_docker() {
        return;
    }
    let played = PlayedGateway::started();
    let gateway = &played.gateway;
    let start = format!("{} start --gateway {}", typed(), gateway.name);
    played.stop();
    next_names(&doctor(&played).names(&["stopped"]), "stopped", &start);

    // A process has the port: this one.
    let port = gateway.port.to_string();
    let listener = TcpListener::bind(("127.0.0.1", gateway.port)).expect("the gateway's port");
    let found = doctor(&played).names(&["port_taken_by_process"]);
    next_names(
        &found,
        "port_taken_by_process",
        &format!("kill {}", std::process::id()),
    );

    // Two faults at once.
    docker(&["network", "rm", &gateway.resource()]);
    doctor(&played).names(&["port_taken_by_process", "network_stale"]);
    drop(listener);
    next_names(
        &doctor(&played).names(&["network_stale"]),
        "network_stale",
        &start,
    );
    played.ensure(&[]).well();
    played.stop();
    doctor(&played).names(&["stopped"]);

    // A container has it.
    let holder = format!("openshell-test-holder-{}", gateway.name);
    let published = format!("127.0.0.1:{port}:1");
    let _removed = Removed(&holder);
    docker(&[
        "run",
        "--detach",
        "--name",
        &holder,
        "--publish",
        &published,
        "--no-healthcheck",
        "--entrypoint",
        "sleep",
        &own_image(),
        "infinity",
    ]);
    let found = doctor(&played).names(&["port_taken_by_container"]);
    next_names(
        &found,
        "port_taken_by_container",
        &format!("docker stop {holder}"),
    );
    docker(&["rm", "--force", &holder]);

    docker(&["rm", "--force", &gateway.resource()]);
    next_names(
        &doctor(&played).names(&["container_missing"]),
        "container_missing",
        &start,
    );
    docker(&["volume", "rm", &gateway.resource()]);
    next_names(
        &doctor(&played).names(&["volume_missing"]),
        "volume_missing",
        &format!("{start} --yes"),
    );
}

/// A container that is removed also where the test fails.
struct Removed<'a>(&'a str);

impl Drop for Removed<'_> {
    fn drop(&mut self) {
        let _ = Command::new("docker").args(["rm", "--force", self.0]).output();
    }
}

#[test]
fn an_image_that_is_gone_and_cannot_be_pulled() {
    if skipped_without_docker() {
        return;
    }
    let played = PlayedGateway::unmade();
    let gateway = &played.gateway;
    let image = format!("openshell-{}/cluster:gone", gateway.name);
    docker(&["tag", &own_image(), &image]);
    let ended = played.ensure(&["--image", &image]);
    docker(&["rm", "--force", &gateway.resource()]);
    docker(&["rmi", &image]);
    ended.well();
    let found = doctor(&played).names(&["image_unavailable"]);
    next_names(&found, "image_unavailable", &format!("docker pull {image}"));
}

#[test]
fn an_image_for_another_architecture() {
    if skipped_without_docker() {
        return;
    }
    let played = PlayedGateway::unmade();
    let gateway = &played.gateway;
    let image = format!("openshell-{}/cluster:foreign", gateway.name);
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("play"), foreign_program()).expect("room");
    // Docker takes what an image says of its architecture from the image alone.
    let make = r#"
        tar --create --directory "$0" --mode 755 play |
            docker import --change 'ENTRYPOINT ["/play"]' --change 'LABEL dev.openshell.image=cluster' - "$2"
        mkdir "$0/saved"
        docker save "$2" | tar --extract --directory "$0/saved"
        config=$0/saved/$(jq --raw-output '.[0].Config' "$0/saved/manifest.json")
        jq --compact-output --arg other "$1" '.architecture = $other' "$config" >"$0/config"
        cp "$0/config" "$config"
        docker rmi "$2"
        tar --create --directory "$0/saved" . | docker load
    "#;
    let mut import = Command::new("bash");
    import
        .args(["-euo", "pipefail", "-c", make])
        .arg(folder.path())
        .args([foreign_architecture(), &image]);
    Ended::of(import).well();
    let ended = Ended::of(gateway.tool(
        "gw-container",
        &[
            "ensure",
            "--gateway",
            &gateway.name,
            "--port",
            &gateway.port.to_string(),
            "--image",
            &image,
        ],
    ));
    let found = doctor(&played);
    docker(&["rm", "--force", &gateway.resource()]);
    docker(&["rmi", "--force", &image]);
    assert_eq!(ended.code, 1, "{}", ended.stderr);
    let found = found.names(&["wrong_architecture"]);
    next_names(&found, "wrong_architecture", "--image IMAGE");
}

fn foreign_architecture() -> &'static str {
    if cfg!(target_arch = "aarch64") {
        "amd64"
    } else {
        "arm64"
    }
}

/// The head of a program for another machine (elf(5)): all that the kernel looks at before it refuses.
fn foreign_program() -> Vec<u8> {
    const AARCH64: u8 = 183;
    const X86_64: u8 = 62;
    let mut head = vec![0; 64];
    head[..7].copy_from_slice(b"\x7fELF\x02\x01\x01");
    head[16] = 2;
    head[18] = if cfg!(target_arch = "aarch64") {
        X86_64
    } else {
        AARCH64
    };
    head[20] = 1;
    head
}

#[test]
fn a_container_that_was_ended_for_lack_of_memory() {
    if skipped_without_docker() {
        return;
    }
    let played = PlayedGateway::started();
    let gateway = &played.gateway;
    let resource = gateway.resource();
    docker(&[
        "update",
        "--memory",
        "64m",
        "--memory-swap",
        "64m",
        "--restart",
        "no",
        &resource,
    ]);
    gateway.shell("touch /eat");
    let since = docker(&["inspect", "--format", "{{.State.StartedAt}}", &resource]);
    let of_container = format!("container={resource}");
    until("the kernel ends a process of the container", || {
        let until = (unix_seconds() + 1).to_string();
        let words = [
            "events",
            "--since",
            &since,
            "--until",
            &until,
            "--filter",
            "event=oom",
            "--filter",
            &of_container,
        ];
        !docker(&words).is_empty()
    });
    gateway.shell("touch /end");
    until("the container ends", || gateway.status()["state"] == "stopped");
    let found = doctor(&played).names(&["out_of_memory"]);
    next_names(&found, "out_of_memory", "free memory");
}

fn unix_seconds() -> u64 {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .expect("after 1970")
        .as_secs()
}

#[test]
fn a_disk_that_is_full() {
    if skipped_without_docker() {
        return;
    }
    let played = PlayedGateway::unmade();
    let gateway: &TestGateway = &played.gateway;
    let volume = gateway.resource();
    docker(&[
        "volume",
        "create",
        "--opt",
        "type=tmpfs",
        "--opt",
        "device=tmpfs",
        "--opt",
        "o=size=1g",
        &volume,
    ]);
    played.ensure(&["--image", &own_image()]).well();
    let causes = doctor(&played).causes;
    assert!(!causes.contains(&"disk_full".to_owned()), "{causes:?}");
    gateway.shell("fallocate --length 900M /var/lib/rancher/k3s/fill");
    let found = doctor(&played).names(&["disk_full"]);
    next_names(&found, "disk_full", "docker system df");
}
