//! helm as a child, played by a script.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::Command;

use tempfile::TempDir;
use tool_document::{Run, check, run};

/// What the driver wrote before this tool was there.
const ARCHIVE: &[u8] = include_bytes!("written/release.tar");

struct Scene {
    home: TempDir,
}

impl Scene {
    /// helm is this script.
    fn new(script: &str) -> Self {
        let home = tempfile::tempdir().unwrap();
        let scene = Self { home };
        fs::write(scene.file("helm"), format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(scene.file("helm"), fs::Permissions::from_mode(0o700)).unwrap();
        let gateway = scene.file(".config/openshell/gateways/g");
        fs::create_dir_all(&gateway).unwrap();
        fs::write(gateway.join("release.tar"), ARCHIVE).unwrap();
        scene
    }

    fn file(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn facts(&self, timeout: &str) -> Run {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gw-release"));
        command
            .args(["facts", "--gateway", "g", "--timeout", timeout, "--helm"])
            .arg(self.file("helm"))
            .env("HOME", self.home.path())
            .env_remove("XDG_CONFIG_HOME")
            .env("HELM_NAMESPACE", "of-somebody")
            .env("OUT", self.home.path());
        let ended = run(command);
        check(&ended, include_str!("../schema.json"));
        ended
    }
}

#[test]
fn helm_gets_words_of_this_cluster_and_no_variables_of_another() {
    let scene = Scene::new(
        "env >\"$OUT/env\"; umask >\"$OUT/umask\"; echo \"$@\" >\"$OUT/words\"\n\
         printf 'kind: Deployment\\nmetadata: {name: gw}\\n'",
    );
    let ended = scene.facts("60s");
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert_eq!(ended.document["facts"]["workload"], "deployment/gw");
    assert_eq!(ended.document["fingerprint"], "6dd85f3badee964a");
    let environment = fs::read_to_string(scene.file("env")).unwrap();
    assert!(!environment.contains("HELM_NAMESPACE"), "{environment}");
    assert_eq!(fs::read_to_string(scene.file("umask")).unwrap(), "0077\n");
    let words = fs::read_to_string(scene.file("words")).unwrap();
    assert!(words.starts_with("template openshell "), "{words}");
    assert!(words.contains("--namespace openshell"), "{words}");
    assert!(!words.contains("debug"), "values stand in files: {words}");
}

#[test]
fn what_helm_says_is_shown() {
    let ended = Scene::new("echo the chart is broken >&2; exit 1").facts("60s");
    assert_eq!((ended.code, ended.reason()), (1, "chart_invalid"));
    assert!(ended.stderr.contains("the chart is broken"), "{}", ended.stderr);
}

#[test]
fn helm_does_not_outlive_the_time_of_the_run() {
    let scene = Scene::new("trap 'echo asked >\"$OUT/ended\"; exit 1' TERM; sleep 60 & wait");
    let ended = scene.facts("6s");
    assert_eq!((ended.code, ended.reason()), (124, "timed_out"));
    assert_eq!(fs::read_to_string(scene.file("ended")).unwrap(), "asked\n");
}
