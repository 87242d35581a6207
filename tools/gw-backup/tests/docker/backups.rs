//! A gateway in one file, and back.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};

use docker_proxy::{DockerProxy, Fault, When};
use played_gateway::{PlayedGateway, actions, docker, schema, skipped};
use tool_document::check;

fn boots(gateway: &PlayedGateway) -> usize {
    let archive = docker(&[
        "cp",
        &format!("{}:/var/lib/rancher/k3s/boots", gateway.resource()),
        "-",
    ]);
    archive.matches("boot\n").count()
}

#[test]
fn a_gateway_is_restored_under_another_name_and_its_file_may_not_be_cut() {
    if skipped() {
        return;
    }
    let (gateway, other) = (PlayedGateway::new(), PlayedGateway::new());
    gateway.created();
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("gateway.backup");
    let path = file.display().to_string();
    let saved = gateway.done_by("gw-backup", &["create", &path]);
    let name = gateway.resource();
    assert_eq!(
        actions(&saved),
        [
            format!("pause container {name}"),
            format!("unpause container {name}"),
            format!("write backup {path}")
        ]
    );
    assert_eq!(gateway.inspect("{{.State.Status}}"), "running");
    assert_eq!(
        fs::metadata(&file).expect("a file").permissions().mode() & 0o777,
        0o600
    );
    assert!(
        saved.document["backup"]["entries"]
            .as_u64()
            .is_some_and(|count| count >= 3),
        "{}",
        saved.stdout
    );

    let whole = fs::read(&file).expect("a file");
    for (name, content) in [
        ("cut", whole[..whole.len() - 20].to_vec()),
        ("altered", {
            let mut altered = whole.clone();
            altered[whole.len() / 2] ^= 1;
            altered
        }),
    ] {
        let broken = folder.path().join(name);
        fs::write(&broken, content).expect("room");
        let refused = other.run_tool("gw-backup", &["restore", &broken.display().to_string()]);
        assert_eq!(
            (refused.code, refused.reason()),
            (78, "backup_invalid"),
            "{name}: {}",
            refused.stderr
        );
        assert_eq!(other.left(), Vec::<String>::new());
    }
    let restored = other.done_by("gw-backup", &["restore", &path]);
    assert_eq!(restored.document["backup"]["gateway"], gateway.name.as_str());
    let port = other.port.to_string();
    let started = other.done(&["ensure", "--port", &port]);
    assert_eq!((boots(&gateway), boots(&other)), (1, 2), "the same data");
    assert_eq!(
        started.document["node_name"],
        gateway.node_of_volume(),
        "the name that the volume knows"
    );
    let kept = other.run_tool("gw-backup", &["restore", &path]);
    assert_eq!((kept.code, kept.reason()), (1, "gateway_exists"));
    assert_eq!(boots(&other), 2, "nothing was replaced");
    other.done_by("gw-backup", &["restore", &path, "--yes"]);
    other.done(&["ensure", "--port", &port]);
    assert_eq!(boots(&other), 2, "once more from the backup");
    assert_eq!(other.done(&["ensure"]).document["changed"], false);
}

#[test]
fn a_backup_goes_through_a_pipe_and_a_volume_alone_is_enough() {
    if skipped() {
        return;
    }
    let (gateway, other) = (PlayedGateway::new(), PlayedGateway::new());
    let nothing = gateway.run_tool("gw-backup", &["create", "x"]);
    assert_eq!((nothing.code, nothing.reason()), (1, "no_volume"));
    gateway.created();
    gateway.done(&["remove"]);
    let output = gateway
        .tool("gw-backup", &["create", "-"])
        .stdin(Stdio::null())
        .output()
        .expect("the program");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let document = String::from_utf8_lossy(&output.stderr)
        .lines()
        .last()
        .expect("a document")
        .to_owned();
    assert_eq!(
        serde_json::from_str::<serde_json::Value>(&document).expect("a document")["backup"]["file"],
        "-"
    );
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("piped");
    fs::write(&file, &output.stdout).expect("room");
    let mut command = other.tool("gw-backup", &["restore", "-"]);
    let output = command
        .stdin(fs::File::open(&file).expect("a file"))
        .output()
        .expect("the program");
    let run = tool_document::read(&command, &output);
    check(&run, &schema("gw-backup"));
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(other.done(&["ensure"]).document["state_before"], "volume_only");
    assert_eq!(boots(&other), 2);
}

#[test]
fn a_volume_that_was_not_restored_to_its_end_is_not_started() {
    if skipped() {
        return;
    }
    let (gateway, other) = (PlayedGateway::new(), PlayedGateway::new());
    gateway.created();
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("gateway.backup").display().to_string();
    gateway.done_by("gw-backup", &["create", "--stop", &path]);
    assert_eq!(gateway.inspect("{{.State.Status}}"), "running");
    let proxy = DockerProxy::new();
    // Volume, helper, mark, content: killed before the content is whole.
    proxy.inject(Fault::KillBefore, When::AtWrite(4));
    let mut command: Command = other.tool("gw-backup", &["restore", &path, "--docker-host", &proxy.host()]);
    let ended = command.output().expect("the program");
    assert_eq!(ended.status.signal(), Some(9), "{ended:?}");
    let port = other.port.to_string();
    let refused = other.run(&["ensure", "--image", &other.image, "--port", &port]);
    assert_eq!(
        (refused.code, refused.reason()),
        (78, "restore_incomplete"),
        "{}",
        refused.stderr
    );
    other.done_by("gw-backup", &["restore", &path, "--yes"]);
    other.done(&["ensure", "--port", &port]);
    assert_eq!(boots(&other), 2);
    assert_eq!(other.left().len(), 3, "{:?}", other.left());
}

#[test]
fn a_backup_of_an_earlier_version_is_restored_and_started() {
    if skipped() {
        return;
    }
    let gateway = PlayedGateway::new();
    let written = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/written/backup.tar.zst");
    let restored = gateway.done_by("gw-backup", &["restore", written]);
    assert_eq!(restored.document["backup"]["gateway"], "kept");
    for file in [
        "metadata.json",
        "spec.json",
        "registries.yaml",
        "release.tar",
        "mtls/tls.key",
    ] {
        assert!(gateway.folder().join(file).exists(), "{file}");
    }
    let port = gateway.port.to_string();
    let started = gateway.done(&["ensure", "--image", &gateway.image, "--port", &port]);
    assert_eq!(started.document["state_before"], "volume_only");
    assert_eq!(
        started.document["spec"]["environment"],
        serde_json::json!(["COLOUR=blue"])
    );
    assert_eq!(boots(&gateway), 2, "the volume's own, and this one");
}
