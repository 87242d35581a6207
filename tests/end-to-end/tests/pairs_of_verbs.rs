//! Two runs at once on one gateway: each does what it was asked for, before or after the other, or says that there is nothing to do it to.

use std::process::{Child, Stdio};

use end_to_end::{Ended, TestGateway, skipped_without_docker};

/// What changes a gateway; `FILE` is a backup of it.
const VERBS: [(&str, &[&str]); 8] = [
    ("start", &[]),
    ("destroy", &["--yes"]),
    ("stop", &[]),
    ("restart", &[]),
    ("resume", &[]),
    ("recreate", &["--yes", "--no-backup"]),
    ("backup", &["NEW"]),
    ("restore", &["FILE", "--yes"]),
];

/// What a run says that comes after one that destroyed the gateway.
const GONE: &str = "no_state";

fn pairs(all: bool) -> Vec<(usize, usize)> {
    let every = (0..VERBS.len()).flat_map(|one| (one..VERBS.len()).map(move |other| (one, other)));
    if all {
        every.collect()
    } else {
        vec![(0, 1), (2, 3), (5, 6)]
    }
}

fn begun(gateway: &TestGateway, (verb, words): (&str, &[&str])) -> Child {
    let folder = gateway.config();
    let words = words.iter().map(|word| match *word {
        "FILE" => folder.join("kept.tar.zst").display().to_string(),
        "NEW" => folder.join("new.tar.zst").display().to_string(),
        word => word.to_owned(),
    });
    let mut command = gateway.command(verb, &["--json"]);
    if verb == "start" {
        // A destroyed gateway has no port any more.
        command.args(["--port", &gateway.port.to_string()]);
    }
    command
        .args(words)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command.spawn().expect("the driver")
}

#[test]
fn two_verbs_at_once_come_one_after_the_other() {
    if skipped_without_docker() {
        return;
    }
    let gateway = TestGateway::started();
    let port = gateway.port.to_string();
    let port = ["--port", &port];
    let kept = gateway.config().join("kept.tar.zst");
    gateway
        .run("backup", &[kept.to_str().expect("plain text")])
        .well();
    let all = std::env::var_os("OPENSHELL_TEST_ALL").is_some();
    for (one, other) in pairs(all) {
        gateway.start(&port).well();
        let runs = [one, other].map(|index| (VERBS[index].0, begun(&gateway, VERBS[index])));
        let may_be_gone = [one, other].iter().any(|index| VERBS[*index].0 == "destroy");
        for (verb, run) in runs {
            let ended = Ended::from(run.wait_with_output().expect("its end"));
            let reason = ended.document()["error"]["reason"]
                .as_str()
                .unwrap_or_default()
                .to_owned();
            assert!(
                ended.code == 0 || (may_be_gone && reason == GONE),
                "{verb}, with {} and {}: {reason}: {}",
                VERBS[one].0,
                VERBS[other].0,
                ended.stderr
            );
        }
    }
    gateway.start(&port).well();
    assert_eq!(gateway.status()["state"], "serving");
}

/// What cannot even begin leaves no trace.
#[test]
fn a_start_that_fails_at_once_leaves_no_folder() {
    if skipped_without_docker() {
        return;
    }
    let gateway = TestGateway::unmade();
    let refused = gateway.start(&["--image", "localhost:1/no/such:image", "--pull", "never"]);
    assert_ne!(refused.code, 0);
    assert!(!gateway.folder().exists(), "{}", refused.stderr);
}
