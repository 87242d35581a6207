//! What is said of a container and its host.

use played_gateway::{PlayedGateway, skipped};

#[test]
fn a_diagnosis_has_the_log_without_secrets_also_of_a_stopped_container() {
    if skipped() {
        return;
    }
    let mut gateway = PlayedGateway::new();
    let lines = "LABEL dev.openshell.image=cluster\nENV PLAY_SAYS=geheim-12\nENV A_PASSWORD=geheim-12\n";
    let image = gateway.build("says", lines);
    gateway.done(&["ensure", "--image", &image, "--port", &gateway.port.to_string()]);
    gateway.done(&["stop"]);
    let found = gateway.done_by("gw-node", &["diagnose"]);
    assert!(!found.stdout.contains("geheim"), "{}", found.stdout);
    let diagnosis = &found.document["diagnosis"];
    assert!(
        diagnosis["log"][0]
            .as_str()
            .is_some_and(|line| line.contains("hmac-sha256:")),
        "{diagnosis}"
    );
    assert_eq!(diagnosis["exit_code"], 0);
    assert!(diagnosis["cgroup_version"].is_string() && diagnosis["inotify_watches"].is_number());
    assert!(diagnosis["disk_bytes"].is_null(), "the node does not run");
    assert_eq!(diagnosis["image"], image);
    assert_eq!(diagnosis["image_present"], true);
    assert_eq!(diagnosis["image_architecture"], diagnosis["host_architecture"]);
    assert!(diagnosis["host_architecture"].is_string(), "{diagnosis}");
    assert!(diagnosis["journal"].is_null() && diagnosis["locked_by"].is_null());
    assert_eq!(found.document["changed"], false);
}
