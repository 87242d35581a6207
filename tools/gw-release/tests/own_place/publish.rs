//! `publish`.

use std::fs;

use serde_json::json;

use crate::scene::*;

#[test]
fn clients_read_where_the_gateway_is_and_what_others_wrote_stays() {
    let scene = Scene::empty();
    let refused = scene.run(&["publish", "--endpoint", "https://gw.example:443"]);
    assert_eq!(
        (refused.code, refused.reason()),
        (1, "no_state"),
        "{}",
        refused.stderr
    );
    assert!(!scene.file("").exists());

    scene.keep(scene.api.kubeconfig(), None);
    scene.write(
        "metadata.json",
        r#"{"name":"g","gateway_endpoint":"https://old:1","auth_mode":"oidc","of_another":[1]}"#,
    );
    let words = ["publish", "--endpoint", "https://gw.example:443"];
    let dry = scene.run(&[&words[..], &["--dry-run"]].concat());
    assert_eq!(scene.read("metadata.json")["gateway_endpoint"], "https://old:1");
    let run = scene.run(&words);
    assert_eq!(
        (run.code, &run.document["endpoint"]),
        (0, &json!("https://gw.example:443"))
    );
    assert_eq!(dry.document["actions"], run.document["actions"]);
    let file = scene.file("metadata.json").display().to_string();
    assert_eq!(
        actions(&run),
        [format!("write {file}"), "activate gateway g".to_owned()]
    );
    assert_eq!(
        scene.read("metadata.json"),
        json!({
            "name": "g", "gateway_endpoint": "https://gw.example:443", "is_remote": true, "gateway_port": 443,
            "auth_mode": "oidc", "of_another": [1],
        })
    );
    let active = || fs::read_to_string(scene.clients().join("active_gateway")).expect("a file");
    assert_eq!(active(), "g");
    let again = scene.run(&words);
    assert_eq!((again.code, actions(&again).len()), (0, 0), "{}", again.stderr);

    fs::write(scene.clients().join("active_gateway"), "other").expect("room");
    let run = scene.run(&["publish", "--endpoint", "http://127.0.0.1:8080"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let metadata = scene.read("metadata.json");
    assert_eq!(
        (&metadata["is_remote"], &metadata["gateway_port"]),
        (&json!(false), &json!(8080))
    );
    assert_eq!(active(), "g");
}
