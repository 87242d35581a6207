//! The command line of the real program, without Docker.

use std::path::Path;
use std::process::{Command, Stdio};

use tool_document::contract::Contract;
use tool_document::{Run, check, run};
const TOOL: Contract = Contract {
    program: env!("CARGO_BIN_EXE_gw-backup"),
    schema: include_str!("../schema.json"),
    verbs: &["create", "restore", "workspaces"],
    wrong: &[
        &["no-such-verb"],
        &[],
        &["create"],
        &["create", "f", "g"],
        &["create", "f", "--grace", "soon"],
        &["create", "f", "--lock-fd", "x"],
        &["restore"],
        &["restore", "a", "b"],
        &["restore", "f", "--docker-host", "ssh://-host"],
        &["workspaces", "name"],
        &["workspaces", "--to", "folder"],
        &["workspaces", "one", "two"],
    ],
    reasons: &[
        "no_volume",
        "backup_failed",
        "backup_unreadable",
        "backup_invalid",
        "gateway_exists",
        "no_workspace",
        "workspace_ambiguous",
        "folder_exists",
        "extract_failed",
        "foreign_container",
        "image_not_given",
        "spec_invalid",
        "docker_unreachable",
        "docker_permission",
        "docker_host_invalid",
        "docker_conflict",
        "docker_error",
        "docker_too_old",
        "no_home",
        "client_files_failed",
        "client_files_permission",
        "metadata_invalid",
        "locked",
        "lock_fd_invalid",
    ],
    on_gateway: &[&["create", "f"], &["restore", "f"], &["workspaces"]],
    on_docker: &[&["create", "f"], &["restore", "f"], &["workspaces"]],
    on_kubernetes: &[],
};

tool_document::contract_tests!(TOOL);

/// Of a gateway with one sandbox, written by an earlier version.
const BACKUP: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/written/backup.tar.zst");

fn workspaces(arguments: &[&str]) -> Run {
    let mut command = Command::new(TOOL.program);
    command.args(["workspaces", "--from", BACKUP]).args(arguments);
    let ended = run(command);
    check(&ended, TOOL.schema);
    ended
}

#[test]
fn workspaces_of_a_backup_are_listed_and_extracted_without_docker() {
    let listed = workspaces(&[]);
    assert_eq!(listed.code, 0, "{}", listed.stderr);
    let found = &listed.document["workspaces"];
    assert_eq!(found.as_array().map(Vec::len), Some(1), "{found}");
    assert_eq!(found[0]["sandbox"], "alpha");
    assert_eq!(found[0]["claim"], "workspace-alpha");
    assert_eq!((&found[0]["entries"], &found[0]["bytes"]), (&3.into(), &5.into()));
    assert_eq!(listed.document["gateway"], "kept");
    assert_eq!(listed.document["changed"], false);

    let home = tempfile::tempdir().expect("a folder");
    let to = home.path().join("alpha").display().to_string();
    let planned = workspaces(&["alpha", "--to", &to, "--dry-run"]);
    assert_eq!(
        (planned.code, planned.document["changed"].as_bool()),
        (0, Some(false))
    );
    assert!(!Path::new(&to).exists());
    let done = workspaces(&["alpha", "--to", &to]);
    assert_eq!(
        (done.code, done.document["changed"].as_bool()),
        (0, Some(true)),
        "{}",
        done.stderr
    );
    assert_eq!(done.document["actions"], planned.document["actions"]);
    for file in ["src/file", "link"] {
        assert_eq!(
            std::fs::read(Path::new(&to).join(file)).expect("a file"),
            b"work\n"
        );
    }
    for (arguments, reason) in [
        (["alpha", "--to", &to], "folder_exists"),
        (["beta", "--to", "/nonexistent/beta"], "no_workspace"),
        (["alpha", "--to", "/nonexistent/alpha"], "extract_failed"),
    ] {
        let refused = workspaces(&arguments);
        assert_eq!(
            (refused.code, refused.reason()),
            (1, reason),
            "{}",
            refused.stderr
        );
    }
}

#[test]
fn a_workspace_goes_to_standard_output_as_an_archive() {
    let mut command = Command::new(TOOL.program);
    command.args([
        "workspaces",
        "openshell/workspace-alpha",
        "--to",
        "-",
        "--from",
        BACKUP,
    ]);
    let output = command.stdin(Stdio::null()).output().expect("the tool");
    assert!(output.status.success());
    let home = tempfile::tempdir().expect("a folder");
    let mut tar = Command::new("tar");
    tar.args(["-x", "-C"]).arg(home.path()).stdin(Stdio::piped());
    let mut child = tar.spawn().expect("tar");
    std::io::Write::write_all(&mut child.stdin.take().expect("its input"), &output.stdout)
        .expect("tar reads");
    assert!(child.wait().expect("tar").success());
    assert_eq!(
        std::fs::read(home.path().join("src/file")).expect("a file"),
        b"work\n"
    );
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let document: serde_json::Value =
        serde_json::from_str(said.lines().last().expect("a line")).expect("a document");
    assert_eq!(document["workspaces"][0]["sandbox"], "alpha");
}

#[test]
fn a_file_that_is_no_backup_gives_no_workspaces() {
    let mut command = Command::new(TOOL.program);
    command.args(["workspaces", "--from", TOOL.program]);
    let ended = run(command);
    assert_eq!((ended.code, ended.reason()), (78, "backup_invalid"));
}
