//! `sign` and `verify`.

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::json;
use tempfile::NamedTempFile;
use tool_document::{Run, read};

use crate::scene::*;

fn file(content: &str) -> NamedTempFile {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(content.as_bytes()).unwrap();
    file
}

/// Without any cluster, with standard input.
fn with_input(words: &[&str], input: &str) -> Run {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gw-sshsecret"));
    command
        .args(words)
        .env_remove("KUBECONFIG")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    checked(read(&command, &output))
}

fn line(run: &Run) -> String {
    assert_eq!(run.code, 0, "{}", run.stderr);
    run.document["line"].as_str().unwrap().to_owned()
}

#[test]
fn a_line_is_signed_as_openssl_signs_it() {
    let secret = value('5') + "\n";
    let run = with_input(
        &[
            "sign",
            "--secret-file",
            "-",
            "--time",
            "1700000000",
            "--nonce",
            "n",
        ],
        &secret,
    );
    assert_eq!(run.document["source"], "given");
    let line = line(&run);
    let signature = line.strip_prefix("NSSH1 debug 1700000000 n ").unwrap();
    let key = value('5');
    let mut openssl = Command::new("openssl")
        .args(["dgst", "-sha256", "-hmac", &key, "-r"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("openssl is installed");
    openssl
        .stdin
        .take()
        .unwrap()
        .write_all(b"debug|1700000000|n")
        .unwrap();
    let digest = String::from_utf8(openssl.wait_with_output().unwrap().stdout).unwrap();
    assert_eq!(digest.split_whitespace().next(), Some(signature));
}

#[test]
fn what_the_clusters_secret_signs_is_taken_once_and_in_time() {
    let api = empty();
    put_secret(&api, &value('1'));
    let token = file("a-token\n");
    let signed = line(&run(
        &api,
        &["sign", "--token-file", token.path().to_str().unwrap()],
    ));
    assert!(signed.starts_with("NSSH1 a-token "));
    let late = line(&run(&api, &["sign", "--time", "1000"]));
    let lines = file(&format!("{signed}\n{signed}\n{late}\nnonsense\n{signed}"));
    let verified = run(&api, &["verify", "--line-file", lines.path().to_str().unwrap()]);
    assert_eq!(verified.code, 1);
    let verdicts = verified.document["verdicts"].as_array().unwrap();
    let reasons: Vec<_> = verdicts.iter().map(|verdict| &verdict["reason"]).collect();
    let expected = [
        json!(null),
        json!("replayed_nonce"),
        json!("clock_skew"),
        json!("malformed_line"),
        json!("malformed_line"),
    ];
    assert_eq!(reasons, expected.iter().collect::<Vec<_>>());
    assert_eq!(verdicts[0]["token_fingerprint"], fingerprint("a-token"));
    assert!(
        !verified.stdout.contains("a-token"),
        "tokens are shown as fingerprints"
    );

    let taken = file(&(late + "\n"));
    let taken = taken.path().to_str().unwrap();
    assert_eq!(
        run(&api, &["verify", "--line-file", taken, "--time=1300"]).code,
        0
    );
    assert_eq!(
        run(&api, &["verify", "--line-file", taken, "--time=1301"]).code,
        1
    );
    assert_eq!(
        run(
            &api,
            &[
                "verify",
                "--line-file",
                taken,
                "--time=1301",
                "--skew-seconds=301"
            ]
        )
        .code,
        0
    );
}

#[test]
fn another_secret_is_told_from_a_wrong_clock() {
    let secret = file(&value('2'));
    let secret = secret.path().to_str().unwrap();
    let signed = line(&with_input(&["sign", "--secret-file", "-"], &value('1')));
    let run = with_input(&["verify", "--secret-file", secret], &(signed + "\n"));
    assert_eq!(
        (run.code, &run.document["verdicts"][0]["reason"]),
        (1, &json!("wrong_signature"))
    );
    assert_eq!(
        with_input(&["verify", "--secret-file", secret], "").code,
        1,
        "no line was taken"
    );
}

#[test]
fn what_cannot_be_used_is_named() {
    let api = empty();
    let missing = run(&api, &["sign"]);
    assert_eq!((missing.code, missing.reason()), (1, "handshake_missing"));
    put_secret(&api, "short");
    let invalid = run(&api, &["sign"]);
    assert_eq!((invalid.code, invalid.reason()), (1, "handshake_invalid"));
    let empty = with_input(&["sign", "--secret-file=-"], "\n");
    assert_eq!((empty.code, empty.reason()), (1, "handshake_invalid"));
    let odd = with_input(&["sign", "--secret-file=-"], "odd");
    assert_eq!(odd.code, 0);
    assert!(
        odd.stderr.contains("no gateway server takes it"),
        "{}",
        odd.stderr
    );
    let absent = with_input(&["verify", "--secret-file", "/nonexistent/file"], "");
    assert_eq!((absent.code, absent.reason()), (1, "input_failed"));
    let wrong = with_input(&["sign", "--secret-file=-", "--nonce", "two words"], &value('1'));
    assert_eq!((wrong.code, wrong.reason()), (1, "line_invalid"));
    let huge = with_input(&["verify", "--secret-file", "/dev/zero"], "");
    assert_eq!((huge.code, huge.reason()), (1, "input_failed"));
}
