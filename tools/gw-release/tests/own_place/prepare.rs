//! `prepare`.

use std::fs;

use cluster_fixture::{Fault, FaultProxy, When, unreachable_kubeconfig};
use serde_json::json;

use crate::scene::*;

#[test]
fn a_namespace_is_made_and_kept_and_a_second_run_writes_nothing() {
    let scene = Scene::empty();
    let flags = [
        "--port",
        "9000",
        "--plaintext",
        "--disable-gateway-auth",
        "--tls-san",
        "gw.example",
        "--endpoint=http://gw.example:80",
    ];
    let dry = scene.prepare(&[&flags[..], &["--dry-run"]].concat());
    assert_eq!(
        (dry.code, &dry.document["changed"]),
        (0, &json!(false)),
        "{}",
        dry.stderr
    );
    assert!(!scene.clients().exists() && scene.left().is_empty());

    let made = scene.prepare(&flags);
    assert_eq!(made.code, 0, "{}", made.stderr);
    assert_eq!(actions(&made), ["create namespace/team", "keep cluster.json"]);
    assert_eq!(made.document["namespace"], "team");
    let namespace = scene.api.get(NAMESPACE).expect("a namespace");
    assert_eq!(
        namespace["metadata"]["labels"],
        json!({ "dev.openshell.gateway": "g" })
    );
    let file = scene.api.kubeconfig().to_str().expect("plain text");
    let mut place = json!({
        "kubeconfig": file, "context": "test", "namespace": "team", "namespace_uid": namespace["metadata"]["uid"],
        "owns_namespace": true, "endpoint": "http://gw.example:80", "forward_port": 9000,
        "spec": { "plaintext": true, "disable_gateway_auth": true, "tls_sans": ["gw.example"] },
        "kubectl": format!("kubectl --kubeconfig {file} --context test"),
    });
    assert_eq!(made.document["place"], place);
    let kept = scene.read("cluster.json");
    for member in [
        "kubeconfig",
        "context",
        "namespace",
        "namespace_uid",
        "endpoint",
        "forward_port",
        "spec",
    ] {
        assert_eq!(kept[member], place[member], "{member}");
    }
    // The plan was the same, but for what is known only afterwards.
    place["namespace_uid"] = json!(null);
    assert_eq!(dry.document["place"], place);
    assert_eq!(dry.document["actions"], made.document["actions"]);

    // From here on no flag is needed, whatever the file's current context is.
    let proxy = FaultProxy::before(scene.api.kubeconfig());
    let again = scene.run(&["prepare"]);
    assert_eq!((again.code, actions(&again).len()), (0, 0), "{}", again.stderr);
    assert_eq!(again.document["place"], made.document["place"]);
    let moved = scene.prepare_by(proxy.kubeconfig(), &["--endpoint", "found", "--no-plaintext"]);
    assert_eq!(actions(&moved), ["keep cluster.json"], "{}", moved.stderr);
    assert_eq!(proxy.writes(), []);
    let kept = scene.read("cluster.json");
    assert_eq!(
        (&kept["endpoint"], &kept["spec"]["plaintext"]),
        (&json!(null), &json!(false))
    );
    assert_eq!(kept["spec"]["tls_sans"], json!(["gw.example"]));
}

#[test]
fn a_namespace_of_somebody_else_stays_theirs() {
    for owner in [None, Some("other")] {
        let scene = Scene::with_namespace(owner);
        let before = scene.api.get(NAMESPACE);
        let run = scene.prepare(&[]);
        assert_eq!(actions(&run), ["keep cluster.json"], "{}", run.stderr);
        assert_eq!(run.document["place"]["owns_namespace"], false);
        assert_eq!(run.document["place"]["namespace_uid"], "uid-of-team");
        assert_eq!(scene.api.get(NAMESPACE), before);

        // What the driver kept in its own layout says the same, and stays as it is.
        scene.keep(scene.api.kubeconfig(), Some("uid-of-team"));
        let kept = fs::read(scene.file("cluster.json")).expect("a file");
        let run = scene.run(&["prepare"]);
        assert_eq!((run.code, actions(&run).len()), (0, 0), "{}", run.stderr);
        assert_eq!(fs::read(scene.file("cluster.json")).expect("a file"), kept);
    }
}

