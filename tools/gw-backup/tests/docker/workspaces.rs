//! Workspaces out of a volume, whether the node runs or not.

use played_gateway::{PlayedGateway, docker, skipped};

const FOLDER: &str = "pvc-0_openshell_workspace-box";

/// A gateway with a sandbox's workspace on its volume.
fn with_workspace() -> PlayedGateway {
    let gateway = PlayedGateway::new();
    gateway.created();
    let folder = tempfile::tempdir().expect("a folder");
    let workspace = folder.path().join("storage").join(FOLDER);
    std::fs::create_dir_all(&workspace).expect("room");
    std::fs::write(workspace.join("file"), "work").expect("room");
    let from = folder.path().join("storage").display().to_string();
    docker(&[
        "cp",
        &from,
        &format!("{}:/var/lib/rancher/k3s/", gateway.resource()),
    ]);
    gateway
}

#[test]
fn are_listed_and_extracted_from_a_node_that_runs_and_from_a_volume_alone() {
    if skipped() {
        return;
    }
    let gateway = with_workspace();
    let home = tempfile::tempdir().expect("a folder");
    for state in ["running", "volume_only"] {
        let listed = gateway.done_by("gw-backup", &["workspaces"]);
        assert_eq!(listed.document["state_before"], state);
        let found = &listed.document["workspaces"];
        assert_eq!(found[0]["sandbox"], "box", "{found}");
        assert_eq!((&found[0]["entries"], &found[0]["bytes"]), (&1.into(), &4.into()));
        let to = home.path().join(state).display().to_string();
        let done = gateway.done_by("gw-backup", &["workspaces", "box", "--to", &to]);
        let file = std::fs::read(home.path().join(state).join("file"));
        assert_eq!(file.expect("a file"), b"work");
        let warned = done.document["warnings"].to_string();
        assert_eq!(warned.contains("the node runs"), state == "running", "{warned}");
        if state == "running" {
            assert_eq!(gateway.inspect("{{.State.Status}}"), "running");
            gateway.done(&["remove"]);
        }
    }
    assert_eq!(
        gateway.left(),
        [format!("volume {}", gateway.resource())],
        "no helper is left"
    );
}

#[test]
fn a_gateway_without_sandboxes_has_none() {
    if skipped() {
        return;
    }
    let gateway = PlayedGateway::new();
    let nothing = gateway.run_tool("gw-backup", &["workspaces"]);
    assert_eq!((nothing.code, nothing.reason()), (1, "no_volume"));
    gateway.created();
    let listed = gateway.done_by("gw-backup", &["workspaces"]);
    assert_eq!(listed.document["workspaces"], serde_json::json!([]));
}
