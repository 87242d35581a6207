//! What `reconcile` does with what there is.

use std::time::Duration;

use cluster_fixture::{Fault, FaultProxy, Program, When, is_thorough};
use serde_json::json;

use crate::scene::*;

#[test]
fn generates_where_nobody_has_one_and_then_keeps_it() {
    let api = empty();
    let first = reconcile(api.kubeconfig(), &[]);
    assert_eq!(first.code, 0, "{}", first.stderr);
    assert_eq!(
        (&first.document["source"], &first.document["changed"]),
        (&json!("generated"), &json!(true))
    );
    assert_eq!(
        first.document["actions"][0]["object"],
        "secret openshell-ssh-handshake"
    );
    let made = stored(&api).unwrap();
    assert!(gateway_names::is_handshake_secret(made.as_bytes()));
    assert_eq!(first.document["fingerprint"], fingerprint(&made));
    assert!(!first.stdout.contains(&made) && !first.stderr.contains(&made));

    let before = api.dump("/");
    let proxy = FaultProxy::before(api.kubeconfig());
    let second = reconcile(proxy.kubeconfig(), &[]);
    assert_eq!(
        (&second.document["source"], &second.document["changed"]),
        (&json!("existing"), &json!(false))
    );
    assert_eq!(second.document["fingerprint"], first.document["fingerprint"]);
    assert_eq!(second.document["actions"], json!([]));
    assert_eq!(api.dump("/"), before);
    assert!(proxy.asked().len() <= 2, "{:?}", proxy.asked());
}

#[test]
fn recovers_what_live_sandboxes_carry() {
    for by_pod in [false, true] {
        let api = empty();
        put_pod(&api, "foreign", "somebody-else", &value('9'));
        if by_pod {
            put_pod(&api, "a", "openshell", &value('1'));
        } else {
            put_sandbox(&api, "a", &value('1'));
            put_sandbox(&api, "b", &value('1'));
        }
        let run = reconcile(api.kubeconfig(), &[]);
        assert_eq!(run.code, 0, "{}", run.stderr);
        assert_eq!(run.document["source"], "recovered");
        assert_eq!(
            run.document["carried"][0]["fingerprint"],
            fingerprint(&value('1'))
        );
        assert_eq!(stored(&api).unwrap(), value('1'));
    }
}

#[test]
fn refuses_where_sandboxes_disagree_until_one_is_adopted() {
    let api = empty();
    put_sandbox(&api, "a", &value('1'));
    put_sandbox(&api, "b", &value('1'));
    put_pod(&api, "c", "openshell", &value('2'));
    let before = api.dump("/");
    let run = reconcile(api.kubeconfig(), &[]);
    assert_eq!((run.code, run.reason()), (1, "sandboxes_disagree"));
    let message = run.document["error"]["message"].as_str().unwrap();
    assert!(
        message.contains(&format!("{} in 2 sandboxes", fingerprint(&value('1')))),
        "{message}"
    );
    assert!(
        message.contains(&format!("{} in 1 sandbox", fingerprint(&value('2')))),
        "{message}"
    );
    assert_eq!(run.document["carried"].as_array().unwrap().len(), 2);

    let unknown = reconcile(api.kubeconfig(), &["--adopt", &fingerprint(&value('3'))]);
    assert_eq!((unknown.code, unknown.reason()), (1, "adopt_refused"));
    assert_eq!(api.dump("/"), before, "a refusal writes nothing");

    let adopted = reconcile(api.kubeconfig(), &["--adopt", &fingerprint(&value('2'))]);
    assert_eq!(adopted.code, 0, "{}", adopted.stderr);
    assert_eq!(stored(&api).unwrap(), value('2'));

    let other = reconcile(api.kubeconfig(), &["--adopt", &fingerprint(&value('1'))]);
    assert_eq!((other.code, other.reason()), (1, "adopt_refused"));
    assert_eq!(stored(&api).unwrap(), value('2'));
}

