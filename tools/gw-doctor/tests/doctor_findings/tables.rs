//! `status` and `list`: documents in, tables out.

use std::os::unix::process::CommandExt;
use std::process::Command;

use gw_wait::report::{CauseField, Phase, SandboxField, SandboxesField};
use serde_json::{Value, json};

use crate::scene::{Documents, set, up, waited};
use crate::told;

fn tool(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gw-doctor"));
    command.arg0("gw-doctor").env("GW_COMMAND", "gw").args(words);
    command
}

fn sandbox(namespace: &str, name: &str, phase: Phase) -> SandboxField {
    let is_well = phase == Phase::Ready;
    SandboxField {
        namespace: namespace.to_owned(),
        name: name.to_owned(),
        workspace: None,
        object: name.to_owned(),
        phase,
        ready: is_well,
        suspended: false,
        age_seconds: Some(3 * 86_400),
        pod: is_well.then(|| name.to_owned()),
        pvc: Some(format!("workspace-{name}")),
        cause: (!is_well).then(|| CauseField::new("pod_failed", "its pod failed")),
    }
}

fn sandboxes(list: Vec<SandboxField>) -> Value {
    let mut document = waited("sandboxes", None);
    document["sandboxes"] = serde_json::to_value(SandboxesField::new(list, None, false)).expect("plain data");
    document
}

/// Lines of a table, by the first word or words.
fn rows(document: &Value) -> Vec<(String, String)> {
    let lines = document["text"].as_array().expect("lines");
    let lines = lines.iter().map(|line| line.as_str().expect("text"));
    let split = |line: &str| {
        let (name, value) = line.split_at(14.min(line.len()));
        (name.trim_end().to_owned(), value.to_owned())
    };
    lines.map(split).collect()
}

fn value_of(document: &Value, name: &str) -> String {
    let rows = rows(document);
    let row = rows.into_iter().find(|(row, _)| row == name);
    row.unwrap_or_else(|| panic!("there is no {name}: {document:#}"))
        .1
}

fn seen_in_container() -> Documents {
    let mut documents = up();
    set(&mut documents, "pki.certificates.1.days_left", 364.into());
    set(&mut documents, "pki.certificates.2.days_left", 3.into());
    let list = vec![
        sandbox("openshell", "one", Phase::Ready),
        sandbox("openshell", "two", Phase::Error),
    ];
    documents.insert("sandboxes".to_owned(), sandboxes(list));
    documents
}

#[test]
fn a_gateway_that_serves_is_told_row_by_row() {
    let documents = seen_in_container();
    let run = told(tool(&["status"]), &documents);
    assert_eq!(run.code, 0, "{}", run.stderr);
    for (name, expected) in [
        ("gateway", "g"),
        ("state", "serving"),
        ("endpoint", "https://127.0.0.1:8080"),
        ("image", "i:1"),
        ("container", "openshell-cluster-g"),
        ("node", "n"),
        ("volume", "-"),
        ("certificates", "server-tls 364 days, client-tls 3 days"),
        ("secret", "hmac-sha256:000000000000"),
        ("sandboxes", "2 sandboxes: 1 ready, 1 in error"),
        ("  one", "Ready, 3 days old, pod one, PVC workspace-one"),
        ("  two", "Error, 3 days old, PVC workspace-two; its pod failed"),
        ("client files", "/home/g"),
    ] {
        assert_eq!(value_of(&run.document, name), expected, "{name}");
    }
    let started = value_of(&run.document, "started");
    assert!(
        started.starts_with("2026-01-01T00:00:00Z, ") && started.ends_with(" days ago"),
        "{started}"
    );
    let seen = &run.document["seen"];
    assert_eq!(seen["container"], documents["detect"]["container"]);
    assert_eq!(seen["certificates"], documents["pki"]);
    assert_eq!(seen["secret"], documents["secret"]);
    assert_eq!(seen["sandboxes"], documents["sandboxes"]["sandboxes"]);
}

#[test]
fn a_look_that_failed_is_not_known_and_the_rest_is_told() {
    let mut documents = seen_in_container();
    for name in ["pki", "sandboxes"] {
        let error = json!({ "reason": "timed_out", "message": "why", "hint": "again" });
        set(&mut documents, &format!("{name}.error"), error);
    }
    documents.remove("secret");
    let run = told(tool(&["status"]), &documents);
    assert_eq!(run.code, 0, "{}", run.stderr);
    for (name, document) in [
        ("certificates", "certificates"),
        ("secret", "secret"),
        ("sandboxes", "sandboxes"),
    ] {
        assert_eq!(value_of(&run.document, name), "-");
        assert!(run.document["seen"][document].is_null(), "{document}");
    }
    assert_eq!(value_of(&run.document, "state"), "serving");
}

#[test]
fn sandboxes_of_several_namespaces_are_told_apart() {
    let mut documents = up();
    let list = vec![
        sandbox("a", "one", Phase::Ready),
        sandbox("b", "one", Phase::Ready),
    ];
    documents.insert("sandboxes".to_owned(), sandboxes(list));
    let run = told(tool(&["status"]), &documents);
    assert!(value_of(&run.document, "  a/one").starts_with("Ready"));
    assert!(value_of(&run.document, "  b/one").starts_with("Ready"));
}

