//! A namespace on a small API server, and runs of the tool in it.

use std::path::Path;
use std::process::Command;

use cluster_fixture::FakeApi;
use k8s_openapi::ByteString;
use serde_json::{Value, json};
use tool_document::{Run, check};

pub const SECRET: &str = "/api/v1/namespaces/openshell/secrets/openshell-ssh-handshake";
const SANDBOXES: &str = "/apis/agents.x-k8s.io/v1beta1/namespaces/openshell/sandboxes";
const DEFINITION: &str = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/sandboxes.agents.x-k8s.io";

pub fn tool(kubeconfig: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gw-sshsecret"));
    command
        .args(["reconcile", "--timeout", "90s", "--kubeconfig"])
        .arg(kubeconfig);
    command
}

/// Runs it, holds the document against the schema, and looks for secrets in what it printed.
pub fn reconcile(kubeconfig: &Path, more: &[&str]) -> Run {
    let mut command = tool(kubeconfig);
    command.args(more);
    checked(tool_document::run(command))
}

/// Runs another verb.
pub fn run(api: &FakeApi, words: &[&str]) -> Run {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gw-sshsecret"));
    command.args(words).arg("--kubeconfig").arg(api.kubeconfig());
    checked(tool_document::run(command))
}

pub fn checked(run: Run) -> Run {
    check(&run, include_str!("../../schema.json"));
    for digit in '0'..='9' {
        let value = digit.to_string().repeat(64);
        assert!(
            !run.stdout.contains(&value) && !run.stderr.contains(&value),
            "a secret was printed"
        );
    }
    run
}

/// A namespace without anything in it.
pub fn empty() -> FakeApi {
    FakeApi::with_namespace("openshell")
}

/// A handshake secret of one digit.
pub fn value(digit: char) -> String {
    digit.to_string().repeat(64)
}

pub fn fingerprint(value: &str) -> String {
    contract::fingerprint(value.as_bytes())
}

pub fn put_secret(api: &FakeApi, value: &str) {
    let encoded = ByteString(value.as_bytes().to_vec());
    api.put(
        SECRET,
        json!({ "metadata": { "name": "openshell-ssh-handshake" }, "type": "Opaque", "data": { "secret": encoded } }),
    );
}

pub fn stored(api: &FakeApi) -> Option<String> {
    let object = api.get(SECRET)?;
    let value: ByteString = serde_json::from_value(object["data"]["secret"].clone()).unwrap();
    Some(String::from_utf8(value.0).unwrap())
}

fn pod_spec(value: &str) -> Value {
    json!({ "containers": [{ "name": "agent", "env": [{ "name": "OPENSHELL_SSH_HANDSHAKE_SECRET", "value": value }] }] })
}

/// A sandbox whose custom object carries a value.
pub fn put_sandbox(api: &FakeApi, name: &str, value: &str) {
    api.put(
        DEFINITION,
        json!({
            "metadata": { "name": "sandboxes.agents.x-k8s.io" },
            "spec": {
                "group": "agents.x-k8s.io", "scope": "Namespaced",
                "names": { "kind": "Sandbox", "plural": "sandboxes" },
                "versions": [
                    { "name": "v1beta1", "served": true, "storage": true },
                    { "name": "v1alpha1", "served": true, "storage": false },
                ],
            },
        }),
    );
    api.put(
        &format!("{SANDBOXES}/{name}"),
        json!({ "metadata": { "name": name }, "spec": { "podTemplate": { "spec": pod_spec(value) } } }),
    );
}

/// A pod that carries a value.
pub fn put_pod(api: &FakeApi, name: &str, manager: &str, value: &str) {
    let labels = json!({ "openshell.ai/managed-by": manager });
    api.put(
        &format!("/api/v1/namespaces/openshell/pods/{name}"),
        json!({
            "metadata": { "name": name, "labels": labels },
            "spec": pod_spec(value), "status": { "phase": "Running" },
        }),
    );
}

/// Long before any Secret of a test is written.
pub const LONG_AGO: &str = "2020-01-01T00:00:00Z";
/// Long after.
pub const LATER: &str = "2099-01-01T00:00:00Z";

/// A gateway server with this environment, which started then.
pub fn put_server(api: &FakeApi, env: Value, started: &str) {
    api.put_server(started, env, json!({}));
}

/// The variable, from the Secret.
pub fn by_reference() -> Value {
    json!([{ "name": "OPENSHELL_SSH_HANDSHAKE_SECRET", "valueFrom": { "secretKeyRef": { "name": "openshell-ssh-handshake", "key": "secret" } } }])
}
