//! `check`: what is shown, and when the answer is no.

use std::fs;

use serde_json::json;

use crate::scene::*;

#[test]
fn a_sound_pki_is_a_yes_and_nothing_is_written() {
    let scene = Scene::filled();
    let before = scene.dump();
    let run = scene.run(&["check"]);
    assert_eq!(
        (run.code, &run.document["valid"]),
        (0, &json!(true)),
        "{}",
        run.stderr
    );
    let server = &run.document["certificates"][1];
    assert_eq!(
        (&server["secret"], &server["subject"]),
        (&json!(OURS[1]), &json!("CN=openshell"))
    );
    assert!(
        matches!(server["days_left"].as_i64(), Some(364 | 365)),
        "{server}"
    );
    assert!(server["not_after"].as_str().unwrap().ends_with('Z'));
    assert_eq!(server["fingerprint_sha256"].as_str().unwrap().len(), 64);
    assert!(server["sans"].as_array().unwrap().contains(&json!("127.0.0.1")));
    assert!(
        run.stderr.contains("openshell-server-tls: until"),
        "{}",
        run.stderr
    );
    assert_eq!(scene.dump(), before);
}

type Damage = fn(&Scene);

#[test]
fn what_reconcile_would_change_is_a_no() {
    let damages: [(Damage, &str); 4] = [
        (
            |scene| scene.set_value(OURS[1], "tls.key", b"junk"),
            "invalid_pem",
        ),
        (|scene| scene.remove(OURS[2]), "does_not_exist"),
        (
            |scene| fs::write(scene.file("ca.crt"), "junk").unwrap(),
            "client_bundle_differs",
        ),
        (
            |scene| OURS.iter().for_each(|secret| scene.remove(secret)),
            "does_not_exist",
        ),
    ];
    for (damage, finding) in damages {
        let scene = Scene::filled();
        damage(&scene);
        let before = scene.dump();
        let run = scene.run(&["check"]);
        assert_eq!(
            (run.code, &run.document["valid"]),
            (1, &json!(false)),
            "{finding}"
        );
        assert_eq!(run.document["error"], json!(null));
        assert!(
            run.stderr.contains(finding) && run.stderr.contains("gw-pki reconcile"),
            "{}",
            run.stderr
        );
        assert_eq!(scene.dump(), before);
        assert_eq!(scene.reconcile(&[]).code, 0);
        assert_eq!(scene.run(&["check"]).code, 0);
    }
}

#[test]
fn takes_the_names_and_the_time_that_are_asked_for() {
    let scene = Scene::filled();
    let named = scene.run(&["check", "--san", "gateway.example"]);
    assert_eq!(
        named.document["certificates"][1]["findings"],
        json!(["san_missing"])
    );
    assert_eq!(named.code, 1);
    let late = scene.run(&["check", "--renew-before", "364d"]);
    assert_eq!((late.code, &late.document["valid"]), (0, &json!(true)));
    let late = scene.run(&["check", "--renew-before", "366d"]);
    assert_eq!(late.document["certificates"][3]["findings"], json!(["expiring"]));
    assert_eq!(late.code, 1);
}
