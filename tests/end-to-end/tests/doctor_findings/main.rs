//! The one function that decides what is wrong, alone: documents in, findings out.

use std::io::Write;
use std::process::{Command, Stdio};

use end_to_end::repository;
use serde_json::{Map, Value, json};

/// The moment at which everything is asked: 2026-01-02T03:04:05Z.
const NOW: i64 = 1_767_323_045;
/// Each with what differs from documents of a gateway that serves (`up`), whose container does not run (`down`), or whose
/// cluster does not answer (`silent`), and the causes to be named.
const CASES: &str = include_str!("cases.json");

/// What the function says of each of these documents. jq is started once.
fn findings_of_all(documents: &[Value]) -> Vec<Vec<Value>> {
    let mut jq = Command::new("jq")
        .arg("-L")
        .arg(repository().join("scripts/lib"))
        .args(["--compact-output", "include \"doctor\"; map(findings)"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("jq");
    let mut input = jq.stdin.take().expect("standard input");
    let text = json!(documents).to_string();
    let writer = std::thread::spawn(move || input.write_all(text.as_bytes()).expect("jq reads"));
    let output = jq.wait_with_output().expect("jq ends");
    writer.join().expect("jq has read");
    assert!(output.status.success(), "jq failed");
    serde_json::from_slice(&output.stdout).expect("lists")
}

fn findings(documents: &Value) -> Vec<Value> {
    findings_of_all(std::slice::from_ref(documents)).remove(0)
}

fn causes(documents: &Value) -> Vec<String> {
    causes_in(&findings(documents))
}

/// The causes of findings, each of which must be whole.
fn causes_in(found: &[Value]) -> Vec<String> {
    for finding in found {
        for field in ["cause", "object", "message", "next"] {
            let text = finding[field].as_str().unwrap_or_default();
            assert!(!text.is_empty() && !text.contains("null"), "{field}: {finding}");
        }
        assert_eq!(finding.as_object().map(Map::len), Some(4), "{finding}");
    }
    let cause = |finding: &Value| finding["cause"].as_str().unwrap_or_default().to_owned();
    found.iter().map(cause).collect()
}

/// A gateway that serves, as the tools describe it.
fn up() -> Value {
    let good = |document: Value| json!({ "code": 0, "document": document });
    json!({
        "now": NOW,
        "kubeconfig": "/home/g/kubeconfig",
        "typed": { "gw": "gw", "tools": "/tools/", "kubectl": "kubectl --kubeconfig /home/g/kubeconfig" },
        "asked": {
            "detect": good(json!({
                "gateway": "g", "state": "serving", "endpoint": "https://127.0.0.1:8080", "conflicts": [],
                "docker": { "host": "unix:///var/run/docker.sock" },
                "container": { "name": "openshell-cluster-g", "oom_killed": false, "start_error": null, "exit_code": null,
                               "started_at": "2026-01-01T00:00:00Z",
                               "health": { "status": "healthy", "markers": [] } },
                "network": { "exists": true, "stale": false, "duplicates": [] },
                "ports": { "wanted": 8080, "holders": [] },
                "client_files": { "folder": "/home/g", "metadata": { "agrees": true },
                                  "kubeconfig": { "present": true, "agrees": true } },
            })),
            "container": good(json!({ "diagnosis": {
                "log": ["one", "last words", ""], "server_log": [], "exit_code": null, "oom_killed": false,
                "disk_bytes": 100_000_000_000_i64, "disk_free_bytes": 50_000_000_000_i64, "node_time": "2026-01-02T03:04:05Z",
                "resolves_names": true, "name_servers": ["127.0.0.11"], "kubeconfig_agrees": true, "image": "i:1",
                "image_present": true, "image_unavailable": null, "image_architecture": "amd64", "host_architecture": "amd64",
                "journal": null, "set_aside": null, "locked_by": null,
            } })),
            "api": good(json!({ "target": "https://127.0.0.1:6443" })),
            "node": good(json!({ "target": "n" })),
            "nodes": good(json!({ "keep": "n", "stale_nodes": [], "pods_deleted": [], "claims_lost": [] })),
            "secret": good(json!({ "namespace": "openshell", "secret": "openshell-ssh-handshake", "exists": true,
                                   "fingerprint": "hmac-sha256:000000000000", "holders": [] })),
            "pki": good(json!({
                "namespace": "openshell", "bundle": { "folder": "/home/g/mtls", "findings": [] },
                "certificates": [
                    { "secret": "openshell-ca", "findings": ["ca_key_missing"] },
                    { "secret": "openshell-server-tls", "not_after": "2027-01-01T00:00:00Z", "findings": [] },
                    { "secret": "openshell-client-tls", "not_after": "2027-01-01T00:00:00Z", "findings": ["expiring"] },
                ],
            })),
            "rollout": good(json!({ "last_pod": null })),
            "grpc": good(json!({})),
        },
    })
}

/// A container that does not run: the cluster is not asked, and the node says nothing.
fn down() -> Value {
    let mut documents = up();
    let asked = documents["asked"].as_object_mut().expect("an object");
    asked.retain(|name, _| matches!(name.as_str(), "detect" | "container"));
    for field in [
        "disk_free_bytes",
        "node_time",
        "resolves_names",
        "kubeconfig_agrees",
    ] {
        set(
            &mut documents,
            &format!("container.diagnosis.{field}"),
            Value::Null,
        );
    }
    documents
}

/// No part of the cluster answers.
fn silent() -> Value {
    let mut documents = up();
    let cause = json!({ "word": "unreachable", "detail": "connection refused" });
    set(&mut documents, "api.last_cause", cause);
    for (name, reason) in [
        ("api", "timed_out"),
        ("node", "api_unreachable"),
        ("nodes", "timed_out"),
        ("secret", "api_unreachable"),
        ("pki", "timed_out"),
        ("rollout", "api_unreachable"),
        ("grpc", "timed_out"),
    ] {
        let error = json!({ "reason": reason, "message": "why", "hint": "what to type" });
        set(&mut documents, &format!("{name}.error"), error);
    }
    documents
}

/// On a cluster of somebody's own: no container is asked for.
fn existing() -> Value {
    let mut documents = up();
    let asked = documents["asked"].as_object_mut().expect("an object");
    asked.retain(|name, _| matches!(name.as_str(), "api" | "secret" | "pki" | "rollout" | "grpc"));
    asked.insert(
        "namespace".to_owned(),
        json!({ "code": 0, "document": { "error": null } }),
    );
    documents["existing"] = true.into();
    documents["gateway"] = "g".into();
    documents["endpoint"] = "https://192.0.2.1:8080".into();
    documents["namespace"] = "team".into();
    documents["reach"] = "--kubeconfig /home/k --context c".into();
    documents["typed"]["kubectl"] = "kubectl --kubeconfig /home/k --context c".into();
    documents
}

/// Gives a field below `asked` another value: `detect.network.stale`.
fn set(documents: &mut Value, path: &str, value: Value) {
    let (name, rest) = path.split_once('.').expect("a tool and a field");
    let mut place = &mut documents["asked"][name]["document"];
    for field in rest.split('.') {
        place = match field.parse::<usize>() {
            Ok(index) => &mut place[index],
            Err(_) => &mut place[field],
        };
    }
    *place = value;
}

fn with(mut documents: Value, changes: &Value) -> Value {
    for (path, value) in changes.as_object().expect("changes") {
        set(&mut documents, path, value.clone());
    }
    documents
}

#[test]
fn each_fault_has_its_cause_and_what_only_follows_is_left_out() {
    let cases: Vec<Value> = serde_json::from_str(CASES).expect("cases");
    let documents = |case: &Value| {
        let mut documents = match case["from"].as_str() {
            Some("up") => up(),
            Some("down") => down(),
            Some("silent") => silent(),
            Some("existing") => existing(),
            other => panic!("there are no documents {other:?}"),
        };
        if case["from"] != "existing" {
            set(&mut documents, "detect.state", case["state"].clone());
        }
        with(documents, &case["changes"])
    };
    let all: Vec<Value> = cases.iter().map(documents).collect();
    let found = findings_of_all(&all);
    assert_eq!(found.len(), cases.len());
    for (case, found) in cases.iter().zip(found) {
        assert_eq!(json!(causes_in(&found)), case["causes"], "{case}");
    }
    // Every cause that the function knows is named by a case, or by a test below.
    let function = std::fs::read_to_string(repository().join("scripts/lib/doctor.jq")).expect("the function");
    let known = function.split("finding(\"").skip(1);
    for cause in known.filter_map(|rest| rest.split('"').next()) {
        assert!(CASES.contains(&format!("\"{cause}\"")), "no case names {cause}");
    }
}

#[test]
fn nothing_is_wrong_with_a_gateway_that_serves() {
    let none = Vec::<String>::new();
    assert_eq!(causes(&up()), none);
    assert_eq!(causes(&existing()), none);
    assert_eq!(
        causes(&json!({ "now": NOW, "kubeconfig": null, "asked": {} })),
        none
    );
}

#[test]
fn without_docker_only_that_is_said() {
    for (reason, cause) in [
        ("docker_unreachable", "docker_down"),
        ("docker_permission", "docker_permission"),
    ] {
        let error = json!({ "reason": reason, "message": "why", "hint": "what to type" });
        let failed = json!({ "code": 69, "document": {
            "gateway": "g", "state": null, "docker": { "host": null }, "error": error,
            "network": { "stale": false, "duplicates": [] }, "ports": { "holders": [] },
        } });
        let asked = json!({ "detect": failed, "container": failed });
        let documents = json!({ "now": NOW, "kubeconfig": null, "asked": asked });
        assert_eq!(causes(&documents), [cause]);
    }
}

/// The words that people read, of a few.
#[test]
fn a_finding_says_what_to_type() {
    let first = |documents: Value, field: &str| {
        let found = findings(&documents);
        found[0][field].as_str().unwrap_or_default().to_owned()
    };
    let next = |documents: Value| first(documents, "next");
    let stopped = with(down(), &json!({ "detect.state": "stopped" }));
    assert_eq!(next(stopped.clone()), "gw start --gateway g");
    let holders = json!({ "detect.ports.holders": [{ "kind": "process", "name": "nc", "pid": 7 }] });
    let taken = next(with(stopped, &holders));
    assert!(
        taken.starts_with("kill 7 # or take another port: gw start --gateway g --port"),
        "{taken}"
    );
    let duplicate = json!({ "detect.network.duplicates": ["0123456789abcdef", "f"] });
    assert_eq!(next(with(up(), &duplicate)), "docker network rm 0123456789ab f");
    // start does nothing to a gateway that serves.
    let missing = json!({ "secret.exists": false, "secret.fingerprint": null });
    assert_eq!(next(with(up(), &missing)), "gw restart --gateway g");
    // A secret that all sandboxes carry is theirs by right; among several a person chooses.
    let holder = |digit: &str, agrees: bool| json!({ "kind": "sandbox", "name": "s", "fingerprint": format!("hmac-sha256:{}", digit.repeat(12)), "agrees": agrees, "detail": "d" });
    let one = next(with(
        up(),
        &json!({ "secret.holders": [holder("1", false), holder("1", false)] }),
    ));
    assert!(one.contains("--rotate --adopt hmac-sha256:111111111111"), "{one}");
    let two = next(with(
        up(),
        &json!({ "secret.holders": [holder("0", true), holder("1", false)] }),
    ));
    assert!(
        two.starts_with("/tools/gw-sshsecret check") && !two.contains("--rotate"),
        "{two}"
    );
    // Elsewhere it is another kubeconfig, context and namespace, and no container.
    let missing = json!({ "secret.exists": false, "secret.fingerprint": null });
    assert_eq!(next(with(existing(), &missing)), "gw restart --gateway g");
    let lists = "/tools/gw-sshsecret check --kubeconfig /home/k --context c --namespace team";
    let two = json!({ "secret.holders": [holder("0", true), holder("1", false)] });
    let two = next(with(existing(), &two));
    assert!(two.starts_with(lists), "{two}");
    let image = json!({ "rollout.error": { "reason": "image_pull_back_off", "message": "why" }, "rollout.last_pod": { "name": "p", "image": "i" } });
    let image = next(with(existing(), &image));
    assert_eq!(
        image,
        "kubectl --kubeconfig /home/k --context c --namespace team describe pods"
    );
    let behind = json!({ "container.diagnosis.node_time": "2026-01-02T03:14:05Z" });
    let message = first(with(up(), &behind), "message");
    assert!(message.starts_with("it is 600 s behind the node's"), "{message}");
}