#[test]
fn never_replaces_a_secret_of_the_wrong_form() {
    for wrong in [
        String::new(),
        value('1') + "\n",
        "A".repeat(64),
        "short".to_owned(),
    ] {
        let api = empty();
        put_secret(&api, &wrong);
        put_sandbox(&api, "a", &value('1'));
        let before = api.dump("/");
        let run = reconcile(api.kubeconfig(), &[]);
        assert_eq!((run.code, run.reason()), (1, "handshake_invalid"), "{wrong:?}");
        assert_eq!(api.dump("/"), before);
    }
    let api = empty();
    put_sandbox(&api, "a", "not-a-handshake-secret");
    let run = reconcile(api.kubeconfig(), &[]);
    assert_eq!((run.code, run.reason()), (1, "sandbox_secret_invalid"));
    assert_eq!(stored(&api), None);
}

#[test]
fn a_dry_run_only_tells() {
    let api = empty();
    let before = api.dump("/");
    let run = reconcile(api.kubeconfig(), &["--dry-run"]);
    assert_eq!((run.code, &run.document["dry_run"]), (0, &json!(true)));
    assert_eq!(
        (&run.document["changed"], &run.document["fingerprint"]),
        (&json!(false), &json!(null))
    );
    let planned = run.document["actions"].clone();
    assert_eq!(api.dump("/"), before);
    assert_eq!(reconcile(api.kubeconfig(), &[]).document["actions"], planned);
}

#[test]
fn waits_for_the_namespace() {
    let api = cluster_fixture::FakeApi::start();
    let absent = reconcile(api.kubeconfig(), &["--timeout", "3s"]);
    assert_eq!((absent.code, absent.reason()), (124, "timed_out"));
    assert!(absent.stderr.contains("namespace openshell"), "{}", absent.stderr);
    assert_eq!(stored(&api), None);

    api.put(
        "/api/v1/namespaces/openshell",
        json!({ "metadata": { "name": "openshell" }, "status": { "phase": "Terminating" } }),
    );
    let proxy = FaultProxy::before(api.kubeconfig());
    let program = Program::start(tool(proxy.kubeconfig()));
    assert!(proxy.wait_asked(2, Duration::from_secs(60)));
    api.put(
        "/api/v1/namespaces/openshell",
        json!({ "metadata": { "name": "openshell" }, "status": { "phase": "Active" } }),
    );
    assert!(program.wait().status.success());
    assert!(stored(&api).is_some());
}

#[test]
fn many_at_once_make_one_secret() {
    let api = empty();
    let many = if is_thorough() { 50 } else { 12 };
    let runs: Vec<_> = std::thread::scope(|scope| {
        let started: Vec<_> = (0..many)
            .map(|_| scope.spawn(|| reconcile(api.kubeconfig(), &[])))
            .collect();
        started.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let shown = fingerprint(&stored(&api).unwrap());
    for run in &runs {
        assert_eq!(
            (run.code, run.document["fingerprint"].as_str()),
            (0, Some(shown.as_str())),
            "{}",
            run.stderr
        );
    }
    let changed = runs.iter().filter(|run| run.document["changed"] == true).count();
    assert_eq!(changed, 1);
}

#[test]
fn killed_after_its_write_it_goes_on_where_it_was() {
    let api = empty();
    let proxy = FaultProxy::before(api.kubeconfig());
    proxy.inject(Fault::Withhold, When::AtWrite(1));
    let program = Program::start(tool(proxy.kubeconfig()));
    assert!(
        proxy.wait_withheld(Duration::from_secs(60)),
        "{:?}",
        proxy.asked()
    );
    program.kill();
    let made = stored(&api).expect("the write was done");
    let again = reconcile(api.kubeconfig(), &[]);
    assert_eq!(
        (&again.document["source"], &again.document["changed"]),
        (&json!("existing"), &json!(false))
    );
    assert_eq!(stored(&api).unwrap(), made);
}
