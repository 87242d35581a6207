//! The container is gone and the volume is in another one, whose node has another name.

use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use bollard::Docker;
use bollard::models::ContainerCreateBody;
use bollard::query_parameters::CreateContainerOptionsBuilder;
use cluster_fixture::{Fault, FaultProxy, Program, When, is_thorough, run_apart};
use end_to_end::{Ended, Person, TestGateway, docker, skipped_without_docker};
use serde_json::{Value, json};
use tool_document::{Run, check};

use crate::holder::Holder;

const NODE_NAME: &str = "OPENSHELL_NODE_NAME";

/// Removes the container and starts another one like it on the same volume, with another node name. Returns when it was
/// started.
fn rename(gateway: &TestGateway, node: &str) -> String {
    let resource = gateway.resource();
    let found: Value = serde_json::from_str(&docker(&["inspect", &resource])).expect("docker prints JSON");
    let found = &found[0];
    let mut body = found["Config"].clone();
    body["Hostname"] = json!(node);
    body["HostConfig"] = found["HostConfig"].clone();
    let variables = body["Env"].as_array_mut().expect("an environment");
    variables.retain(|entry| !entry.as_str().is_some_and(|entry| entry.starts_with(NODE_NAME)));
    variables.push(json!(format!("{NODE_NAME}={node}")));
    let networks = found["NetworkSettings"]["Networks"]
        .as_object()
        .expect("networks");
    let endpoint = |endpoint: &Value| json!({ "IPAMConfig": endpoint["IPAMConfig"] });
    let endpoints = networks
        .iter()
        .map(|(name, found)| (name.clone(), endpoint(found)));
    body["NetworkingConfig"] = json!({ "EndpointsConfig": endpoints.collect::<serde_json::Map<_, _>>() });
    let body: ContainerCreateBody = serde_json::from_value(body).expect("the engine's own form");
    docker(&["rm", "--force", &resource]);
    run_apart(async || {
        let options = CreateContainerOptionsBuilder::new().name(&resource).build();
        Docker::connect_with_defaults()
            .expect("Docker")
            .create_container(Some(options), body)
            .await
            .expect("a container");
    });
    docker(&["start", &resource]);
    docker(&["inspect", "--format", "{{.State.StartedAt}}", &resource])
}

struct Clean {
    keep: String,
    since: String,
}

impl Clean {
    fn command(&self, kubeconfig: PathBuf) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gw-nodeclean"));
        command
            .args(["--keep", &self.keep, "--since", &self.since, "--kubeconfig"])
            .arg(kubeconfig);
        command
    }

    fn run(&self, gateway: &TestGateway) -> Run {
        let ended = tool_document::run(self.command(gateway.folder().join("kubeconfig")));
        check(&ended, include_str!("../../schema.json"));
        ended
    }
}

#[test]
fn files_sandboxes_and_handshakes_survive_another_node_name() {
    if skipped_without_docker() {
        return;
    }
    let gateway = TestGateway::started();
    let person = Person::of(&gateway);
    let sandbox = person.make_sandbox("kept");
    person.says(&sandbox, "a line from before");
    let holder = Holder::with_word(&gateway, "kept-word");
    let first = gateway.kubectl(&["get", "nodes", "-o", "jsonpath={.items[*].metadata.name}"]);

    let object = || {
        gateway.kubectl(&[
            "-n",
            "openshell",
            "get",
            "sandbox",
            "kept",
            "-o",
            "jsonpath={.metadata.uid}",
        ])
    };
    let uid = object();
    let everything_is_there = |node: &str| {
        assert_eq!(holder.word(), "kept-word");
        assert_eq!(holder.node(), node);
        assert_eq!(object(), uid);
        assert_eq!(person.reads(&sandbox), ["a line from before"]);
        let nodes = gateway.kubectl(&["get", "nodes", "-o", "jsonpath={.items[*].metadata.name}"]);
        assert_eq!(nodes, node);
    };

    // Undisturbed: first the plan, by name, then the same things done, then nothing more to do.
    let mut clean = Clean {
        keep: "another-node".to_owned(),
        since: rename(&gateway, "another-node"),
    };
    let kubeconfig = gateway.folder().join("kubeconfig");
    let mut plan = clean.command(kubeconfig.clone());
    plan.arg("--dry-run");
    let planned = tool_document::run(plan);
    assert_eq!(planned.code, 0, "{}", planned.stderr);
    assert_eq!(planned.document["stale_nodes"], json!([first]));
    assert_eq!(
        planned.document["volumes_rebound"].as_array().map(Vec::len),
        Some(3)
    );
    let done = clean.run(&gateway);
    assert_eq!(done.code, 0, "{}", done.stderr);
    let sorted = |run: &Run| {
        let actions = run.document["actions"].as_array().cloned().unwrap_or_default();
        let mut texts: Vec<String> = actions.iter().map(Value::to_string).collect();
        texts.sort();
        texts
    };
    assert_eq!(sorted(&planned), sorted(&done));
    everything_is_there("another-node");
    // Sandboxes' pods were kept back until the server answered: a supervisor that finds none gives up, and its sandbox is lost.
    let mut logs = Command::new("docker");
    logs.args(["logs", &gateway.resource()]);
    let log = Ended::of(logs).well().stderr;
    assert!(log.contains("sandboxes' pods may start"), "{log}");
    let again = clean.run(&gateway);
    assert_eq!((again.code, &again.document["changed"]), (0, &json!(false)));

    // Killed at a write, and run again: the same end. Until the next write, all is as it was after the one before.
    let writes = if is_thorough() { 1..100 } else { 7..8 };
    for write in writes {
        clean.keep = format!("node-{write}");
        clean.since = rename(&gateway, &clean.keep);
        lives(&gateway, &clean);
        let proxy = FaultProxy::before(&kubeconfig);
        proxy.inject(Fault::Withhold, When::AtWrite(write));
        let mut killed = Program::start(clean.command(proxy.kubeconfig().to_owned()));
        let was_held = loop {
            if proxy.wait_withheld(Duration::from_millis(100)) {
                break true;
            }
            if killed.has_ended() {
                break false;
            }
        };
        killed.kill();
        let done = clean.run(&gateway);
        assert_eq!(done.code, 0, "killed at write {write}: {}", done.stderr);
        everything_is_there(&clean.keep);
        if !was_held {
            assert!(is_thorough(), "write {write} was never sent");
            println!("swept {} writes", write - 1);
            return;
        }
    }
    assert!(!is_thorough(), "the tool sends more writes than were swept");
}

/// Waits until the node of the new container lives, so that the same writes follow each time.
fn lives(gateway: &TestGateway, clean: &Clean) {
    let kubeconfig = gateway.folder().join("kubeconfig");
    let mut command = gateway.tool("gw-wait", &["node", &clean.keep, "--since", &clean.since]);
    command.arg("--kubeconfig").arg(kubeconfig);
    Ended::of(command).well();
}
