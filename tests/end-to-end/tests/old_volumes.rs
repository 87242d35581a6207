//! Volumes that an image cannot open: they are refused, stay as they are, and their data is copied out without starting anything.

use std::process::Command;

use end_to_end::{Ended, TestGateway, docker, own_image, skipped_without_docker, until};

/// Runs a shell command on the gateway's volume, at /volume.
fn on_volume(gateway: &TestGateway, command: &str) -> String {
    let volume = format!("{}:/volume", gateway.resource());
    docker(&[
        "run",
        "--rm",
        "--network",
        "none",
        "--volume",
        &volume,
        "--entrypoint",
        "sh",
        &own_image(),
        "-c",
        command,
    ])
}

/// What is on the volume, by name, size and time, as far as a start could change it.
fn listing(gateway: &TestGateway) -> String {
    on_volume(
        gateway,
        "cd /volume && find server agent/client-kubelet.crt storage -type f -printf '%p %s %T@\\n' | sort",
    )
}

#[test]
fn a_volume_of_the_first_images_is_refused_and_its_data_can_be_copied_out() {
    if skipped_without_docker() {
        return;
    }
    let gateway = TestGateway::started();
    gateway.run("stop", &[]).well();
    let folder = "storage/pvc-0_openshell_workspace-a";
    // The first images did not write their version down.
    on_volume(
        &gateway,
        &format!(
            "mv /volume/server/kubernetes-version /volume/kept && mkdir /volume/{folder} && echo work >/volume/{folder}/file"
        ),
    );
    let before = listing(&gateway);

    // The node refuses by itself where no tool asks first.
    docker(&["update", "--restart", "no", &gateway.resource()]);
    docker(&["start", &gateway.resource()]);
    until("the container goes on", || {
        docker(&["inspect", "--format", "{{.State.Running}}", &gateway.resource()]) == "false"
    });
    let mut logs = Command::new("docker");
    logs.args(["logs", "--tail", "5", &gateway.resource()]);
    let said = Ended::of(logs).stderr;
    assert!(
        said.contains("volume_too_old") && said.contains("next: "),
        "{said}"
    );
    assert_eq!(listing(&gateway), before);

    docker(&["rm", &gateway.resource()]);
    let refused = gateway.start(&["--json"]);
    assert_eq!(refused.code, 78, "{}", refused.stderr);
    assert_eq!(refused.document()["error"]["reason"], "volume_too_old");
    assert!(
        refused.stderr.contains("v1.20.2") && refused.stderr.contains("backup"),
        "{}",
        refused.stderr
    );
    assert_eq!(listing(&gateway), before);

    let file = gateway.config().join("old.tar.zst");
    let file = file.to_str().expect("plain text");
    Ended::of(gateway.tool("gw-backup", &["create", file, "--gateway", &gateway.name])).well();
    let mut extract = Command::new("tar");
    extract.args(["--zstd", "-xOf", file, &format!("volume/{folder}/file")]);
    assert_eq!(Ended::of(extract).well().stdout, "work\n");
    assert_eq!(listing(&gateway), before);

    // With its version it is opened again.
    on_volume(&gateway, "mv /volume/kept /volume/server/kubernetes-version");
    gateway.start(&[]).well();
}
