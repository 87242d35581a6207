//! The tool against a real cluster (OPENSHELL_TEST_KUBECONFIG), through the proxy.

use std::path::Path;
use std::time::Duration;

use cluster_fixture::{
    Asked, Fault, FaultProxy, Namespace, Program, When, client, fault_points, is_thorough, kubeconfig,
    run_apart,
};
use k8s_openapi::api::core::v1::Secret;
use kube::Api;
use kube::api::{ApiResource, DeleteParams, DynamicObject, GroupVersionKind, PostParams};
use serde_json::json;
use std::process::Command;
use tool_document::{Run, check};

const NAME: &str = "openshell-ssh-handshake";

fn tool(kubeconfig: &Path, namespace: &Namespace) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gw-sshsecret"));
    command
        .args([
            "reconcile",
            "--timeout",
            "90s",
            "--namespace",
            namespace.name(),
            "--kubeconfig",
        ])
        .arg(kubeconfig);
    command
}

fn reconcile(kubeconfig: &Path, namespace: &Namespace) -> Run {
    let run = tool_document::run(tool(kubeconfig, namespace));
    check(&run, include_str!("../schema.json"));
    run
}

async fn secrets(kubeconfig: &Path, namespace: &Namespace) -> Api<Secret> {
    Api::namespaced(client(kubeconfig).await, namespace.name())
}

/// Value and resource version.
fn stored(kubeconfig: &Path, namespace: &Namespace) -> Option<(Vec<u8>, Option<String>)> {
    let found = run_apart(async || secrets(kubeconfig, namespace).await.get_opt(NAME).await.unwrap())?;
    Some((found.data?.remove("secret")?.0, found.metadata.resource_version))
}

fn delete(kubeconfig: &Path, namespace: &Namespace) {
    run_apart(async || {
        let secrets = secrets(kubeconfig, namespace).await;
        secrets.delete(NAME, &DeleteParams::default()).await.unwrap();
    });
}

fn make_sandbox(kubeconfig: &Path, namespace: &Namespace, name: &str, value: &str) {
    let kind = GroupVersionKind::gvk("agents.x-k8s.io", "v1alpha1", "Sandbox");
    let resource = ApiResource::from_gvk_with_plural(&kind, "sandboxes");
    let env = json!([{ "name": "OPENSHELL_SSH_HANDSHAKE_SECRET", "value": value }]);
    let object: DynamicObject = serde_json::from_value(json!({
        "apiVersion": "agents.x-k8s.io/v1alpha1", "kind": "Sandbox", "metadata": { "name": name },
        "spec": { "podTemplate": { "spec": { "containers": [{ "name": "agent", "image": "none", "env": env }] } } },
    }))
    .unwrap();
    run_apart(async || {
        let client = client(kubeconfig).await;
        let sandboxes: Api<DynamicObject> = Api::namespaced_with(client, namespace.name(), &resource);
        sandboxes.create(&PostParams::default(), &object).await.unwrap();
    });
}

#[test]
fn generates_keeps_and_recovers() {
    let Some(cluster) = kubeconfig() else { return };
    let namespace = Namespace::make(&cluster);
    let first = reconcile(&cluster, &namespace);
    assert_eq!(
        (first.code, &first.document["source"]),
        (0, &json!("generated")),
        "{}",
        first.stderr
    );
    let made = stored(&cluster, &namespace).unwrap();
    let second = reconcile(&cluster, &namespace);
    assert_eq!(
        (second.code, &second.document["source"]),
        (0, &json!("existing")),
        "{}",
        second.stderr
    );
    assert_eq!(second.document["changed"], false);
    assert_eq!(stored(&cluster, &namespace).unwrap(), made, "nothing was written");

    make_sandbox(&cluster, &namespace, "a", std::str::from_utf8(&made.0).unwrap());
    delete(&cluster, &namespace);
    let third = reconcile(&cluster, &namespace);
    assert_eq!(
        (third.code, &third.document["source"]),
        (0, &json!("recovered")),
        "{}",
        third.stderr
    );
    assert_eq!(stored(&cluster, &namespace).unwrap().0, made.0);

    make_sandbox(&cluster, &namespace, "b", &"b".repeat(64));
    delete(&cluster, &namespace);
    let fourth = reconcile(&cluster, &namespace);
    assert_eq!(
        (fourth.code, fourth.reason()),
        (1, "sandboxes_disagree"),
        "{}",
        fourth.stderr
    );
    assert_eq!(stored(&cluster, &namespace), None);
}

#[test]
fn faults_never_cost_the_secret() {
    let Some(cluster) = kubeconfig() else { return };
    let namespace = Namespace::make(&cluster);
    let value = "c".repeat(64);
    make_sandbox(&cluster, &namespace, "a", &value);
    let proxy = FaultProxy::before(&cluster);
    reconcile(proxy.kubeconfig(), &namespace);
    let requests = proxy.asked().len();
    for (fault, number) in fault_points(requests) {
        delete(&cluster, &namespace);
        proxy.inject(fault, When::At(number));
        let run = reconcile(proxy.kubeconfig(), &namespace);
        assert_eq!(run.code, 0, "{fault:?} at {number}: {}", run.stderr);
        assert!(!proxy.asked().iter().any(Asked::touches_existing_secret));
        assert_eq!(
            stored(&cluster, &namespace).unwrap().0,
            value.as_bytes(),
            "{fault:?} at {number}"
        );
    }
}

#[test]
fn many_at_once_make_one_secret() {
    let Some(cluster) = kubeconfig() else { return };
    let namespace = Namespace::make(&cluster);
    let many = if is_thorough() { 50 } else { 8 };
    let runs: Vec<Run> = std::thread::scope(|scope| {
        let started: Vec<_> = (0..many)
            .map(|_| scope.spawn(|| reconcile(&cluster, &namespace)))
            .collect();
        started.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let shown = contract::fingerprint(&stored(&cluster, &namespace).unwrap().0);
    assert!(runs.iter().all(|run| run.document["fingerprint"] == shown));
    let changed = runs.iter().filter(|run| run.document["changed"] == true).count();
    assert_eq!(changed, 1);
}

#[test]
fn killed_after_its_write_it_goes_on_where_it_was() {
    let Some(cluster) = kubeconfig() else { return };
    let namespace = Namespace::make(&cluster);
    let proxy = FaultProxy::before(&cluster);
    proxy.inject(Fault::Withhold, When::AtWrite(1));
    let program = Program::start(tool(proxy.kubeconfig(), &namespace));
    assert!(
        proxy.wait_withheld(Duration::from_secs(60)),
        "{:?}",
        proxy.asked()
    );
    program.kill();
    let made = stored(&cluster, &namespace).expect("the write was done");
    let again = reconcile(&cluster, &namespace);
    assert_eq!(
        (again.code, &again.document["changed"]),
        (0, &json!(false)),
        "{}",
        again.stderr
    );
    assert_eq!(stored(&cluster, &namespace).unwrap(), made);
}
