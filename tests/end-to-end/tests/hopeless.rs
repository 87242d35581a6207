//! A start that cannot succeed ends early, and says why.

use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use end_to_end::{Ended, TestGateway, docker, repository, skipped_without_docker};

/// Starts the gateway and kills its container once this step is over.
fn start_with_killed_container(gateway: &TestGateway, step: &str) -> Ended {
    let mut driver = gateway
        .command("start", &["--port", &gateway.port.to_string(), "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the driver");
    let mut stderr = BufReader::new(driver.stderr.take().expect("standard error"));
    let mut said = String::new();
    let line_of_step = format!("  {step} ");
    while !said.lines().any(|line| line.starts_with(&line_of_step)) {
        assert!(stderr.read_line(&mut said).expect("standard error") > 0, "{said}");
    }
    docker(&["kill", &gateway.resource()]);
    stderr.read_to_string(&mut said).expect("standard error");
    let output = driver.wait_with_output().expect("the driver ends");
    Ended {
        code: output.status.code().unwrap_or(-1),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: said,
    }
}

#[test]
fn a_start_whose_container_ends_or_whose_pod_cannot_start_is_not_waited_for() {
    if skipped_without_docker() {
        return;
    }
    let gateway = TestGateway::unmade();
    for step in ["container", "namespace"] {
        let ended = start_with_killed_container(&gateway, step);
        assert_eq!(ended.code, 1, "{}", ended.stderr);
        assert_eq!(
            ended.document()["error"]["reason"],
            "gateway_exited",
            "{}",
            ended.stderr
        );
        assert!(ended.stderr.contains("exit code 137"), "{}", ended.stderr);
    }
    gateway.start(&[]).well();

    gateway.kubectl(&[
        "-n",
        "openshell",
        "set",
        "image",
        "statefulset/openshell",
        "openshell=127.0.0.1:1/none:1",
    ]);
    let end = Instant::now() + Duration::from_secs(60);
    while gateway.status()["state"] == "serving" {
        assert!(Instant::now() < end, "it serves on");
        std::thread::sleep(Duration::from_millis(250));
    }
    let ended = gateway.start(&["--json"]);
    assert_eq!(ended.code, 1, "{}", ended.stderr);
    assert_eq!(ended.document()["error"]["reason"], "image_pull_back_off");
    assert!(ended.stderr.contains("127.0.0.1:1/none:1"), "{}", ended.stderr);
}

/// Runs one step of a tool that knows Kubernetes alone. Both programs are scripts; `$here` is the folder that they are in.
fn step_beside_gateway(tool: &str, gw_wait: &str) -> (Ended, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let here = folder.path().display();
    for (name, script) in [("tool", tool), ("gw-wait", gw_wait)] {
        let file = folder.path().join(name);
        std::fs::write(&file, format!("#!/bin/sh\nexport here={here}\n{script}\n")).expect("room");
        std::fs::set_permissions(&file, PermissionsExt::from_mode(0o755)).expect("a file of one's own");
    }
    let script = r#"set -euo pipefail
        for file in words steps recreate bring-up; do source "scripts/lib/$file.sh"; done
        declare -A given=()
        called=openshell gw=openshell verb=start gateway=g lock= json=true began=0 of_docker=() programs=$1
        watch_gateway
        begin nodes tool
        end_steps nodes
        end_sentinel
        finish "it went on""#;
    let mut command = Command::new("bash");
    command
        .args(["-c", script, "bash", &here.to_string()])
        .current_dir(repository());
    (Ended::of(command), folder)
}

/// Waits for what does not come, until its own time is over.
const WAITING: &str =
    "trap 'kill $!; touch $here/ended; exit 143' TERM; timeout 30 tail -f /dev/null & wait; exit 124";

#[test]
fn a_step_that_asks_kubernetes_alone_ends_with_the_gateway() {
    let exited = r#"printf '{"shown_by": "container c has ended", "error": null}'"#;
    let (ended, folder) = step_beside_gateway(WAITING, exited);
    assert_eq!(ended.code, 1, "{}", ended.stderr);
    assert_eq!(ended.document()["error"]["reason"], "gateway_exited");
    assert!(
        ended.stderr.contains("container c has ended; next: "),
        "{}",
        ended.stderr
    );
    assert!(folder.path().join("ended").exists(), "the tool was left running");
}

#[test]
fn a_step_goes_on_where_the_gateway_runs_or_that_cannot_be_told() {
    // A tool that ends well once the other one has begun.
    let until = |file: &str| {
        format!("timeout 60 sh -c 'until [ -e {file} ]; do tail -n 0 /dev/null; done' && printf '{{}}'")
    };
    for answer in ["exit 77", "printf broken; exit 1"] {
        let asked = format!("touch $here/asked; {answer}");
        let (ended, _folder) = step_beside_gateway(&until("$here/asked"), &asked);
        assert_eq!(ended.code, 0, "{answer}: {}", ended.stderr);
        assert_eq!(ended.document()["error"], serde_json::Value::Null, "{answer}");
    }
    // Its end is not kept waiting for the answer, and the question ends with it.
    let asking = "echo $$ >$here/process; touch $here/asked; exec tail -f /dev/null";
    let (ended, folder) = step_beside_gateway(&until("$here/asked"), asking);
    assert_eq!(ended.code, 0, "{}", ended.stderr);
    assert!(!ended.stderr.contains("illed"), "{}", ended.stderr);
    let process = std::fs::read_to_string(folder.path().join("process")).expect("it was asked");
    let is_there = std::path::Path::new("/proc").join(process.trim()).exists();
    assert!(!is_there, "the question was left running");
}