#[test]
fn a_state_has_its_colour_and_each_advice_its_command() {
    let mut documents = up();
    for (state, colour) in [("serving", 32), ("conflict", 31), ("stopped", 33)] {
        set(&mut documents, "detect.state", state.into());
        let plain = told(tool(&["status"]), &documents);
        assert_eq!(value_of(&plain.document, "state"), state);
        let coloured = told(tool(&["status", "--color"]), &documents);
        assert_eq!(
            value_of(&coloured.document, "state"),
            format!("\u{1b}[{colour}m{state}\u{1b}[0m")
        );
    }
    for (action, next) in [
        ("none", "none: why"),
        ("resume", "resume: why; gw start --gateway g"),
        ("forward", "forward: why; gw forward --gateway g"),
        ("ask", "ask: why; gw doctor --gateway g"),
    ] {
        set(
            &mut documents,
            "detect.recommended",
            json!({ "action": action, "reason": "why" }),
        );
        let run = told(tool(&["status"]), &documents);
        assert_eq!(value_of(&run.document, "next"), next);
    }
    set(
        &mut documents,
        "detect.conflicts",
        json!(["one thing", "another"]),
    );
    let run = told(tool(&["status"]), &documents);
    let conflicts = rows(&run.document)
        .into_iter()
        .filter(|(name, _)| name == "conflict");
    assert_eq!(conflicts.count(), 2);
}

#[test]
fn a_gateway_on_a_cluster_has_rows_of_its_own() {
    let mut documents = up();
    set(&mut documents, "detect.container", Value::Null);
    let server = json!({ "workload": "deployment/gw", "image": "i:2", "ready": 0, "replicas": 1 });
    let cluster = json!({ "kubeconfig": "/k", "context": "c", "namespace": "team", "answers": true, "namespace_exists": true, "server": server,
        "service": "gw", "endpoint_of": "Ingress gw", "endpoint_pending": false, "is_forwarded": false });
    set(&mut documents, "detect.cluster", cluster);
    let run = told(tool(&["status"]), &documents);
    for (name, expected) in [
        ("endpoint", "https://127.0.0.1:8080, by Ingress gw"),
        ("context", "c"),
        ("namespace", "team"),
        ("server", "deployment/gw, 0 of 1 ready"),
        ("image", "i:2"),
    ] {
        assert_eq!(value_of(&run.document, name), expected, "{name}");
    }
    assert!(rows(&run.document).iter().all(|(name, _)| name != "container"));
}

#[test]
fn without_a_document_of_gw_detect_there_is_no_table() {
    for (verb, documents) in [("status", seen_in_container()), ("list", seen_in_container())] {
        let mut documents = documents;
        documents.remove("detect");
        let run = told(tool(&[verb]), &documents);
        assert_eq!((run.code, run.reason()), (1, "input_invalid"), "{}", run.stderr);
        assert!(
            run.stderr.contains("no document of gw-detect can be used"),
            "{}",
            run.stderr
        );
    }
}

#[test]
fn all_gateways_are_listed_with_their_sandboxes() {
    let gateway = |name: &str, cluster: Value| {
        let image = if cluster.is_null() {
            json!("i:1")
        } else {
            Value::Null
        };
        json!({ "gateway": name, "place": if cluster.is_null() { "container" } else { "cluster" }, "state": "serving", "ours": true,
            "endpoint": "https://127.0.0.1:8080", "image": image, "node_name": null, "recommended": "none", "cluster": cluster })
    };
    let cluster = json!({ "kubeconfig": "/k", "context": "c", "namespace": "team", "answers": false, "namespace_exists": null, "server": null,
        "service": "gw", "endpoint_of": null, "endpoint_pending": false, "is_forwarded": true });
    let mut detect = up()["detect"].clone();
    detect["gateways"] = json!([
        gateway("a", Value::Null),
        gateway("b", Value::Null),
        gateway("c", cluster)
    ]);
    let of = |name: &str, list| json!({ "name": "sandboxes", "gateway": name, "document": sandboxes(list) });
    let input = [
        json!({ "name": "detect", "document": detect }),
        of(
            "a",
            vec![
                sandbox("openshell", "one", Phase::Ready),
                sandbox("openshell", "two", Phase::Ready),
            ],
        ),
        of("b", Vec::new()),
        json!({ "name": "sandboxes", "gateway": "c", "exit_code": 124, "document": null }),
    ];
    let run = crate::answered(tool(&["list", "--active", "b"]), &input);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let lines = run.document["text"].as_array().expect("lines");
    let words: Vec<Vec<&str>> = lines
        .iter()
        .map(|line| line.as_str().expect("text").split_whitespace().collect())
        .collect();
    assert_eq!(
        words,
        [
            vec!["GATEWAY", "STATE", "ENDPOINT", "SANDBOXES", "IMAGE"],
            vec!["a", "serving", "https://127.0.0.1:8080", "2", "ready", "i:1"],
            vec!["*", "b", "serving", "https://127.0.0.1:8080", "none", "i:1"],
            vec![
                "c",
                "serving",
                "https://127.0.0.1:8080",
                "-",
                "context",
                "c,",
                "namespace",
                "team"
            ],
        ]
    );
    let seen = run.document["seen"]["gateways"].as_array().expect("gateways");
    assert_eq!(seen[0]["sandboxes"]["total"], 2);
    assert_eq!(seen[1]["sandboxes"]["total"], 0);
    assert!(seen[2]["sandboxes"].is_null());
    assert_eq!(run.document["unread"][0]["name"], "sandboxes of c");
}
