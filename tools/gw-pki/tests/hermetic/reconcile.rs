//! What `reconcile` does with what there is.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use cluster_fixture::{Fault, FaultProxy, Program, When, is_thorough};
use serde_json::json;

use crate::scene::*;

fn created(objects: &[&str]) -> Vec<(String, String)> {
    let with = |object: &&str| ("create".to_owned(), (*object).to_owned());
    objects.iter().map(with).collect()
}

fn findings(run: &tool_document::Run) -> Vec<&str> {
    let certificates = run.document["certificates"].as_array().unwrap();
    let words = certificates
        .iter()
        .flat_map(|found| found["findings"].as_array().unwrap());
    words.map(|word| word.as_str().unwrap()).collect()
}

#[test]
fn makes_everything_once_and_then_nothing() {
    let scene = Scene::empty();
    let plan = scene.reconcile(&["--dry-run"]);
    assert_eq!(
        (plan.code, &plan.document["changed"]),
        (0, &json!(false)),
        "{}",
        plan.stderr
    );
    assert_eq!(scene.api.dump(SECRETS), "{}");
    assert!(
        !scene.home().join("openshell").exists(),
        "a dry run writes nothing"
    );

    let first = scene.reconcile(&[]);
    assert_eq!(
        (first.code, &first.document["changed"]),
        (0, &json!(true)),
        "{}",
        first.stderr
    );
    let all = [OURS[0], OURS[2], OURS[1], OURS[3], "bundle"];
    assert_eq!(actions(&first), created(&all));
    assert_eq!(first.document["actions"], plan.document["actions"]);
    assert_eq!(first.document["ca"]["key_kept"], true);
    assert_eq!(first.document["bundle"]["changed"], true);
    assert_eq!(
        first.document["restart_required"],
        json!([]),
        "nothing served the old material"
    );
    assert_eq!(findings(&first), [""; 0]);
    assert_eq!(
        scene.api.get(&format!("{SECRETS}/{}", OURS[1])).unwrap()["type"],
        "kubernetes.io/tls"
    );
    for name in ["ca.crt", "tls.crt", "tls.key"] {
        assert_eq!(
            fs::metadata(scene.file(name)).unwrap().permissions().mode() & 0o777,
            0o600
        );
    }
    scene.assert_connects();

    let before = scene.dump();
    let proxy = FaultProxy::before(scene.api.kubeconfig());
    let second = reconcile(proxy.kubeconfig(), scene.home(), &[]);
    assert_eq!(
        (second.code, &second.document["changed"]),
        (0, &json!(false)),
        "{}",
        second.stderr
    );
    assert_eq!(second.document["actions"], json!([]));
    assert_eq!(scene.dump(), before);
    assert_eq!(
        proxy.asked().len(),
        6,
        "the namespace, then four Secrets and the server's pods at once: {:?}",
        proxy.asked()
    );
}

#[test]
fn a_name_that_is_asked_for_is_added_and_stays() {
    let scene = Scene::filled();
    scene.put_server(false);
    let (ca, client) = (scene.value(OURS[0], "ca.crt"), scene.value(OURS[3], "tls.crt"));
    let run = scene.reconcile(&["--san", "gateway.example", "--san=10.1.2.3"]);
    assert_eq!(
        actions(&run),
        [("replace".to_owned(), OURS[1].to_owned())],
        "{}",
        run.stderr
    );
    assert_eq!(run.document["actions"][0]["reason"], "san_missing");
    assert_eq!(run.document["restart_required"], json!(["statefulset/openshell"]));
    let sans = run.document["certificates"][1]["sans"].as_array().unwrap();
    assert!(
        sans.contains(&json!("gateway.example")) && sans.contains(&json!("10.1.2.3")),
        "{sans:?}"
    );
    assert_eq!(
        (ca, client),
        (scene.value(OURS[0], "ca.crt"), scene.value(OURS[3], "tls.crt"))
    );
    scene.assert_connects();

    assert_eq!(scene.reconcile(&["--san", "another.example"]).code, 0);
    let run = scene.reconcile(&["--san", "gateway.example", "--san", "10.1.2.3"]);
    assert_eq!(
        run.document["changed"], false,
        "names that were asked for once stay"
    );
}

