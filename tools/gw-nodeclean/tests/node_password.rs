//! The node that is kept has a new container, and the cluster still has the hash of the former one's node password.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use cluster_fixture::{FakeApi, Fault, FaultProxy, Program, When, all_faults, sweep};
use serde_json::{Value, json};
use tool_document::{Run, check, run};

const NODE: &str = "/api/v1/nodes/kept";
const PASSWORD: &str = "/api/v1/namespaces/kube-system/secrets/kept.node-password.k3s";
/// Of another node, of another namespace, of another kind.
const OTHERS: [&str; 3] = [
    "/api/v1/namespaces/kube-system/secrets/other.node-password.k3s",
    "/api/v1/namespaces/openshell/secrets/kept.node-password.k3s",
    "/api/v1/namespaces/kube-system/secrets/kept",
];

/// A cluster whose node is Ready, as it is once its password fits.
fn api() -> FakeApi {
    let api = FakeApi::start();
    let heard = json!({ "type": "Ready", "status": "True", "lastHeartbeatTime": "2026-01-02T00:00:00Z" });
    api.put(
        NODE,
        json!({ "metadata": { "name": "kept" }, "status": { "conditions": [heard] } }),
    );
    for path in OTHERS.iter().chain([&PASSWORD]) {
        api.put(path, secret(path));
    }
    api
}

fn secret(path: &str) -> Value {
    let name = path.rsplit('/').next();
    json!({ "metadata": { "name": name, "creationTimestamp": "2026-01-01T00:00:01Z" }, "data": { "hash": "JDE6aGFzaA==" } })
}

/// A container that was created after the Secret, and one that was created before it.
const NEW: [&str; 2] = ["--container-created", "2026-01-01T00:00:02.5Z"];
const SAME: [&str; 2] = ["--container-created", "2026-01-01T00:00:00.5Z"];

fn command(kubeconfig: &Path, flags: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gw-nodeclean"));
    command
        .args([
            "--keep",
            "kept",
            "--since",
            "2026-01-01T00:00:00Z",
            "--kubeconfig",
        ])
        .arg(kubeconfig)
        .args(flags);
    command
}

fn clean(kubeconfig: &Path, flags: &[&str]) -> Run {
    let ended = run(command(kubeconfig, flags));
    check(&ended, include_str!("../schema.json"));
    ended
}

fn others_are_there(api: &FakeApi) {
    for path in OTHERS {
        assert!(api.get(path).is_some(), "{path} was deleted");
    }
}

fn objects(ended: &Run) -> Vec<&str> {
    let actions = ended.document["actions"].as_array().expect("a list");
    let objects = actions.iter().filter_map(|action| action["object"].as_str());
    objects.collect()
}

const DELETED: [&str; 1] = ["secret kube-system/kept.node-password.k3s"];

#[test]
fn that_one_secret_goes_once_and_only_where_it_was_asked_for() {
    let api = api();
    let before = api.dump("/");
    let kept = clean(api.kubeconfig(), &[]);
    assert_eq!((kept.code, api.dump("/")), (0, before.clone()), "{}", kept.stderr);
    let kept = clean(api.kubeconfig(), &SAME);
    assert_eq!((kept.code, api.dump("/")), (0, before.clone()), "{}", kept.stderr);
    let planned = clean(api.kubeconfig(), &[&NEW[..], &["--dry-run"]].concat());
    assert_eq!((planned.code, api.dump("/")), (0, before), "{}", planned.stderr);
    assert_eq!(objects(&planned), DELETED);
    assert_eq!(planned.document["changed"], false);

    let ended = clean(api.kubeconfig(), &NEW);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert_eq!(objects(&ended), DELETED);
    assert_eq!(ended.document["changed"], true);
    assert!(api.get(PASSWORD).is_none());
    others_are_there(&api);

    let again = clean(api.kubeconfig(), &NEW);
    assert_eq!((again.code, &again.document["changed"]), (0, &json!(false)));
    assert!(objects(&again).is_empty());
}

/// With the old hash there, the node is never Ready: who waits for it first waits in vain.
#[test]
fn it_goes_before_the_node_is_waited_for() {
    let api = api();
    assert!(api.remove(NODE));
    let before = api.dump("/");
    let short = [&NEW[..], &["--timeout", "2s"]].concat();
    let planned = clean(api.kubeconfig(), &[&short[..], &["--dry-run"]].concat());
    assert_eq!(planned.code, 124, "{}", planned.stderr);
    assert_eq!((objects(&planned), api.dump("/")), (DELETED.to_vec(), before));
    let ended = clean(api.kubeconfig(), &short);
    assert_eq!(ended.code, 124, "{}", ended.stderr);
    assert_eq!(
        (objects(&ended), &ended.document["changed"]),
        (DELETED.to_vec(), &json!(true))
    );
    assert!(api.get(PASSWORD).is_none());
}

/// k3s writes the hash of the new container's password under the same name.
#[test]
fn a_secret_that_took_the_name_meanwhile_stays() {
    let api = api();
    let proxy = FaultProxy::before(api.kubeconfig());
    proxy.inject(Fault::Hold, When::AtWrite(1));
    let tool = Program::start(command(proxy.kubeconfig(), &NEW));
    assert!(
        proxy.wait_withheld(Duration::from_secs(30)),
        "nothing was deleted"
    );
    assert!(api.remove(PASSWORD));
    api.put(PASSWORD, secret(PASSWORD));
    proxy.release();
    let output = tool.wait();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    let document: Value = serde_json::from_slice(&output.stdout).expect("a document");
    assert_eq!(
        (&document["changed"], &document["actions"]),
        (&json!(false), &json!([]))
    );
    assert!(api.get(PASSWORD).is_some(), "the new one was deleted");
}

#[test]
fn no_answer_but_a_404_that_names_it_is_its_absence_and_a_fault_is_asked_again() {
    let mut cases = Vec::new();
    for (fault, code) in all_faults() {
        if !matches!(fault, Fault::Stall(_)) {
            cases.push((fault, When::At(1), 0));
            cases.push((fault, When::AtWrite(1), 0));
            cases.push((fault, When::OnPath("kept.node-password.k3s"), code));
        }
    }
    sweep(&cases, |(fault, when, code)| {
        let api = api();
        let proxy = FaultProxy::before(api.kubeconfig());
        proxy.inject(*fault, *when);
        let ended = clean(proxy.kubeconfig(), &[&NEW[..], &["--timeout", "15s"]].concat());
        let case = format!("{fault:?} {when:?}: {}", ended.stderr);
        assert_eq!(ended.code, *code, "{case}");
        let is_gone = api.get(PASSWORD).is_none();
        if *code == 0 {
            assert_eq!(
                (is_gone, &ended.document["changed"]),
                (true, &json!(true)),
                "{case}"
            );
        } else {
            assert_eq!(
                (is_gone, &ended.document["changed"]),
                (false, &json!(false)),
                "{case}"
            );
            assert_ne!(ended.reason(), "", "{case}");
        }
        others_are_there(&api);
    });
}
