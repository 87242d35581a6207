//! `findings --bundle`: what somebody gets who helps.

use std::collections::BTreeMap;
use std::io::Read;

use serde_json::{Value, json};

use crate::scene::{set, up};
use crate::{output_of, tool};

/// Files of the archive, and the document.
fn bundle(answers: &[Value]) -> (BTreeMap<String, String>, Value) {
    let mut command = tool("container");
    command.arg("--bundle");
    let output = output_of(&mut command, answers);
    let mut files = BTreeMap::new();
    let mut archive = tar::Archive::new(&output.stdout[..]);
    for entry in archive.entries().expect("an archive") {
        let mut entry = entry.expect("an entry");
        assert_eq!(entry.header().mode().expect("a mode"), 0o600);
        let path = entry.path().expect("a path").display().to_string();
        let name = path.strip_prefix("openshell-doctor-g/").expect("one folder");
        let mut content = String::new();
        entry.read_to_string(&mut content).expect("text");
        files.insert(name.to_owned(), content);
    }
    let said = String::from_utf8(output.stderr).expect("text");
    let document = serde_json::from_str(said.lines().last().expect("a line")).expect("the document");
    (files, document)
}

#[test]
fn it_has_what_was_answered_and_said_without_secrets() {
    let mut documents = up();
    let key = "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEE\n-----END EC PRIVATE KEY-----";
    set(
        &mut documents,
        "container.diagnosis.log",
        json!(["one", "DB_PASSWORD=hunter2"]),
    );
    set(
        &mut documents,
        "container.diagnosis.server_log",
        json!(["listening"]),
    );
    let answers: Vec<Value> = documents
        .iter()
        .map(|(name, document)| {
            json!({ "name": name, "exit_code": 0, "duration_ms": 7, "document": document, "said": format!("{name} said {key}\n") })
        })
        .collect();
    let (files, document) = bundle(&answers);
    assert_eq!(document["findings"], json!([]));
    assert_eq!(files["container.log"], "one\nDB_PASSWORD=[value]\n");
    assert_eq!(files["server.log"], "listening\n");
    assert!(files["findings.txt"].contains("nothing is wrong"));
    assert_eq!(files["pki.stderr.txt"], "pki said [private key]\n");
    assert!(
        files
            .values()
            .all(|content| !content.contains("MHcCAQEE") && !content.contains("hunter2"))
    );

    // What it was told can be told again.
    let kept: Value = serde_json::from_str(&files["doctor.json"]).expect("a document");
    let asked = kept["asked"].as_array().expect("answers");
    assert_eq!(asked.len(), documents.len());
    assert_eq!(asked[0]["duration_ms"], 7);
    let again = crate::answered(tool("container"), asked);
    assert_eq!(again.document["findings"], json!([]));
    assert_eq!(again.document["unread"], json!([]));
}