#[test]
fn a_namespace_that_is_another_one_or_is_being_deleted_is_refused() {
    let scene = Scene::with_namespace(Some("g"));
    let of = |run: tool_document::Run| (run.code, run.reason().to_owned());
    scene.keep(scene.api.kubeconfig(), Some("another-uid"));
    let kept = scene.read("cluster.json");
    for more in [&[][..], &["--dry-run"]] {
        assert_eq!(of(scene.prepare(more)), (1, "another_cluster".to_owned()));
        let gone = scene.run(&[&["prepare", "--namespace", "gone"], more].concat());
        assert_eq!(of(gone), (1, "another_cluster".to_owned()));
    }
    assert_eq!(scene.left(), [NAMESPACE], "none is made");
    assert_eq!(scene.read("cluster.json"), kept);

    scene.keep(scene.api.kubeconfig(), Some("uid-of-team"));
    scene.api.put(
        NAMESPACE,
        json!({ "metadata": { "name": "team", "uid": "uid-of-team" }, "status": { "phase": "Terminating" } }),
    );
    assert_eq!(of(scene.prepare(&[])), (1, "namespace_terminating".to_owned()));
}

#[test]
fn who_may_not_make_a_namespace_is_told_at_once() {
    let scene = Scene::empty();
    let proxy = FaultProxy::before(scene.api.kubeconfig());
    proxy.inject(Fault::Status(403), When::AtWrite(1));
    let run = scene.prepare_by(proxy.kubeconfig(), &[]);
    assert_eq!((run.code, run.reason()), (77, "forbidden"), "{}", run.stderr);
    let said = run.document["error"]["message"].as_str().expect("a message");
    assert!(
        said.contains("create namespace team") && said.contains("injected"),
        "{said}"
    );
    assert_eq!(proxy.writes().len(), 1);
    assert!(!scene.file("cluster.json").exists());
}

#[test]
fn an_api_that_does_not_answer_is_no_absence() {
    let scene = Scene::empty();
    let nowhere = unreachable_kubeconfig();
    let run = scene.prepare_by(nowhere.path(), &["--timeout", "2s"]);
    assert_eq!(
        (run.code, run.reason()),
        (69, "api_unreachable"),
        "{}",
        run.stderr
    );
    assert_eq!(run.document["place"]["namespace_uid"], json!(null));
    assert!(!scene.file("cluster.json").exists());
}

/// A kubeconfig with these contexts of this server.
fn with_contexts(scene: &Scene, name: &str, current: &str, contexts: &[&str]) -> String {
    let text = fs::read_to_string(scene.api.kubeconfig()).expect("a kubeconfig");
    let mut config: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let context = config["contexts"][0]["context"].clone();
    let named = contexts
        .iter()
        .map(|name| json!({ "name": name, "context": context }));
    config["contexts"] = named.collect();
    config["current-context"] = current.into();
    let file = scene.clients().with_file_name(name);
    fs::create_dir_all(file.parent().expect("a folder")).expect("room");
    fs::write(&file, config.to_string()).expect("room");
    file.to_str().expect("plain text").to_owned()
}

