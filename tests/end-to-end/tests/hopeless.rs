//! A start that cannot succeed ends early, and says why.

use std::io::{BufRead, BufReader, Read};
use std::process::Stdio;
use std::time::{Duration, Instant};

use end_to_end::{Ended, TestGateway, docker, skipped_without_docker};

/// Starts the gateway and kills its container as soon as that runs.
fn start_with_killed_container(gateway: &TestGateway) -> Ended {
    let mut driver = gateway
        .command("start", &["--port", &gateway.port.to_string(), "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the driver");
    let mut stderr = BufReader::new(driver.stderr.take().expect("standard error"));
    let mut said = String::new();
    while !said.lines().any(|line| line.starts_with("  container ")) {
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
    let ended = start_with_killed_container(&gateway);
    assert_eq!(ended.code, 1, "{}", ended.stderr);
    assert_eq!(ended.document()["error"]["reason"], "gateway_exited");
    assert!(ended.stderr.contains("exit code 137"), "{}", ended.stderr);
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
