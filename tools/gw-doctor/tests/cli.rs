//! The contract of gw-doctor's command line.

use std::io::Write;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use tool_document::contract::Contract;
use tool_document::{Run, check, read};

const TOOL: Contract = Contract {
    program: env!("CARGO_BIN_EXE_gw-doctor"),
    schema: include_str!("../schema.json"),
    verbs: &["findings", "status", "list"],
    wrong: &[
        &["findings", "--place", "nowhere"],
        &["findings", "--asked-at", "yesterday"],
        &["findings", "--gateway", "no/name"],
        &["findings", "documents.json"],
        &["status", "--place", "cluster"],
        &["list", "--active"],
        &["documents.json"],
    ],
    reasons: &["no_documents", "input_invalid", "input_failed", "output_failed"],
    on_gateway: &[],
    on_docker: &[],
    on_kubernetes: &[],
};

tool_document::contract_tests!(TOOL);

fn tool() -> Command {
    let mut command = Command::new(TOOL.program);
    command.arg0("gw-doctor").arg("findings").env_remove("GW_COMMAND");
    command
}

/// A run whose standard input stays open.
fn waiting(mut command: Command) -> (Command, Child) {
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let child = command.spawn().expect("the tool");
    (command, child)
}

fn told(command: Command, input: &str) -> Run {
    let (command, mut child) = waiting(command);
    let mut stdin = child.stdin.take().expect("standard input");
    stdin.write_all(input.as_bytes()).expect("the tool reads");
    drop(stdin);
    let output = child.wait_with_output().expect("the tool ends");
    read(&command, &output)
}

#[test]
fn input_that_says_nothing_is_no_healthy_gateway() {
    for (input, reason) in [
        ("", "no_documents"),
        ("\n", "no_documents"),
        ("{", "input_invalid"),
        ("gateway", "input_invalid"),
        (r#"{"document": {}}"#, "input_invalid"),
        (r#"{"name": "detect", "document": null} ]"#, "input_invalid"),
    ] {
        let ended = told(tool(), input);
        assert_eq!((ended.code, ended.reason()), (1, reason), "{input}");
        check(&ended, TOOL.schema);
        assert!(
            ended.stderr.contains("next: gw-detect | jq") && ended.stderr.contains("| gw-doctor findings"),
            "{input}: {}",
            ended.stderr
        );
    }
    // The driver is told, if it runs the tool.
    let mut command = tool();
    command.env("GW_COMMAND", "scripts/openshell");
    let ended = told(command, "");
    assert_eq!(ended.document["error"]["hint"], "scripts/openshell doctor");
}

#[test]
fn a_tool_that_ended_without_a_document_is_named_with_its_exit_code() {
    let answer = json!({ "name": "pki", "exit_code": 137, "duration_ms": 3, "document": null });
    let ended = told(tool(), &answer.to_string());
    assert_eq!(ended.code, 1);
    let unread = json!([{ "name": "pki", "reason": "gw-pki ended with 137 and without a document" }]);
    assert_eq!(ended.document["unread"], unread);
    check(&ended, TOOL.schema);
}

#[test]
fn answers_may_be_spread_over_lines_and_the_first_of_two_counts() {
    let detect = |state: &str| {
        json!({ "schema": 1, "tool": "gw-detect", "gateway": "g", "docker": {}, "gateways": [], "state": state,
            "volume": { "exists": false, "labelled": false, "labels": {} },
            "network": { "exists": false, "attached": false, "stale": false, "duplicates": [] },
            "ports": { "holders": [] }, "probe": {}, "conflicts": [],
            "client_files": { "metadata": { "present": false }, "bundle": { "present": false }, "kubeconfig": { "present": false } },
            "recommended": { "action": "none", "reason": "" }, "error": null })
    };
    let answer = |state: &str| {
        let answer = json!({ "name": "detect", "document": detect(state) });
        serde_json::to_string_pretty(&answer).expect("plain data")
    };
    let ended = told(tool(), &format!("{}{}", answer("absent"), answer("dead")));
    assert_eq!(ended.document["findings"][0]["cause"], "no_gateway");
    // An installed driver is what the person has, if none runs this tool.
    assert_eq!(ended.document["findings"][0]["next"], "gw start --gateway g");
    let twice = json!([{ "name": "detect", "reason": "it came twice, and the first one counts" }]);
    assert_eq!(ended.document["unread"], twice);
}

#[test]
fn a_time_limit_ends_a_wait_for_documents() {
    let mut command = tool();
    command.args(["--timeout", "200ms"]);
    let (command, mut child) = waiting(command);
    let input = child.stdin.take();
    let ended = read(&command, &child.wait_with_output().expect("the tool ends"));
    drop(input);
    assert_eq!(
        (ended.code, ended.reason()),
        (124, "timed_out"),
        "{}",
        ended.stderr
    );
    assert!(
        ended.stderr.contains("documents on standard input"),
        "{}",
        ended.stderr
    );
    check(&ended, TOOL.schema);
}

#[test]
fn a_signal_ends_a_wait_for_documents() {
    let (command, mut child) = waiting(tool());
    let mut input = child.stdin.take().expect("standard input");
    let pid = Pid::from_child(&child);
    // Once it takes SIGTERM, it has its handler, and soon reads.
    let caught = || {
        let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).expect("it runs");
        let mask = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
        let mask = u64::from_str_radix(mask.expect("a mask").trim(), 16).expect("hex digits");
        mask & (1 << (Signal::TERM.as_raw() - 1)) != 0
    };
    while !caught() {
        std::thread::yield_now();
    }
    input.write_all(b"{").expect("the tool reads");
    kill_process(pid, Signal::TERM).expect("it runs");
    let ended = read(&command, &child.wait_with_output().expect("the tool ends"));
    drop(input);
    assert_eq!(
        (ended.code, ended.reason()),
        (143, "interrupted"),
        "{}",
        ended.stderr
    );
    check(&ended, TOOL.schema);
}
