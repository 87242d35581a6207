//! A volume is never opened by an image whose datastore or Kubernetes version does not fit it.

use played_gateway::{PlayedGateway, docker, skipped};

/// As k3s lays a volume out, written by this version.
fn written_by_k3s(gateway: &PlayedGateway, path: &str, version: &str) {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join(path);
    std::fs::create_dir_all(file.parent().expect("a folder")).expect("room");
    let node = format!("/registry/minions/node-of-k3s\0kubeletVersion\x12\x0c{version}\x1a");
    std::fs::write(file, format!("SQLite format 3\0{}{node}", "x".repeat(70_000))).expect("room");
    docker(&["volume", "create", &gateway.resource()]);
    let holder = format!("openshell-test-holder-{}", gateway.name);
    let volume = format!("{}:/var/lib/rancher/k3s", gateway.resource());
    docker(&["create", "--name", &holder, "--volume", &volume, &gateway.image]);
    docker(&[
        "cp",
        &folder.path().join(".").display().to_string(),
        &format!("{holder}:/var/lib/rancher/k3s"),
    ]);
    docker(&["rm", &holder]);
}

/// An image with k3s's program.
fn k3s(gateway: &mut PlayedGateway, tag: &str, version: &str) -> String {
    gateway.build(tag, &format!("ENV K3S={version}\nCOPY k3s-{version} /bin/k3s\n"))
}

#[test]
fn k3ss_volume_is_refused_to_another_kind_an_older_one_and_an_unknown_one() {
    if skipped() {
        return;
    }
    for path in ["server/db/state.db", "server/db/etcd/member/snap/db"] {
        let mut gateway = PlayedGateway::new();
        written_by_k3s(&gateway, path, "v1.30.4+k3s1");
        let ours = gateway.image.clone();
        let unknown = gateway.build("unknown", "");
        let older = k3s(&mut gateway, "older", "v1.29.9+k3s2");
        let port = gateway.port.to_string();
        for (image, words) in [
            (&ours, "does not open"),
            (&unknown, "nothing says"),
            (&older, "older v1.29.9+k3s2"),
        ] {
            let refused = gateway.run(&["ensure", "--image", image, "--port", &port]);
            assert_eq!(
                (refused.code, refused.reason()),
                (78, "volume_image_mismatch"),
                "{path}: {}",
                refused.stderr
            );
            let planned = gateway.run(&["ensure", "--image", image, "--port", &port, "--dry-run"]);
            assert_eq!((planned.code, planned.reason()), (78, "volume_image_mismatch"));
            assert!(
                refused.stderr.contains(words) && refused.stderr.contains("--image"),
                "{}",
                refused.stderr
            );
            assert_eq!(
                gateway.left(),
                [format!("volume {}", gateway.resource())],
                "nothing is written"
            );
        }
        let newer = k3s(&mut gateway, "newer", "v1.31.0+k3s1");
        let opened = gateway.done(&[
            "ensure",
            "--image",
            &newer,
            "--port",
            &port,
            "--confinement",
            "caps",
        ]);
        assert_eq!(opened.document["state_before"], "volume_only");
        // The same holds for an upgrade of a container that runs.
        let back = gateway.run(&["ensure", "--image", &older]);
        assert_eq!(
            (back.code, back.reason()),
            (78, "volume_image_mismatch"),
            "{}",
            back.stderr
        );
        assert_eq!(gateway.inspect("{{.State.Running}}"), "true", "it goes on");
        assert_eq!(gateway.done(&["ensure"]).document["changed"], false);
    }
}
