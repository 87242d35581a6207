//! `remove --with-data`.

use std::fs;

use cluster_fixture::{Fault, FaultProxy, When};
use serde_json::json;

use crate::scene::*;

const INSIDE: [&str; 8] = [
    "delete 2 sandboxes",
    "remove release openshell",
    "delete secret/openshell-server-tls",
    "delete secret/openshell-server-client-ca",
    "delete secret/openshell-client-tls",
    "delete secret/openshell-ca",
    "delete secret/openshell-ssh-handshake",
    "delete persistentvolumeclaim/openshell-data-openshell-0",
];

fn of_client(scene: &Scene) -> [String; 2] {
    let folder = scene.file("").display().to_string();
    let folder = folder.trim_end_matches('/');
    [
        "deactivate gateway g".to_owned(),
        format!("delete folder {folder}"),
    ]
}

#[test]
fn all_that_the_gateway_has_goes_and_nothing_else() {
    for (owner, is_own) in [(Some("g"), true), (Some("other"), false), (None, false)] {
        let scene = Scene::with_namespace(owner);
        scene.keep(scene.api.kubeconfig(), Some("uid-of-team"));
        scene.put_all();
        let before = scene.left();
        let unasked = scene.remove(&[]);
        assert_eq!(
            (unasked.code, unasked.reason()),
            (2, "usage"),
            "{}",
            unasked.stderr
        );
        let dry = scene.remove(&["--dry-run"]);
        assert_eq!(dry.document["place"]["owns_namespace"], is_own, "{}", dry.stderr);
        assert_eq!(
            (scene.left(), scene.file("cluster.json").exists()),
            (before, true)
        );
        assert_eq!(scene.helm_was_asked(), "");

        let run = scene.remove(&["--yes"]);
        assert_eq!(run.code, 0, "{}", run.stderr);
        let mut expected: Vec<String> = INSIDE.map(str::to_owned).into();
        expected.extend(is_own.then(|| "delete namespace/team".to_owned()));
        expected.extend(of_client(&scene));
        assert_eq!(actions(&run), expected);
        assert_eq!(dry.document["actions"], run.document["actions"]);
        assert!(
            scene
                .helm_was_asked()
                .starts_with("uninstall openshell --namespace team ")
        );
        let mut left = of_others();
        left.extend((!is_own).then(|| NAMESPACE.to_owned()));
        left.sort();
        assert_eq!(scene.left(), left);
        assert_eq!(
            fs::read_dir(scene.clients().join("gateways"))
                .expect("a folder")
                .count(),
            0
        );
        assert!(!scene.clients().join("active_gateway").exists());

        // What a run that was killed had no time for is of no gateway any more.
        let left_behind = scene.clients().join("gateways/.g.removed");
        fs::create_dir_all(left_behind.join("mtls")).expect("room");
        let again = scene.remove(&["--yes"]);
        assert_eq!((again.code, actions(&again).len()), (0, 0), "{}", again.stderr);
        assert!(!left_behind.exists());
    }
}

