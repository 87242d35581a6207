//! `export`: the bundle for another machine.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};

use crate::scene::*;

const FILES: [&str; 3] = ["ca.crt", "tls.crt", "tls.key"];

fn mode(path: &std::path::Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[test]
fn a_folder_holds_what_the_cluster_has_for_one_user_alone() {
    let scene = Scene::filled();
    let place = tempfile::tempdir().unwrap();
    let folder = place.path().join("bundle");
    let shown = folder.to_str().unwrap();
    let plan = scene.run(&["export", "--output", shown, "--dry-run"]);
    assert_eq!((plan.code, folder.exists()), (0, false));
    let run = scene.run(&["export", "--output", shown]);
    assert_eq!(
        (run.code, &run.document["exported"]),
        (0, &json!(shown)),
        "{}",
        run.stderr
    );
    assert_eq!(run.document["actions"], plan.document["actions"]);
    assert_eq!(mode(&folder), 0o700);
    for name in FILES {
        assert_eq!(
            fs::read(folder.join(name)).unwrap(),
            scene.value(OURS[3], name).unwrap()
        );
        assert_eq!(mode(&folder.join(name)), 0o600);
    }
    let again = scene.run(&["export", "--output", shown]);
    assert_eq!((again.code, &again.document["changed"]), (0, &json!(false)));

    fs::write(folder.join("mine"), "").unwrap();
    let refused = scene.run(&["export", "--output", shown]);
    assert_eq!(
        (refused.code, refused.reason()),
        (1, "output_refused"),
        "{}",
        refused.stderr
    );
    assert!(folder.join("mine").exists());
}

#[test]
fn a_relative_folder_is_taken_from_where_the_user_is() {
    let scene = Scene::filled();
    let place = tempfile::tempdir().unwrap();
    let mut command = scene.command(&["export", "--output", "here"]);
    command.current_dir(place.path());
    assert_eq!(checked(tool_document::run(command)).code, 0);
    assert!(place.path().join("here/tls.key").exists());
}

#[test]
fn an_archive_goes_to_standard_output_and_the_document_to_standard_error() {
    let scene = Scene::filled();
    let output = scene.command(&["export", "--output", "-"]).output().unwrap();
    assert!(output.status.success());
    let stderr = String::from_utf8(output.stderr).unwrap();
    let document: Value = serde_json::from_str(stderr.lines().last().unwrap()).unwrap();
    assert_eq!(
        (&document["exported"], &document["changed"]),
        (&json!("-"), &json!(false))
    );
    assert!(!stderr.contains("PRIVATE KEY"));
    let place = tempfile::tempdir().unwrap();
    tar::Archive::new(output.stdout.as_slice())
        .unpack(place.path())
        .unwrap();
    let folder = place.path().join("mtls");
    assert_eq!(mode(&folder), 0o700);
    for name in FILES {
        assert_eq!(
            fs::read(folder.join(name)).unwrap(),
            scene.value(OURS[3], name).unwrap()
        );
        assert_eq!(mode(&folder.join(name)), 0o600);
    }
}

#[test]
fn what_no_client_could_use_is_not_exported() {
    let scene = Scene::filled();
    let place = tempfile::tempdir().unwrap();
    scene.set_value(OURS[3], "tls.key", &scene.value(OURS[1], "tls.key").unwrap());
    let folder = place.path().join("bundle");
    let run = scene.run(&["export", "--output", folder.to_str().unwrap()]);
    assert_eq!((run.code, run.reason()), (78, "bundle_invalid"), "{}", run.stderr);
    assert!(
        run.stderr.contains("key_mismatch") && !folder.exists(),
        "{}",
        run.stderr
    );
    scene.remove(OURS[3]);
    let run = scene.run(&["export", "--output", folder.to_str().unwrap()]);
    assert_eq!((run.code, run.reason()), (78, "bundle_invalid"));
}
