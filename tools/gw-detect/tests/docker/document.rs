//! What the document says beside the state.

use std::fs;
use std::path::Path;

use gateway_names::{GATEWAY_LABEL, SPEC_LABEL};
use played_gateway::{ServedGateway, docker, node_certificate, skipped};

#[test]
fn a_list_has_our_gateways_and_those_of_others() {
    if skipped() {
        return;
    }
    let (mut ours, of_another, volume) = (ServedGateway::new(), ServedGateway::new(), ServedGateway::new());
    let image = ours.build("");
    let label = format!("{GATEWAY_LABEL}={}", ours.name);
    let spec = format!(
        r#"{SPEC_LABEL}={{"image":"named","node_name":"n","plaintext":true,"port":{}}}"#,
        ours.port
    );
    ours.make(
        &["run", "--detach"],
        &["--label", &label, "--label", &spec],
        &image,
    );
    of_another.make(&["create"], &[], &image);
    docker(&["volume", "create", &volume.resource()]);
    ours.reaches("serving");
    let listed = ours.detect_all();
    let entry = |gateway: &ServedGateway| {
        let gateways = listed["gateways"].as_array().expect("a list");
        let found = gateways
            .iter()
            .find(|entry| entry["gateway"] == gateway.name.as_str());
        let found = found.unwrap_or_else(|| panic!("{} is not listed: {listed}", gateway.name));
        (
            found["state"].clone(),
            found["ours"].clone(),
            found["recommended"].clone(),
            found["image"].clone(),
        )
    };
    assert_eq!(
        entry(&ours),
        ("serving".into(), true.into(), "none".into(), "named".into())
    );
    let state = entry(&of_another);
    assert_eq!(
        (state.0, state.1, state.2),
        ("stopped".into(), false.into(), "resume".into())
    );
    assert_eq!(entry(&volume).0, "volume_only");
    assert!(listed["state"].is_null());
}

#[test]
fn a_volume_shows_its_node_its_labels_and_its_size() {
    if skipped() {
        return;
    }
    let mut gateway = ServedGateway::new();
    let image = gateway.build("");
    gateway.make(
        &["create"],
        &["--volume", &format!("{}-more:/more", gateway.resource())],
        &image,
    );
    let empty = gateway.detect();
    assert!(empty["volume"]["node_name"].is_null() && empty["volume"]["size_bytes"].is_null());
    let file = tempfile::NamedTempFile::new().expect("a file");
    fs::write(file.path(), node_certificate("kept")).expect("room");
    let folder = tempfile::tempdir().expect("a folder");
    fs::create_dir(folder.path().join("agent")).expect("room");
    fs::copy(file.path(), folder.path().join("agent/client-kubelet.crt")).expect("room");
    let source = folder.path().join(".").display().to_string();
    docker(&[
        "cp",
        &source,
        &format!("{}:/var/lib/rancher/k3s", gateway.resource()),
    ]);
    let run = gateway.run_tool("gw-detect", &["--size"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let volume = &run.document["volume"];
    assert_eq!(volume["node_name"], "kept");
    assert!(
        volume["size_bytes"].as_u64().is_some_and(|size| size > 100),
        "{volume}"
    );
    let conflict = run.document["conflicts"][0].as_str().expect("a conflict");
    assert!(
        conflict.contains("node kept") && conflict.contains("node node"),
        "{conflict}"
    );
    docker(&["rm", "--force", &gateway.resource()]);
    docker(&["volume", "rm", &format!("{}-more", gateway.resource())]);
}

#[test]
fn a_failing_health_check_is_named_by_its_markers_and_second_networks_by_their_ids() {
    if skipped() {
        return;
    }
    let mut gateway = ServedGateway::new();
    // The program ends at once with what its environment says, in place of a health check.
    let image = gateway.build("HEALTHCHECK --interval=100ms --start-period=1ms --retries=1 CMD [\"/play\", \"HEALTHCHECK_NODE_PRESSURE\"]\n");
    gateway.make(&["run", "--detach"], &[], &image);
    let running = gateway.reaches("running");
    let health = &running["container"]["health"];
    assert_eq!(
        (&health["status"], &health["markers"]),
        (
            &"unhealthy".into(),
            &serde_json::json!(["HEALTHCHECK_NODE_PRESSURE"])
        )
    );
    assert!(health["failing_streak"].as_u64().is_some_and(|count| count > 0));

    second_network(&gateway.resource());
    let doubled = gateway.detect();
    let kept = docker(&[
        "inspect",
        "--format",
        "{{range .NetworkSettings.Networks}}{{.NetworkID}}{{end}}",
        &gateway.resource(),
    ]);
    assert_eq!(doubled["network"]["id"], kept);
    let duplicates = doubled["network"]["duplicates"].as_array().expect("a list");
    assert_eq!(duplicates.len(), 1, "{duplicates:?}");
    docker(&["network", "rm", duplicates[0].as_str().expect("an id")]);
}

#[test]
fn files_of_the_client_that_do_not_fit_are_told() {
    if skipped() {
        return;
    }
    let mut gateway = ServedGateway::new();
    let image = gateway.build("");
    gateway.make(&["create"], &["--publish", "127.0.0.1:16999:6443"], &image);
    let write = |name: &str, text: &str| {
        fs::create_dir_all(gateway.folder()).expect("a folder");
        fs::write(Path::new(&gateway.folder()).join(name), text).expect("room");
    };
    let metadata = |port: u16| {
        format!(
            r#"{{"name":"g","gateway_endpoint":"https://127.0.0.1:{port}","is_remote":false,"gateway_port":{port}}}"#
        )
    };
    write("metadata.json", &metadata(gateway.port));
    write(
        "kubeconfig",
        "clusters:\n- cluster:\n    server: https://127.0.0.1:16999\n",
    );
    let fits = gateway.detect();
    let agrees = |document: &serde_json::Value, file: &str| document["client_files"][file]["agrees"].clone();
    assert_eq!(
        (agrees(&fits, "metadata"), agrees(&fits, "kubeconfig")),
        (true.into(), true.into())
    );
    assert!(agrees(&fits, "bundle").is_null());
    write("metadata.json", &metadata(1));
    write(
        "kubeconfig",
        "clusters:\n- cluster:\n    server: https://127.0.0.1:1\n",
    );
    let differs = gateway.detect();
    assert_eq!(
        (agrees(&differs, "metadata"), agrees(&differs, "kubeconfig")),
        (false.into(), false.into())
    );
}

/// The docker command line refuses a second network of a name; Docker itself does not.
fn second_network(name: &str) {
    let request = bollard::models::NetworkCreateRequest {
        name: name.to_owned(),
        ..Default::default()
    };
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let docker = bollard::Docker::connect_with_defaults().expect("Docker");
    runtime
        .block_on(docker.create_network(request))
        .expect("a network");
}