#[test]
fn what_breaks_is_made_again_by_the_same_ca() {
    for secret in OURS {
        let scene = Scene::filled();
        let ca = scene.value(OURS[0], "ca.crt");
        if secret == OURS[0] {
            continue;
        }
        scene.remove(secret);
        let run = scene.reconcile(&[]);
        assert_eq!(run.code, 0, "{secret}: {}", run.stderr);
        assert_eq!(actions(&run)[0], ("create".to_owned(), secret.to_owned()));
        assert_eq!(scene.value(OURS[0], "ca.crt"), ca);
        scene.assert_connects();
    }
}

#[test]
fn without_its_key_a_ca_stays_and_only_what_is_sound_is_used() {
    let scene = Scene::filled();
    scene.remove(OURS[0]);
    let before = scene.dump();
    let adopted = scene.reconcile(&[]);
    assert_eq!(
        (adopted.code, &adopted.document["changed"]),
        (0, &json!(false)),
        "{}",
        adopted.stderr
    );
    assert_eq!(adopted.document["ca"]["key_kept"], false);
    assert_eq!(findings(&adopted), ["ca_key_missing"]);
    assert_eq!(scene.dump(), before, "adopted byte for byte");

    // One is lost: only another CA can issue it, and that is told.
    scene.remove(OURS[1]);
    let (ca, plan) = (scene.value(OURS[3], "ca.crt"), scene.reconcile(&["--dry-run"]));
    assert_eq!(scene.value(OURS[3], "ca.crt"), ca);
    let changed = scene.reconcile(&[]);
    assert_eq!(changed.code, 0, "{}", changed.stderr);
    assert_eq!(changed.document["actions"], plan.document["actions"]);
    assert_eq!(actions(&changed)[0], ("create".to_owned(), OURS[0].to_owned()));
    let why = changed.document["actions"][0]["reason"].as_str().unwrap();
    assert!(why.contains("openshell-server-tls: does_not_exist"), "{why}");
    assert!(changed.stderr.contains("gw-pki export"), "{}", changed.stderr);
    assert_eq!(changed.document["ca_change"], "steady");
    assert_ne!(scene.value(OURS[3], "ca.crt"), ca);
    assert_eq!(scene.value(OURS[0], "retiring.crt"), Some(Vec::new()));
    scene.assert_connects();
    assert_eq!(scene.reconcile(&[]).document["changed"], false);
}

#[test]
fn the_bundle_follows_the_cluster() {
    let scene = Scene::filled();
    let cluster = scene.api.dump(SECRETS);
    let damages: [fn(&Scene); 3] = [
        |scene| fs::write(scene.file("ca.crt"), "junk").unwrap(),
        |scene| fs::remove_file(scene.file("tls.key")).unwrap(),
        |scene| fs::set_permissions(scene.file("tls.key"), fs::Permissions::from_mode(0o644)).unwrap(),
    ];
    for damage in damages {
        damage(&scene);
        let run = scene.reconcile(&[]);
        assert_eq!(
            (run.code, &run.document["bundle"]["changed"]),
            (0, &json!(true)),
            "{}",
            run.stderr
        );
        assert_eq!(actions(&run).len(), 1);
        assert_eq!(scene.api.dump(SECRETS), cluster);
        scene.assert_connects();
        assert_eq!(
            fs::metadata(scene.file("tls.key")).unwrap().permissions().mode() & 0o777,
            0o600
        );
    }
}

#[test]
fn an_immutable_secret_is_named_before_anything_is_written() {
    let scene = Scene::filled();
    scene.set_value(OURS[1], "tls.key", b"junk");
    let path = format!("{SECRETS}/{}", OURS[1]);
    let mut object = scene.api.get(&path).unwrap();
    object["immutable"] = json!(true);
    scene.api.put(&path, object);
    let before = scene.dump();
    let run = scene.reconcile(&[]);
    assert_eq!(
        (run.code, run.reason()),
        (1, "secret_immutable"),
        "{}",
        run.stderr
    );

    assert_eq!(scene.dump(), before);
    // A change of the CA would end there, too.
    scene.set_value(OURS[0], "ca.key", b"junk");
    let before = scene.dump();
    let run = scene.reconcile(&[]);
    assert_eq!(
        (run.code, run.reason()),
        (1, "secret_immutable"),
        "{}",
        run.stderr
    );
    assert_eq!(scene.dump(), before);
}

