//! The one tool that decides what is wrong, alone: documents in, findings out.

mod bundle;
mod scene;
mod tables;

use std::collections::BTreeSet;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::process::{Command, Output, Stdio};

use gw_doctor::cause::Cause;
use gw_doctor::question::Question;
use gw_doctor::report::{FindingField, Report};
use gw_sshsecret::report::{Holder, Kind};
use scene::{Documents, NOW, cluster, down, known, set, silent, up, without_docker};
use serde::Deserialize;
use serde_json::{Value, json};
use tool_document::{Run, check, read};

const SCHEMA: &str = include_str!("../../schema.json");
/// Each with what differs from documents of a gateway that serves (`up`), whose container does not run (`down`), whose settings a client has (`known`), whose cluster does
/// not answer (`silent`), that is on a cluster of the user's own (`cluster`), or whose Docker cannot be asked (`without_docker`).
const CASES: &str = include_str!("cases.json");

/// A scenario.
#[derive(Debug, Deserialize)]
struct Case {
    from: String,
    state: Option<String>,
    changes: Documents,
    findings: Vec<FindingField>,
}

impl Case {
    fn documents(&self) -> Documents {
        let mut documents = match self.from.as_str() {
            "up" => up(),
            "down" => down(),
            "known" => known(),
            "silent" => silent(),
            "cluster" => cluster(),
            "without_docker" => without_docker(),
            other => panic!("there are no documents {other}"),
        };
        if let Some(state) = &self.state {
            set(&mut documents, "detect.state", state.as_str().into());
        }
        for (path, value) in &self.changes {
            set(&mut documents, path, value.clone());
        }
        documents
    }
}

/// The tool, as the driver calls it.
fn tool(place: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gw-doctor"));
    command.arg0("gw-doctor").env("GW_COMMAND", "gw");
    command.args(["findings", "--place", place, "--asked-at", NOW]);
    if place == "cluster" {
        command.args(["--gateway", "g", "--endpoint", "https://192.0.2.1:8080"]);
        command.args(["--kubeconfig", "/home/k", "--context", "c", "--namespace", "team"]);
    } else {
        command.args(["--kubeconfig", "/home/g/kubeconfig"]);
    }
    command
}

/// What the tool says of these documents.
fn told(command: Command, documents: &Documents) -> Run {
    let answers = documents.iter();
    let answers = answers.map(|(name, document)| json!({ "name": name, "document": document }));
    answered(command, &answers.collect::<Vec<_>>())
}

/// What the tool says of these answers.
fn answered(mut command: Command, answers: &[Value]) -> Run {
    let output = output_of(&mut command, answers);
    let run = read(&command, &output);
    check(&run, SCHEMA);
    run
}

/// What it prints.
fn output_of(command: &mut Command, answers: &[Value]) -> Output {
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().expect("the tool");
    let mut input = child.stdin.take().expect("standard input");
    for answer in answers {
        writeln!(input, "{answer}").expect("the tool reads");
    }
    drop(input);
    child.wait_with_output().expect("the tool ends")
}

/// The report of documents that are all understood.
fn report(place: &str, documents: &Documents) -> Report {
    let run = told(tool(place), documents);
    let report: Report = serde_json::from_value(run.document).expect("the report");
    assert_eq!(report.unread, [], "{}", run.stderr);
    assert_eq!(run.code, i32::from(!report.findings.is_empty()), "{}", run.stderr);
    for finding in &report.findings {
        for text in [&finding.cause, &finding.object, &finding.message, &finding.next] {
            assert!(!text.is_empty() && !text.contains("null"), "{finding:?}");
        }
    }
    report
}

fn place_of(from: &str) -> &str {
    if from == "cluster" { from } else { "container" }
}

#[test]
fn each_fault_has_its_cause_and_what_only_follows_is_left_out() {
    let cases: Vec<Case> = serde_json::from_str(CASES).expect("cases");
    let mut named = BTreeSet::new();
    for case in &cases {
        let report = report(place_of(&case.from), &case.documents());
        assert_eq!(report.findings, case.findings, "{case:?}");
        named.extend(report.findings.into_iter().map(|finding| finding.cause));
    }
    for cause in Cause::ALL {
        let word = cause.word().expect("a word of its own");
        assert!(named.contains(word), "no case names {word}");
    }
}

