//! Secrets that exist are replaced only where the user asks for it, and the server follows.

use cluster_fixture::FaultProxy;
use serde_json::json;

use crate::scene::*;

#[test]
fn what_is_no_secret_is_replaced_by_what_sandboxes_carry() {
    let api = empty();
    put_secret(&api, "short");
    put_sandbox(&api, "a", &value('1'));
    let plan = reconcile(api.kubeconfig(), &["--replace-invalid", "--dry-run"]);
    assert_eq!(stored(&api).as_deref(), Some("short"));
    let run = reconcile(api.kubeconfig(), &["--replace-invalid"]);
    assert_eq!(
        (run.code, &run.document["source"]),
        (0, &json!("recovered")),
        "{}",
        run.stderr
    );
    assert_eq!(run.document["actions"][0]["verb"], "replace");
    assert_eq!(run.document["actions"], plan.document["actions"]);
    assert_eq!(stored(&api), Some(value('1')));

    let before = api.dump("/");
    let again = reconcile(api.kubeconfig(), &["--replace-invalid"]);
    assert_eq!((again.code, &again.document["changed"]), (0, &json!(false)));
    assert_eq!(api.dump("/"), before, "a valid secret is never written");
}

#[test]
fn what_is_no_secret_and_carried_by_none_is_generated() {
    let api = empty();
    put_secret(&api, &value('1').to_uppercase().replace('1', "Z"));
    let run = reconcile(api.kubeconfig(), &["--replace-invalid"]);
    assert_eq!(
        (run.code, &run.document["source"]),
        (0, &json!("generated")),
        "{}",
        run.stderr
    );
    assert!(gateway_names::is_handshake_secret(
        stored(&api).unwrap().as_bytes()
    ));
}

#[test]
fn a_rotation_names_what_is_lost_and_needs_a_yes() {
    let api = empty();
    put_secret(&api, &value('1'));
    put_sandbox(&api, "a", &value('1'));
    put_sandbox(&api, "b", &value('2'));
    let before = api.dump("/");
    let refused = reconcile(api.kubeconfig(), &["--rotate"]);
    assert_eq!((refused.code, refused.reason()), (2, "usage"));
    assert!(
        refused.stderr.contains("a, b") && refused.stderr.contains("--yes"),
        "{}",
        refused.stderr
    );
    assert_eq!(refused.document["lost_sandboxes"], json!(["a", "b"]));
    let plan = reconcile(api.kubeconfig(), &["--rotate", "--dry-run"]);
    assert_eq!(
        (plan.code, &plan.document["lost_sandboxes"]),
        (0, &json!(["a", "b"]))
    );
    assert_eq!(api.dump("/"), before);

    let run = reconcile(api.kubeconfig(), &["--rotate", "--yes"]);
    assert_eq!(
        (run.code, &run.document["changed"]),
        (0, &json!(true)),
        "{}",
        run.stderr
    );
    let made = stored(&api).unwrap();
    assert!(gateway_names::is_handshake_secret(made.as_bytes()) && made != value('1'));
    assert_eq!(run.document["fingerprint"], fingerprint(&made));
    assert_eq!(run.document["restart_required"], json!([]), "no server runs");
}

/// The way back where something else has replaced the secret.
#[test]
fn a_rotation_to_what_sandboxes_carry_is_done_once() {
    let api = empty();
    put_secret(&api, &value('9'));
    put_sandbox(&api, "a", &value('1'));
    let adopted = fingerprint(&value('1'));
    let words = ["--rotate", "--yes", "--adopt", &adopted];
    let run = reconcile(api.kubeconfig(), &words);
    assert_eq!(
        (run.code, &run.document["source"]),
        (0, &json!("recovered")),
        "{}",
        run.stderr
    );
    assert_eq!(run.document["lost_sandboxes"], json!([]));
    assert_eq!(stored(&api), Some(value('1')));
    let again = reconcile(api.kubeconfig(), &words);
    assert_eq!((again.code, &again.document["changed"]), (0, &json!(false)));
}

#[test]
fn a_server_with_the_old_secret_is_named_or_restarted() {
    for restart in [false, true] {
        let api = empty();
        put_secret(&api, &value('1'));
        put_server(&api, by_reference(), LONG_AGO);
        let mut words = vec!["--rotate", "--yes"];
        words.extend(restart.then_some("--restart"));
        let run = reconcile(api.kubeconfig(), &words);
        assert_eq!(run.code, 0, "{}", run.stderr);
        let (required, restarted) = (&run.document["restart_required"], &run.document["restarted"]);
        let workload = json!(["statefulset/openshell"]);
        if restart {
            assert_eq!((required, restarted), (&json!([]), &workload));
            assert!(api.server_restarted_at().is_some());
        } else {
            assert_eq!((required, restarted), (&workload, &json!([])));
            assert_eq!(api.server_restarted_at(), None);
            // As after a kill between write and restart: the next run goes on where it was.
            let next = reconcile(api.kubeconfig(), &["--restart"]);
            assert_eq!(next.document["restarted"], workload, "{}", next.stderr);
            put_server(&api, by_reference(), LATER);
            let last = reconcile(api.kubeconfig(), &["--restart"]);
            assert_eq!((last.code, &last.document["changed"]), (0, &json!(false)));
        }
    }
}

#[test]
fn an_immutable_secret_is_named() {
    let api = empty();
    put_secret(&api, "short");
    let mut object = api.get(SECRET).unwrap();
    object["immutable"] = json!(true);
    api.put(SECRET, object);
    let run = reconcile(api.kubeconfig(), &["--replace-invalid"]);
    assert_eq!(
        (run.code, run.reason()),
        (1, "secret_immutable"),
        "{}",
        run.stderr
    );
    assert_eq!(stored(&api).as_deref(), Some("short"));
}

#[test]
fn an_answer_that_cannot_be_read_is_not_quoted() {
    let api = empty();
    let value = value('7');
    api.put(
        SECRET,
        json!({ "metadata": { "name": "openshell-ssh-handshake" }, "data": value }),
    );
    let proxy = FaultProxy::before(api.kubeconfig());
    let run = reconcile(proxy.kubeconfig(), &["--timeout", "2s"]);
    assert_eq!((run.code, run.reason()), (1, "api_error"), "{}", run.stderr);
}
