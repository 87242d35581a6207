//! The Python SDK of OpenShell over client files as our tools write them.
//!
//! `OPENSHELL_TEST_SDK`: a folder with the virtual environments `0.1.5` and `0.0.113`, in which those versions are installed.

use std::path::{Path, PathBuf};
use std::process::Output;

use crate::authority::Authority;
use crate::whole::World;

fn python(version: &str) -> Option<PathBuf> {
    let Some(folder) = std::env::var_os("OPENSHELL_TEST_SDK") else {
        println!("skipped: OPENSHELL_TEST_SDK is not set");
        return None;
    };
    Some(Path::new(&folder).join(version).join("bin/python"))
}

/// A gateway with its client's files in `folder`.
async fn world(folder: &Path) -> World {
    let authority = Authority::new();
    let gateway = folder.join("openshell/gateways/sdk");
    let mtls = gateway.join("mtls");
    std::fs::create_dir_all(&mtls).unwrap();
    authority.write_client(&mtls);
    let world = World::with_tls(&authority, &mtls).await;
    let metadata = serde_json::json!({
        "name": "sdk", "gateway_endpoint": format!("https://127.0.0.1:{}", world.server.port),
        "is_remote": false, "gateway_port": world.server.port.parse::<u16>().unwrap(), "auth_mode": "mtls",
    });
    std::fs::write(gateway.join("metadata.json"), metadata.to_string()).unwrap();
    std::fs::write(folder.join("openshell/active_gateway"), "sdk").unwrap();
    world
}

async fn run(python: &Path, script: &str, home: &Path) -> Output {
    let script = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/sdk")
        .join(script);
    let descriptors = home.join("descriptors");
    std::fs::write(&descriptors, reference_base::DESCRIPTORS).unwrap();
    let mut command = tokio::process::Command::new(python);
    command
        .arg(script)
        .arg(descriptors)
        .env("XDG_CONFIG_HOME", home)
        .env_remove("OPENSHELL_GATEWAY");
    command.output().await.expect("python runs")
}

fn succeeded(output: &Output) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(
        output.status.success(),
        "{}{}",
        text(&output.stdout),
        text(&output.stderr)
    );
}

#[tokio::test]
async fn the_sdk_of_today_makes_all_calls() {
    let Some(python) = python("0.1.5") else { return };
    let home = tempfile::tempdir().unwrap();
    let world = world(home.path()).await;
    let _kubelet = world.kubelet();
    succeeded(&run(&python, "all_calls.py", home.path()).await);
}

#[tokio::test]
async fn names_and_numbers_are_those_of_the_sdk() {
    let Some(python) = python("0.1.5") else { return };
    let home = tempfile::tempdir().unwrap();
    succeeded(&run(&python, "descriptors.py", home.path()).await);
}

#[tokio::test]
async fn the_sdk_of_another_wire_asks_for_health_and_list_without_harm() {
    let Some(python) = python("0.0.113") else { return };
    let home = tempfile::tempdir().unwrap();
    let world = world(home.path()).await;
    let client = world.client();
    client.make_sandbox("kept").await.unwrap();
    succeeded(&run(&python, "health_and_list.py", home.path()).await);
    assert!(client.phase("kept").await.is_ok());
}
