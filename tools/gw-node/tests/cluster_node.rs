//! Files, images and facts of a node that runs: on the gateway that OPENSHELL_TEST_GATEWAY names, which stays as it was.

use std::path::PathBuf;
use std::process::Command;

use tool_document::{Run, check};

const SCHEMA: &str = include_str!("../schema.json");

/// The gateway that tests share; `None` where there is none.
struct Shared {
    name: String,
    config: PathBuf,
}

impl Shared {
    fn find() -> Option<Self> {
        let found = std::env::var("OPENSHELL_TEST_GATEWAY")
            .ok()
            .zip(std::env::var_os("OPENSHELL_TEST_CONFIG"));
        if found.is_none() {
            println!("skipped: OPENSHELL_TEST_GATEWAY and OPENSHELL_TEST_CONFIG are not set");
        }
        found.map(|(name, config)| Self {
            name,
            config: config.into(),
        })
    }

    fn done(&self, arguments: &[&str]) -> Run {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gw-node"));
        command
            .args(arguments)
            .args(["--gateway", &self.name])
            .env("XDG_CONFIG_HOME", &self.config);
        let run = tool_document::run(command);
        check(&run, SCHEMA);
        assert_eq!(run.code, 0, "{arguments:?}: {}", run.stderr);
        run
    }

    fn exec(&self, words: &[&str]) -> String {
        let container = format!("openshell-cluster-{}", self.name);
        docker(&[&["exec", &container][..], words].concat())
    }
}

fn docker(arguments: &[&str]) -> String {
    let output = Command::new("docker").args(arguments).output().expect("docker");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "docker {arguments:?}: {said}");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

#[test]
fn a_file_is_copied_once_and_an_image_is_loaded_once() {
    let Some(gateway) = Shared::find() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let source = folder.path().join("file");
    let destination = format!("/opt/openshell/test-{:08x}", rand::random::<u32>());
    let source_path = source.display().to_string();
    for content in ["one", "two"] {
        std::fs::write(&source, content).expect("room");
        let copy = ["copy", &source_path, &destination, "--mode", "0750"];
        assert_eq!(
            gateway.done(&[&copy[..], &["--dry-run"]].concat()).document["changed"],
            false
        );
        assert_eq!(gateway.done(&copy).document["changed"], true);
        assert_eq!(gateway.exec(&["cat", &destination]), content);
        assert_eq!(
            gateway.exec(&["stat", "--format", "%a %U", &destination]),
            "750 root"
        );
        assert_eq!(gateway.done(&copy).document["changed"], false);
    }
    gateway.exec(&["rm", &destination]);

    let reference = format!("openshell/test-{:08x}:one", rand::random::<u32>());
    let build = |content: &str| {
        std::fs::write(&source, content).expect("room");
        std::fs::write(folder.path().join("Dockerfile"), "FROM scratch\nCOPY file /\n").expect("room");
        docker(&[
            "build",
            "--quiet",
            "--tag",
            &reference,
            &folder.path().display().to_string(),
        ]);
    };
    let load = ["load", &reference];
    for content in ["one", "two"] {
        build(content);
        assert_eq!(gateway.done(&load).document["changed"], true, "{content}");
        assert_eq!(gateway.done(&load).document["changed"], false, "{content}");
    }
    let listed = gateway.exec(&["ctr", "--namespace", "k8s.io", "images", "list", "--quiet"]);
    assert!(listed.contains(&format!("docker.io/{reference}")), "{listed}");
    gateway.exec(&[
        "ctr",
        "--namespace",
        "k8s.io",
        "images",
        "remove",
        &format!("docker.io/{reference}"),
    ]);
    docker(&["rmi", "--force", &reference]);
}

#[test]
fn a_diagnosis_has_what_only_the_running_node_can_say() {
    let Some(gateway) = Shared::find() else { return };
    let diagnosis = gateway.done(&["diagnose", "--lines", "5"]).document["diagnosis"].clone();
    assert!(
        diagnosis["log"]
            .as_array()
            .is_some_and(|log| !log.is_empty() && log.len() <= 5),
        "{diagnosis}"
    );
    assert!(
        diagnosis["disk_free_bytes"].as_u64() < diagnosis["disk_bytes"].as_u64(),
        "{diagnosis}"
    );
    assert!(
        diagnosis["br_netfilter"].is_boolean() && diagnosis["resolves_host"].is_boolean(),
        "{diagnosis}"
    );
    assert!(
        diagnosis["name_servers"]
            .as_array()
            .is_some_and(|servers| !servers.is_empty()),
        "{diagnosis}"
    );
}