#[test]
fn nothing_is_wrong_with_a_gateway_that_serves() {
    let container = report("container", &up());
    assert_eq!(container.findings, []);
    assert_eq!(container.text, ["gateway g: nothing is wrong"]);
    assert_eq!(container.gateway.as_deref(), Some("g"));
    assert_eq!(container.endpoint.as_deref(), Some("https://127.0.0.1:8080"));
    assert_eq!(container.missing, []);
    let cluster = report("cluster", &cluster());
    assert_eq!(cluster.findings, []);
    assert_eq!(cluster.gateway.as_deref(), Some("g"));
    assert_eq!(cluster.endpoint.as_deref(), Some("https://192.0.2.1:8080"));
    assert_eq!((cluster.state, cluster.missing), (None, vec![]));
}

#[test]
fn findings_are_told_to_people_line_by_line() {
    let mut documents = down();
    set(&mut documents, "detect.state", "stopped".into());
    let report = report("container", &documents);
    let expected = [
        "gateway g: 1 finding",
        "",
        "stopped: container openshell-cluster-g",
        "  the container is stopped",
        "  next: gw start --gateway g",
    ];
    assert_eq!(report.text, expected);
}

#[test]
fn a_server_that_is_a_deployment_is_restarted_as_one() {
    let holder = Holder {
        kind: Kind::Gateway,
        name: "p".to_owned(),
        fingerprint: None,
        agrees: Some(false),
        detail: "it has not restarted since".to_owned(),
    };
    let mut documents = up();
    set(&mut documents, "secret.holders", json!([holder]));
    let mut command = tool("container");
    command.args(["--workload", "deployment/server"]);
    let run = told(command, &documents);
    let next = run.document["findings"][0]["next"].as_str().unwrap_or_default();
    assert!(next.ends_with(" rollout restart deployment/server"), "{next}");
}

#[test]
fn questions_that_nobody_answered_are_named() {
    use Question::*;
    let report = report("container", &down());
    assert_eq!(report.missing, [Api, Node, Nodes, Secret, Rollout, Pki, Grpc]);
}

/// What cannot be used, and the beginning of what is said of it.
#[test]
fn documents_that_cannot_be_used_are_named() {
    let without = |field: &str| {
        let mut document = up()["nodes"].clone();
        document.as_object_mut().expect("an object").remove(field);
        document
    };
    let of_another_gateway = |name: &str| {
        let mut document = up()["pki"].clone();
        document["gateway"] = name.into();
        document
    };
    let of_another_form = |schema: u32| {
        let mut document = up()["nodes"].clone();
        document["schema"] = schema.into();
        document
    };
    for (name, document, reason) in [
        ("weather", json!({}), "there is no question of this name"),
        ("nodes", Value::Null, "gw-nodeclean ended without a document"),
        ("nodes", up()["pki"].clone(), "it is no document of gw-nodeclean"),
        ("nodes", json!("text"), "it is no document of gw-nodeclean"),
        ("node", up()["grpc"].clone(), "it is about the condition \"grpc\""),
        (
            "nodes",
            without("stale_nodes"),
            "it is not as the tool's --schema says: missing field `stale_nodes`",
        ),
        ("nodes", of_another_form(2), "version 2 of its form is not known"),
        (
            "pki",
            of_another_gateway("$(halt)"),
            "'$(halt)' is no name for a gateway: a letter or digit is expected, then at most 62 letters, digits, '_', '.' or '-'",
        ),
    ] {
        let mut documents = up();
        documents.insert(name.to_owned(), document);
        let run = told(tool("container"), &documents);
        assert_eq!(run.code, 1, "{name}: {}", run.stderr);
        let unread = &run.document["unread"];
        assert_eq!(unread[0]["name"], name);
        assert_eq!(unread[0]["reason"], reason);
        assert_eq!(unread.as_array().map(Vec::len), Some(1), "{unread}");
        assert_eq!(run.document["missing"], json!([]));
        assert_eq!(
            run.document["text"][0],
            "gateway g: nothing is found, but not everything could be judged"
        );
        let told = format!("not judged: {name}: {reason}");
        assert!(run.stderr.contains(&told), "{}", run.stderr);
    }
}
