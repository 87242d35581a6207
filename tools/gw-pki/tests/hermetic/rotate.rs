//! What is made again although it is valid, and what has to restart.

use std::time::Duration;

use cluster_fixture::{Fault, FaultProxy, Program, When, is_thorough};
use serde_json::json;

use crate::scene::*;

#[test]
fn leaves_are_made_again_by_the_same_ca() {
    let scene = Scene::filled();
    let values =
        |scene: &Scene| OURS.map(|secret| scene.value(secret, "tls.crt").or(scene.value(secret, "ca.crt")));
    let before = values(&scene);
    let plan = scene.reconcile(&["--rotate", "leaf", "--dry-run"]);
    let run = scene.reconcile(&["--rotate", "leaf"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(run.document["actions"], plan.document["actions"]);
    let made: Vec<_> = actions(&run).into_iter().map(|(_, object)| object).collect();
    assert_eq!(made, [OURS[1], OURS[3], "bundle"]);
    let after = values(&scene);
    assert_eq!((&before[0], &before[2]), (&after[0], &after[2]));
    assert!(before[1] != after[1] && before[3] != after[3]);
    scene.assert_connects();
}

#[test]
fn a_ca_is_replaced_in_one_run_where_no_server_is() {
    let scene = Scene::filled();
    let ca = scene.value(OURS[0], "ca.crt");
    let plan = scene.reconcile(&["--rotate=ca", "--dry-run"]);
    let run = scene.reconcile(&["--rotate=ca"]);
    assert_eq!(
        (run.code, &run.document["ca_change"]),
        (0, &json!("steady")),
        "{}",
        run.stderr
    );
    assert_eq!(run.document["actions"], plan.document["actions"]);
    let objects: Vec<_> = actions(&run).into_iter().map(|(_, object)| object).collect();
    let trust_both = [OURS[0], OURS[2], OURS[3], "bundle"];
    let roll = [OURS[1], OURS[3], "bundle"];
    let drop_old = [OURS[2], OURS[3], "bundle", OURS[0]];
    assert_eq!(objects, [&trust_both[..], &roll, &drop_old].concat());
    assert_ne!(scene.value(OURS[0], "ca.crt"), ca);
    assert_eq!(scene.value(OURS[0], "ca.crt"), scene.value(OURS[3], "ca.crt"));
    scene.assert_connects();
    assert_eq!(scene.run(&["check"]).code, 0);
}

#[test]
fn a_ca_change_waits_for_the_server_and_goes_on() {
    let scene = Scene::filled();
    scene.put_server(false);
    let client = scene.value(OURS[3], "tls.crt");
    let begun = scene.reconcile(&["--rotate=ca"]);
    assert_eq!(
        (begun.code, &begun.document["ca_change"]),
        (0, &json!("rolling")),
        "{}",
        begun.stderr
    );
    assert_eq!(
        begun.document["restart_required"],
        json!(["statefulset/openshell"])
    );
    assert!(
        begun.stderr.contains("gw-pki reconcile --restart"),
        "{}",
        begun.stderr
    );
    assert_eq!(
        scene.value(OURS[3], "tls.crt"),
        client,
        "the server does not know its new one yet"
    );
    assert_eq!(scene.run(&["check"]).code, 1, "a change is under way");
    let again = scene.reconcile(&["--rotate=ca"]);
    assert_eq!(
        (again.code, &again.document["changed"]),
        (0, &json!(false)),
        "no second change"
    );
    // It restarts.
    scene.api.put_server("2099-01-01T00:00:00Z", json!([]), json!({}));
    let ended = scene.reconcile(&[]);
    assert_eq!(
        (ended.code, &ended.document["ca_change"]),
        (0, &json!("steady")),
        "{}",
        ended.stderr
    );
    assert_ne!(scene.value(OURS[3], "tls.crt"), client);
    scene.assert_connects();
}

#[test]
fn a_server_that_does_not_reload_is_restarted_where_that_is_asked_for() {
    let scene = Scene::filled();
    scene.put_server(false);
    let run = scene.reconcile(&["--rotate=leaf"]);
    assert_eq!(run.document["restart_required"], json!(["statefulset/openshell"]));
    assert_eq!(
        (&run.document["restarted"], scene.api.server_restarted_at()),
        (&json!([]), None)
    );
    let run = scene.reconcile(&["--restart"]);
    assert_eq!(
        (run.code, &run.document["restarted"]),
        (0, &json!(["statefulset/openshell"])),
        "{}",
        run.stderr
    );
    assert!(scene.api.server_restarted_at().is_some());
}

#[test]
fn a_server_that_reloads_is_never_restarted() {
    let scene = Scene::filled();
    scene.put_server(true);
    let run = scene.reconcile(&["--rotate=leaf", "--restart"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(
        (&run.document["restart_required"], &run.document["restarted"]),
        (&json!([]), &json!([]))
    );
    assert_eq!(scene.api.server_restarted_at(), None);
}

#[test]
fn keys_and_times_are_as_asked_for() {
    for (key_type, curve) in [
        ("ecdsa-p256", "prime256v1"),
        ("ecdsa-p384", "secp384r1"),
        ("ed25519", "ED25519"),
    ] {
        let scene = Scene::empty();
        let words = [
            "--key-type",
            key_type,
            "--validity",
            "10d",
            "--ca-validity=20d",
            "--renew-before",
            "9d",
        ];
        let run = scene.reconcile(&words);
        assert_eq!(run.code, 0, "{}", run.stderr);
        let certificates = run.document["certificates"].as_array().unwrap();
        for (certificate, days) in certificates.iter().zip([20, 10, 20, 10]) {
            let left = certificate["days_left"].as_i64().unwrap();
            assert!(left == days || left == days - 1, "{certificate}");
        }
        scene.assert_connects();
        let mut openssl = std::process::Command::new("openssl");
        openssl
            .args(["x509", "-noout", "-text", "-in"])
            .arg(scene.file("tls.crt"));
        let text = openssl.output().expect("openssl is installed").stdout;
        let text = String::from_utf8(text).unwrap();
        assert!(text.contains(curve), "{text}");
        assert_eq!(scene.reconcile(&words).document["changed"], false);
        let renewed = scene.reconcile(&["--renew-before", "11d", "--validity", "12d", "--ca-validity=20d"]);
        assert_eq!(
            renewed.document["actions"][0]["reason"], "expiring",
            "{}",
            renewed.document
        );
        scene.assert_connects();
    }
}

#[test]
fn a_change_that_is_killed_after_each_of_its_writes_is_continued() {
    let all = 8;
    let chosen: Vec<usize> = if is_thorough() {
        (1..=all).collect()
    } else {
        vec![1, 2, 5, all]
    };
    for write in chosen {
        let scene = Scene::filled();
        let old = scene.value(OURS[0], "ca.crt");
        let proxy = FaultProxy::before(scene.api.kubeconfig());
        proxy.inject(Fault::Withhold, When::AtWrite(write));
        let mut command = tool(proxy.kubeconfig(), scene.home());
        command.args(["--rotate", "ca"]);
        let program = Program::start(command);
        assert!(
            proxy.wait_withheld(Duration::from_secs(60)),
            "{:?}",
            proxy.asked()
        );
        program.kill();
        let new = scene.value(OURS[0], "ca.crt");
        assert_ne!(new, old);
        // Without the flag, too: the change was begun.
        let run = scene.reconcile(&[]);
        assert_eq!(
            (run.code, &run.document["ca_change"]),
            (0, &json!("steady")),
            "{write}: {}",
            run.stderr
        );
        assert_eq!(scene.value(OURS[0], "ca.crt"), new, "one CA in the end");
        for secret in [OURS[2], OURS[3]] {
            assert_eq!(scene.value(secret, "ca.crt"), new);
        }
        scene.assert_connects();
    }
}

/// Here the CA is read, then another run replaces it, and only then the server's certificate is read: it must not be issued
/// again by the CA that is gone.
#[test]
fn what_was_read_before_a_ca_changed_is_not_acted_upon() {
    let scene = Scene::filled();
    let proxy = FaultProxy::before(scene.api.kubeconfig());
    proxy.inject(Fault::Hold, When::OnPath(OURS[1]));
    let home = tempfile::tempdir().unwrap();
    let slow = Program::start(tool(proxy.kubeconfig(), home.path()));
    assert!(proxy.wait_withheld(Duration::from_secs(60)));
    // The namespace, three Secrets and the server's pods.
    assert!(
        proxy.wait_answered(5, Duration::from_secs(60)),
        "{:?}",
        proxy.asked()
    );
    let changed = scene.reconcile(&["--rotate", "ca"]);
    assert_eq!(changed.code, 0, "{}", changed.stderr);
    proxy.release();
    let output = slow.wait();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    assert_eq!(proxy.writes(), [], "only its own bundle had to be written");
    scene.assert_connects();
}