#[test]
fn the_first_kubeconfig_that_has_the_context_is_kept_by_its_real_path() {
    let scene = Scene::with_namespace(None);
    let first = with_contexts(&scene, "first", "a", &["a"]);
    let second = with_contexts(&scene, "second", "b", &["a", "b"]);
    let link = format!("{second}.link");
    std::os::unix::fs::symlink(&second, &link).expect("a link");
    let named = format!("/nonexistent:{first}::{link}");
    let chosen = |context: &str| {
        let mut command = scene.tool(&[
            "prepare",
            "--dry-run",
            "--namespace",
            "team",
            "--context",
            context,
        ]);
        command.env("KUBECONFIG", &named);
        let run = checked(tool_document::run(command));
        let place = &run.document["place"];
        (
            run.reason().to_owned(),
            place["kubeconfig"].as_str().unwrap_or_default().to_owned(),
        )
    };
    assert_eq!(chosen("a"), (String::new(), first.clone()));
    assert_eq!(chosen("b"), (String::new(), second.clone()));
    assert_eq!(chosen("gone"), ("context_missing".to_owned(), String::new()));

    // Without a context the current one is kept by name.
    let run = scene.prepare_by(link.as_ref(), &[]);
    assert_eq!(run.document["place"]["context"], "b", "{}", run.stderr);
    with_contexts(&scene, "second", "a", &["a", "b"]);
    let again = scene.run(&["prepare"]);
    assert_eq!(
        (again.code, &again.document["place"]["context"]),
        (0, &json!("b"))
    );
    with_contexts(&scene, "second", "a", &["a"]);
    let gone = scene.run(&["prepare"]);
    assert_eq!(
        (gone.code, gone.reason()),
        (78, "context_missing"),
        "{}",
        gone.stderr
    );
    assert!(
        gone.stderr.contains("context b") && gone.stderr.contains(&second),
        "{}",
        gone.stderr
    );
}

#[test]
fn what_cannot_be_is_refused_before_any_call() {
    let scene = Scene::empty();
    let broken = scene.clients().with_file_name("broken");
    fs::create_dir_all(broken.parent().expect("a folder")).expect("room");
    fs::write(
        &broken,
        r#"{"contexts": [{"name": "c", "context": {"cluster": "none"}}], "current-context": "c"}"#,
    )
    .expect("room");
    let broken = broken.to_str().expect("plain text");
    let file = scene.api.kubeconfig().to_str().expect("plain text");
    for (flags, code, reason, said) in [
        (&[][..], 2, "usage", "need --context or --kubeconfig"),
        (
            &["--namespace", "a"],
            2,
            "usage",
            "need --context or --kubeconfig",
        ),
        (
            &["--kubeconfig", file, "--namespace", "A"],
            2,
            "usage",
            "no name for a namespace",
        ),
        (
            &["--kubeconfig", file, "--plaintext", "--no-plaintext"],
            2,
            "usage",
            "contradict",
        ),
        (
            &["--kubeconfig", file, "--endpoint", "gw.example"],
            2,
            "usage",
            "--endpoint is",
        ),
        (
            &["--kubeconfig", file, "--port", "65536"],
            2,
            "usage",
            "--port is a number",
        ),
        (
            &["--kubeconfig", file, "--tls-san", "a b"],
            2,
            "usage",
            "no host name",
        ),
        (
            &["--kubeconfig", "/nonexistent"],
            78,
            "context_missing",
            "/nonexistent",
        ),
        (
            &["--kubeconfig", "/etc/hostname"],
            78,
            "context_missing",
            "current context",
        ),
        (&["--context", "c"], 78, "context_missing", "context c: /"),
        (&["--kubeconfig", broken], 78, "kubeconfig_invalid", "none"),
    ] {
        let run = scene.run(&[&["prepare"], flags].concat());
        assert_eq!(
            (run.code, run.reason()),
            (code, reason),
            "{flags:?}: {}",
            run.stderr
        );
        assert!(run.stderr.contains(said), "{flags:?}: {}", run.stderr);
        assert!(!scene.file("").exists(), "{flags:?}");
    }
    for name in ["spec.json", "metadata.json"] {
        let scene = Scene::empty();
        scene.write(name, "{}");
        let run = scene.prepare(&[]);
        assert_eq!((run.code, run.reason()), (1, "gateway_exists"), "{}", run.stderr);
    }
    scene.write("cluster.json", "{");
    let run = scene.prepare(&[]);
    assert_eq!(
        (run.code, run.reason()),
        (78, "cluster_file_invalid"),
        "{}",
        run.stderr
    );
}
