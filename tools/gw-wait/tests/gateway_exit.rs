//! `--abort-on GatewayExited` against a Docker that the test plays.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tempfile::TempDir;
use tool_document::{Run, check, run};

/// What the Docker answers when it is asked for the container; the last answer goes on.
type Answers = &'static [(u16, &'static str)];

const RUNNING: &str = r#"{"Id":"1","Name":"/openshell-cluster-played","RestartCount":0,
    "State":{"Status":"running","Running":true,"StartedAt":"2026-01-01T00:00:00Z"}}"#;
const RESTARTED: &str = r#"{"Id":"1","Name":"/openshell-cluster-played","RestartCount":3,
    "State":{"Status":"restarting","Running":true,"Restarting":true,"StartedAt":"2026-01-01T00:00:00Z"}}"#;
const EXITED: &str = r#"{"Id":"1","Name":"/openshell-cluster-played","RestartCount":0,
    "State":{"Status":"exited","Running":false,"ExitCode":137,"OOMKilled":true,"StartedAt":"2026-01-01T00:00:00Z"}}"#;
const ABSENT: &str = r#"{"message":"No such container: openshell-cluster-played"}"#;

/// A Docker on a socket in this folder.
fn docker(answers: Answers) -> TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let listener = UnixListener::bind(folder.path().join("docker.sock")).expect("a socket");
    let asked = Arc::new(AtomicUsize::new(0));
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (stream, asked) = (stream.expect("a connection"), Arc::clone(&asked));
            std::thread::spawn(move || serve(&stream, answers, &asked));
        }
    });
    folder
}

fn serve(stream: &UnixStream, answers: Answers, asked: &AtomicUsize) {
    let mut reader = BufReader::new(stream);
    loop {
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            if reader.read_line(&mut head).unwrap_or(0) == 0 {
                return;
            }
        }
        let (code, body) = if head.contains("/containers/") {
            answers[asked.fetch_add(1, Ordering::SeqCst).min(answers.len() - 1)]
        } else {
            (200, "OK")
        };
        let length = body.len();
        let mut writer = stream;
        let _ = write!(
            writer,
            "HTTP/1.1 {code} X\r\nApi-Version: 1.41\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
        );
    }
}

fn wait(answers: Answers, words: &[&str]) -> Run {
    asked(answers, &[words, &["--abort-on", "GatewayExited"]].concat())
}

fn asked(answers: Answers, words: &[&str]) -> Run {
    let folder = docker(answers);
    let mut command = Command::new(env!("CARGO_BIN_EXE_gw-wait"));
    command
        .env("XDG_CONFIG_HOME", folder.path())
        .args(words)
        .args(["--gateway", "played", "--docker-host"])
        .arg(format!("unix://{}", folder.path().join("docker.sock").display()));
    let ended = run(command);
    check(&ended, include_str!("../schema.json"));
    ended
}

const NOBODY: [&str; 3] = ["tcp", "--address", "127.0.0.1:1"];

#[test]
fn a_container_that_ends_ends_every_wait_for_what_it_would_bring() {
    let kubeconfig = cluster_fixture::unreachable_kubeconfig();
    let path = kubeconfig.path().to_str().expect("a path");
    for words in [
        &NOBODY[..],
        &["grpc", "--plaintext", "--address", "127.0.0.1:1"],
        &["api", "--kubeconfig", path],
        &["namespace", "--kubeconfig", path],
        &["node", "--kubeconfig", path],
        &["rollout", "--kubeconfig", path],
        &["secret", "s", "--kubeconfig", path],
    ] {
        let ended = wait(&[(200, RUNNING), (200, EXITED)], words);
        assert_eq!(
            (ended.code, ended.reason()),
            (1, "gateway_exited"),
            "{words:?}: {}",
            ended.stderr
        );
        let said = "container openshell-cluster-played has ended with exit code 137, for lack of memory";
        assert!(ended.stderr.contains(said), "{}", ended.stderr);
        assert!(ended.document["waited_ms"].is_number());
    }
}

#[test]
fn a_container_that_is_gone_or_does_not_stay_up_ends_it_too() {
    let ended = wait(&[(200, RUNNING), (404, ABSENT)], &NOBODY);
    assert!(
        ended.stderr.contains("openshell-cluster-played is gone"),
        "{}",
        ended.stderr
    );
    let ended = wait(&[(200, RUNNING), (200, RESTARTED)], &NOBODY);
    assert!(ended.stderr.contains("ended 3 times"), "{}", ended.stderr);
    assert_eq!(ended.reason(), "gateway_exited");
}

/// Neither a container that runs nor a Docker that gives no answer is an end.
#[test]
fn without_a_proof_it_is_waited_on() {
    for answers in [&[(200, RUNNING)][..], &[(500, "{}")], &[(404, "page not found")]] {
        let ended = wait(answers, &[&NOBODY[..], &["--timeout", "3s"]].concat());
        assert_eq!(
            (ended.code, ended.reason()),
            (124, "timed_out"),
            "{answers:?}: {}",
            ended.stderr
        );
    }
}

/// A condition that holds is not asked how its container is.
#[test]
fn what_holds_holds() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    let ended = wait(&[(200, RUNNING)], &["tcp", "--address", &address]);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
}

/// A container that was started again between two looks does not keep it: whoever asked is gone.
#[test]
fn it_is_not_waited_for_whom_nobody_is_left() {
    let mut process = Command::new("tail")
        .args(["-f", "/dev/null"])
        .spawn()
        .expect("a process");
    let id = process.id().to_string();
    let ends = std::thread::spawn(move || {
        process.kill().expect("SIGKILL");
        process.wait().expect("it ends");
    });
    let ended = asked(&[(200, RUNNING)], &["exited", "--pid", &id, "--timeout", "60s"]);
    ends.join().expect("the process's end");
    assert_eq!(
        (ended.code, ended.reason()),
        (1, "process_gone"),
        "{}",
        ended.stderr
    );
    let ended = asked(
        &[(200, EXITED)],
        &["exited", "--pid", &std::process::id().to_string()],
    );
    assert_eq!(ended.code, 0, "{}", ended.stderr);
}