#[test]
fn a_cluster_that_knows_no_sandboxes_has_none_and_secrets_of_cert_manager_stay() {
    let scene = Scene::with_namespace(None);
    scene.keep(scene.api.kubeconfig(), Some("uid-of-team"));
    let annotations = json!({ "cert-manager.io/certificate-name": "gw" });
    scene.put(
        "secrets/openshell-server-tls",
        json!({ "name": "openshell-server-tls", "annotations": annotations }),
    );
    scene.put("secrets/openshell-ca", json!({ "name": "openshell-ca" }));
    let run = scene.remove(&["--yes"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    assert_eq!(actions(&run)[..1], ["delete secret/openshell-ca"]);
    assert_eq!(
        scene.left(),
        [
            NAMESPACE.to_owned(),
            format!("{NAMESPACE}/secrets/openshell-server-tls")
        ]
    );
    assert_eq!(scene.helm_was_asked(), "");
}

#[test]
fn of_a_namespace_that_is_gone_only_client_files_are_removed() {
    let scene = Scene::with_namespace(Some("g"));
    scene.put_all();
    scene.api.remove(NAMESPACE);
    let proxy = FaultProxy::before(scene.api.kubeconfig());
    scene.keep(proxy.kubeconfig(), Some("uid-of-team"));
    let dry = scene.remove(&["--dry-run"]);
    let place = &dry.document["place"];
    assert_eq!(
        (&place["namespace_uid"], &place["owns_namespace"]),
        (&json!(null), &json!(null))
    );
    // That nothing is where it never was says nothing of it.
    let elsewhere = scene.remove(&["--yes", "--namespace", "typo"]);
    assert_eq!(
        (elsewhere.code, elsewhere.reason()),
        (1, "another_cluster"),
        "{}",
        elsewhere.stderr
    );
    assert!(scene.file("cluster.json").exists());
    let run = scene.remove(&["--yes"]);
    assert_eq!(
        (run.code, actions(&run)),
        (0, of_client(&scene).into()),
        "{}",
        run.stderr
    );
    assert_eq!(proxy.writes(), []);
    assert!(!scene.file("").exists());
}

#[test]
fn what_is_somebody_elses_is_refused_before_anything_is_removed() {
    let scene = Scene::with_namespace(Some("g"));
    scene.put_all();
    scene.put_release("Install complete");
    let refused = |code: i32, reason: &str| {
        let before = (scene.api.dump("/"), scene.file("metadata.json").exists());
        let run = scene.remove(&["--yes"]);
        assert_eq!((run.code, run.reason()), (code, reason), "{}", run.stderr);
        assert_eq!(
            (scene.api.dump("/"), scene.file("metadata.json").exists()),
            before
        );
        assert_eq!(scene.helm_was_asked(), "");
    };
    // A gateway in a container is gw-container's.
    refused(1, "gateway_exists");
    scene.keep(scene.api.kubeconfig(), Some("another-uid"));
    refused(1, "another_cluster");
    scene.keep(scene.api.kubeconfig(), Some("uid-of-team"));
    refused(1, "release_of_others");
}

#[test]
fn a_removal_without_helm_ends_before_anything_is_removed() {
    let scene = Scene::with_namespace(Some("g"));
    scene.put_all();
    scene.keep(scene.api.kubeconfig(), Some("uid-of-team"));
    let before = scene.api.dump("/");
    let words = [
        "remove",
        "--gateway",
        "g",
        "--with-data",
        "--yes",
        "--helm",
        "/nonexistent/helm",
    ];
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_gw-release"));
    command
        .args(words)
        .env_clear()
        .env("HOME", scene.clients().ancestors().nth(2).expect("a home"));
    let run = checked(tool_document::run(command));
    assert_eq!((run.code, run.reason()), (1, "missing_helm"), "{}", run.stderr);
    assert_eq!(scene.api.dump("/"), before);
}

#[test]
fn what_a_finalizer_keeps_is_waited_for() {
    let scene = Scene::with_namespace(None);
    let proxy = FaultProxy::before(scene.api.kubeconfig());
    scene.keep(proxy.kubeconfig(), Some("uid-of-team"));
    scene.put(
        "persistentvolumeclaims/data",
        json!({ "name": "data", "labels": { "app.kubernetes.io/instance": "openshell" }, "deletionTimestamp": "2026-01-01T00:00:00Z" }),
    );
    let late = scene.remove(&["--yes", "--timeout", "3s"]);
    assert_eq!((late.code, late.reason()), (124, "timed_out"), "{}", late.stderr);
    assert!(
        late.stderr.contains("volume claims to be deleted (1 left)"),
        "{}",
        late.stderr
    );
    assert_eq!(proxy.writes(), [], "it is being deleted already");
    assert!(scene.file("cluster.json").exists());
    scene
        .api
        .remove(&format!("{NAMESPACE}/persistentvolumeclaims/data"));
    assert_eq!(scene.remove(&["--yes"]).code, 0);
}

#[test]
fn an_api_that_answers_with_errors_is_no_absence() {
    let scene = Scene::with_namespace(Some("g"));
    scene.put_all();
    let proxy = FaultProxy::before(scene.api.kubeconfig());
    scene.keep(proxy.kubeconfig(), Some("uid-of-team"));
    let before = scene.api.dump("/");
    for path in [
        "/namespaces/team",
        "sandboxes.agents.x-k8s.io",
        "/sandboxes",
        "/secrets",
        "/secrets/openshell-ca",
        "/persistentvolumeclaims",
    ] {
        for (fault, code) in [
            (Fault::Status(500), 1),
            (Fault::NotFoundOther, 1),
            (Fault::Cut, 69),
        ] {
            proxy.inject(fault, When::OnPath(path));
            let run = scene.remove(&["--yes", "--timeout", "2s"]);
            assert_eq!(run.code, code, "{path}, {fault:?}: {}", run.stderr);
            assert_eq!(proxy.writes(), [], "{path}, {fault:?}");
        }
    }
    assert_eq!(scene.api.dump("/"), before);
    assert!(scene.file("cluster.json").exists());
}
