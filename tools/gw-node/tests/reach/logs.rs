//! `logs`: whose, from when on, and for how long.

use serde_json::json;

use crate::cluster::Cluster;

const SET: &str = "/apis/apps/v1/namespaces/openshell/statefulsets/openshell";
const DEPLOYMENT: &str = "/apis/apps/v1/namespaces/openshell/deployments/gw";

fn with_server() -> Cluster {
    let cluster = Cluster::new().in_container();
    let spec = json!({ "serviceName": "s", "selector": { "matchLabels": { "app": "gw" } }, "template": {} });
    let set = json!({ "metadata": { "name": "openshell" }, "spec": spec });
    cluster.kubernetes.put(SET, set);
    cluster
}

#[test]
fn the_servers_log_is_that_of_its_ready_pod_as_it_is() {
    let cluster = with_server();
    cluster.pod("openshell-1", false);
    cluster.pod("openshell-0", true);
    cluster
        .kubernetes
        .write_log("openshell-0", "server", "one\n\u{1b}[1mtwo");
    cluster.kubernetes.write_log("openshell-1", "server", "no");
    let ended = cluster.data(&["logs", "gateway"]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert_eq!(ended.stdout, "one\n\u{1b}[1mtwo");
    assert_eq!(ended.document["pod"], "openshell-0");
    assert!(
        ended
            .stderr
            .contains("has 2 pods: this is the log of openshell-0"),
        "{}",
        ended.stderr
    );
}

#[test]
fn a_deployed_server_of_another_name_is_found() {
    let cluster = Cluster::new().kept(1);
    let deployed = json!({ "release": "r", "facts_of": "r", "facts": { "workload": "deployment/gw" } });
    cluster.keep("deployment.json", &deployed.to_string());
    let spec = json!({ "selector": { "matchLabels": { "app": "gw" } }, "template": {} });
    let deployment = json!({ "metadata": { "name": "gw" }, "spec": spec });
    cluster.kubernetes.put(DEPLOYMENT, deployment);
    cluster.pod("gw-5d8c-x", true);
    cluster.kubernetes.write_log("gw-5d8c-x", "server", "text");
    assert_eq!(cluster.data(&["logs", "gateway"]).stdout, "text");
}

#[test]
fn a_sandboxs_log_is_that_of_its_agent_since_then() {
    let cluster = Cluster::new().in_container();
    cluster.pod("box", false);
    cluster.kubernetes.write_log("box", "agent", "text");
    for (since, parameter) in [
        ("10m", "sinceSeconds=600"),
        ("2026-01-31T12:00:00Z", "sinceTime=2026-01-31T12%3A00%3A00Z"),
    ] {
        let ended = cluster.data(&["logs", "sandbox", "box", "--since", since]);
        assert_eq!(
            (ended.code, ended.stdout.as_str()),
            (0, "text"),
            "{}",
            ended.stderr
        );
        let asked = cluster.kubernetes.asked_logs();
        let query = asked.last().expect("it was asked");
        assert!(
            query.contains(parameter) && query.contains("container=agent"),
            "{query}"
        );
    }
}

#[test]
fn a_log_is_followed_until_the_command_ends() {
    let cluster = Cluster::new().in_container();
    cluster.pod("box", true);
    // Nothing was written yet, and the answer does not begin before that.
    let mut running = cluster.start(&["logs", "sandbox", "box", "--follow"]);
    while cluster.kubernetes.asked_logs().is_empty() {
        std::thread::yield_now();
    }
    for text in ["one\n", "two\n"] {
        cluster.kubernetes.write_log("box", "agent", text);
        assert_eq!(running.read(text.len()), text);
    }
    let (ended, said) = running.ended_by("-INT");
    assert_eq!(ended.status.code(), Some(130), "{said:?}");
    assert_eq!(ended.stdout, b"");
    assert!(
        said.last().is_some_and(|line| line.contains("\"interrupted\"")),
        "{said:?}"
    );
}

#[test]
fn a_log_that_is_not_there_has_its_reason() {
    let cluster = with_server();
    let reasons = |words: &[&str], code: i32, reason: &str| {
        let ended = cluster.data(words);
        assert_eq!((ended.code, ended.reason()), (code, reason), "{}", ended.stderr);
        assert!(ended.stderr.contains("; next: "), "{}", ended.stderr);
        assert_eq!(ended.stdout, "", "nothing but a log is on standard output");
    };
    reasons(&["logs", "gateway"], 1, "no_pod");
    reasons(&["logs", "sandbox", "none"], 1, "no_pod");
    cluster.pod("other", true);
    reasons(&["logs", "sandbox", "other", "--namespace", "n"], 1, "no_pod");
    cluster.kubernetes.remove(SET);
    reasons(&["logs", "gateway"], 1, "no_pod");
    let plain = json!({ "metadata": { "name": "plain" }, "spec": { "containers": [{ "name": "c" }] } });
    cluster
        .kubernetes
        .put("/api/v1/namespaces/openshell/pods/plain", plain);
    reasons(&["logs", "sandbox", "plain"], 1, "api_error");
    cluster.kubernetes.stop();
    reasons(&["logs", "gateway", "--timeout", "2s"], 69, "api_unreachable");
}