#[test]
fn another_run_has_the_lock() {
    let scene = Scene::filled();
    let proxy = FaultProxy::before(scene.api.kubeconfig());
    proxy.inject(Fault::Withhold, When::At(1));
    let holder = Program::start(tool(proxy.kubeconfig(), scene.home()));
    assert!(proxy.wait_withheld(Duration::from_secs(60)));
    let refused = scene.reconcile(&[]);
    assert_eq!(
        (refused.code, refused.reason()),
        (75, "locked"),
        "{}",
        refused.stderr
    );
    assert_eq!(scene.reconcile(&["--dry-run"]).code, 0, "a dry run needs no lock");
    holder.kill();
    assert_eq!(scene.reconcile(&["--lock-timeout", "60s"]).code, 0);
}

#[test]
fn killed_after_each_of_its_writes_it_goes_on_where_it_was() {
    for write in 1..=OURS.len() {
        let scene = Scene::empty();
        let proxy = FaultProxy::before(scene.api.kubeconfig());
        proxy.inject(Fault::Withhold, When::AtWrite(write));
        let program = Program::start(tool(proxy.kubeconfig(), scene.home()));
        assert!(
            proxy.wait_withheld(Duration::from_secs(60)),
            "{:?}",
            proxy.asked()
        );
        program.kill();
        let made: Vec<_> = OURS
            .iter()
            .filter_map(|secret| Some((secret, scene.value(secret, "ca.crt")?)))
            .collect();
        let run = scene.reconcile(&[]);
        assert_eq!(run.code, 0, "{}", run.stderr);
        assert_eq!(
            actions(&run).len(),
            OURS.len() + 1 - write,
            "what was written is not written again"
        );
        assert!(
            made.iter()
                .all(|(secret, ca)| scene.value(secret, "ca.crt").as_ref() == Some(ca))
        );
        scene.assert_connects();
    }
}

#[test]
fn many_at_once_make_one_ca() {
    let scene = Scene::empty();
    let many = if is_thorough() { 50 } else { 10 };
    let runs: Vec<_> = std::thread::scope(|scope| {
        let run = || {
            let home = tempfile::tempdir().unwrap();
            reconcile(scene.api.kubeconfig(), home.path(), &[])
        };
        let started: Vec<_> = (0..many).map(|_| scope.spawn(run)).collect();
        started.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let ca = &runs[0].document["ca"];
    for run in &runs {
        assert_eq!((run.code, &run.document["ca"]), (0, ca), "{}", run.stderr);
        assert_eq!(findings(run), [""; 0]);
    }
    for secret in OURS {
        let makers = runs
            .iter()
            .filter(|run| actions(run).iter().any(|(_, object)| object == secret));
        assert_eq!(makers.count(), 1, "{secret}");
    }
    scene.reconcile(&[]);
    scene.assert_connects();
}

/// Reads of four Secrets are no snapshot: here the CA's is answered before another run makes everything, and one of the
/// others after that.
#[test]
fn a_ca_that_appears_between_two_reads_is_seen() {
    for late in [OURS[1], OURS[2], OURS[3]] {
        let scene = Scene::empty();
        let proxy = FaultProxy::before(scene.api.kubeconfig());
        proxy.inject(Fault::Hold, When::OnPath(late));
        let home = tempfile::tempdir().unwrap();
        let slow = Program::start(tool(proxy.kubeconfig(), home.path()));
        // The namespace and three Secrets.
        assert!(proxy.wait_withheld(Duration::from_secs(60)));
        assert!(
            proxy.wait_answered(4, Duration::from_secs(60)),
            "{:?}",
            proxy.asked()
        );
        let other = scene.reconcile(&[]);
        assert_eq!(other.code, 0, "{}", other.stderr);
        proxy.release();
        let output = slow.wait();
        assert!(
            output.status.success(),
            "{late}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        let document: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(document["ca"], other.document["ca"], "{late}");
    }
}
