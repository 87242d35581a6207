//! `check`: who carries what.

use serde_json::{Value, json};

use crate::scene::*;

fn holders(run: &tool_document::Run) -> Vec<(String, Value)> {
    let holders = run.document["holders"].as_array().unwrap();
    let of = |holder: &Value| {
        (
            holder["name"].as_str().unwrap().to_owned(),
            holder["agrees"].clone(),
        )
    };
    holders.iter().map(of).collect()
}

fn literal(value: &str) -> Value {
    json!([{ "name": "OPENSHELL_SSH_HANDSHAKE_SECRET", "value": value }])
}

#[test]
fn all_agree() {
    let api = empty();
    put_secret(&api, &value('1'));
    put_sandbox(&api, "a", &value('1'));
    put_pod(&api, "b", "openshell", &value('1'));
    put_server(&api, by_reference(), LATER);
    let before = api.dump("/");
    let run = run(&api, &["check"]);
    assert_eq!(
        (run.code, &run.document["agree"]),
        (0, &json!(true)),
        "{}",
        run.stderr
    );
    let expected = ["openshell-0", "a", "b"].map(|name| (name.to_owned(), json!(true)));
    assert_eq!(holders(&run), expected);
    assert_eq!(run.document["fingerprint"], fingerprint(&value('1')));
    assert_eq!(api.dump("/"), before);
}

#[test]
fn names_who_does_not() {
    let cases: [(Value, &str, Value); 6] = [
        (by_reference(), LONG_AGO, json!(null)),
        (by_reference(), LATER, json!(true)),
        (literal(&value('1')), LONG_AGO, json!(true)),
        (literal(&value('3')), LATER, json!(false)),
        (json!([]), LATER, json!(null)),
        (
            json!([{ "name": "OPENSHELL_SSH_HANDSHAKE_SECRET", "valueFrom": { "secretKeyRef": { "name": "other", "key": "secret" } } }]),
            LATER,
            json!(false),
        ),
    ];
    for (env, started, agrees) in cases {
        let api = empty();
        put_secret(&api, &value('1'));
        put_server(&api, env.clone(), started);
        let run = run(&api, &["check"]);
        assert_eq!(
            holders(&run),
            [("openshell-0".to_owned(), agrees.clone())],
            "{env}"
        );
        assert_eq!(run.code, i32::from(agrees == json!(false)), "{env}");
    }
    let api = empty();
    put_secret(&api, &value('1'));
    put_sandbox(&api, "a", &value('1'));
    put_sandbox(&api, "b", &value('2'));
    let run = run(&api, &["check"]);
    assert_eq!((run.code, &run.document["agree"]), (1, &json!(false)));
    assert_eq!(
        run.document["error"],
        json!(null),
        "the answer is no, and nothing failed"
    );
    assert!(
        run.stderr
            .contains(&format!("sandbox b carries {}", fingerprint(&value('2')))),
        "{}",
        run.stderr
    );
    assert_eq!(
        holders(&run),
        [("a".to_owned(), json!(true)), ("b".to_owned(), json!(false))]
    );
}

#[test]
fn a_server_that_has_not_restarted_since_a_rotation_does_not_agree() {
    let api = empty();
    put_secret(&api, &value('1'));
    let mut object = api.get(SECRET).unwrap();
    object["metadata"]["creationTimestamp"] = json!("2019-01-01T00:00:00Z");
    api.put(SECRET, object);
    put_server(&api, by_reference(), LONG_AGO);
    assert_eq!(reconcile(api.kubeconfig(), &["--rotate", "--yes"]).code, 0);
    let run = run(&api, &["check"]);
    assert_eq!(run.code, 1);
    assert_eq!(holders(&run), [("openshell-0".to_owned(), json!(false))]);
    assert!(run.stderr.contains("has not restarted since"), "{}", run.stderr);
}

#[test]
fn a_secret_that_is_missing_or_none_is_a_no() {
    let api = empty();
    let missing = run(&api, &["check"]);
    assert_eq!((missing.code, &missing.document["agree"]), (1, &json!(false)));
    assert!(missing.stderr.contains("does not exist"), "{}", missing.stderr);
    assert_eq!(missing.document["exists"], false);
    put_secret(&api, "short");
    put_server(&api, by_reference(), LATER);
    let invalid = run(&api, &["check"]);
    assert_eq!((invalid.code, &invalid.document["exists"]), (1, &json!(true)));
    assert!(invalid.stderr.contains("--replace-invalid"), "{}", invalid.stderr);
}
