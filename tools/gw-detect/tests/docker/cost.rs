//! What asking costs: it is meant to be asked often.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use docker_proxy::{DockerProxy, Fault, When};

use crate::played_gateway::{PlayedGateway, skipped};

/// Bytes that the process may have in memory at most.
const MEMORY: u64 = 15 << 20;

#[test]
fn questions_are_asked_side_by_side_and_in_little_memory() {
    if skipped() {
        return;
    }
    let gateway = PlayedGateway::new();
    let image = gateway.build("");
    gateway.make(&["create"], &[], &image);
    let proxy = DockerProxy::new();
    let count = |first: usize, held: usize| {
        proxy.inject(Fault::Hold, When::From(first));
        let mut command = gateway.command(&["--docker-host", &proxy.host()]);
        let mut started = command
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the tool");
        proxy.wait_for_held(held);
        let status = std::fs::read_to_string(format!("/proc/{}/status", started.id())).expect("a process");
        proxy.clear();
        assert!(started.wait().expect("an end").success());
        let line = status
            .lines()
            .find(|line| line.starts_with("VmHWM:"))
            .expect("a line");
        line.split_whitespace()
            .nth(1)
            .and_then(|word| word.parse::<u64>().ok())
            .expect("kB")
            * 1024
    };
    // The version; container, volume, networks and the list of containers at once; the image.
    count(1, 1);
    count(2, 4);
    let peak = count(6, 1);
    proxy.inject(Fault::Status(500), When::At(7));
    assert_eq!(
        gateway.run(&["--docker-host", &proxy.host()]).code,
        0,
        "there is no seventh call"
    );
    println!("gw-detect: {} KiB in memory at most", peak / 1024);
    assert!(peak < MEMORY, "{peak} bytes");
}

#[test]
fn takes_less_than_half_the_time_of_docker_inspect() {
    if skipped() {
        return;
    }
    let gateway = PlayedGateway::new();
    let image = gateway.build("");
    gateway.make(&["run", "--detach"], &["--env", "DISABLE_TLS=true"], &image);
    gateway.reaches("serving");
    let resource = gateway.resource();
    let time = |command: &mut Command| {
        let begun = Instant::now();
        let ended = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
        assert!(ended.expect("a program").success());
        begun.elapsed()
    };
    // What else runs on the machine disturbs both unequally: one quiet round of three is enough.
    let fast = (0..3).any(|_| {
        let (mut own, mut inspects): (Vec<Duration>, Vec<Duration>) = (0..30)
            .map(|_| {
                let own = time(&mut gateway.command(&[]));
                (own, time(Command::new("docker").args(["inspect", &resource])))
            })
            .unzip();
        own.sort();
        inspects.sort();
        println!(
            "gw-detect {:?}, docker inspect {:?}: median of 30 each, side by side",
            own[15], inspects[15]
        );
        own[15] * 2 <= inspects[15]
    });
    assert!(fast, "not once in three rounds");
}
