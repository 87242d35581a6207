//! What asking costs: it is meant to be asked often.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use docker_proxy::{DockerProxy, Fault, When};
use played_gateway::{ServedGateway, skipped};

use crate::states::SECURED;

/// Bytes that the process may have in memory at most.
const MEMORY: u64 = 15_000_000;

#[test]
fn questions_are_asked_side_by_side() {
    if skipped() {
        return;
    }
    let mut gateway = ServedGateway::new();
    let image = gateway.build("");
    gateway.make(&["create"], &[], &image);
    let proxy = DockerProxy::new();
    let count = |first: usize, held: usize| {
        proxy.inject(Fault::Hold, When::From(first));
        let mut command = gateway.tool("gw-detect", &["--docker-host", &proxy.host()]);
        let mut started = command
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the tool");
        proxy.wait_for_held(held);
        proxy.clear();
        assert!(started.wait().expect("an end").success());
    };
    // The version; container, volume, networks and the list of containers at once; the image.
    count(1, 1);
    count(2, 4);
    count(6, 1);
    proxy.inject(Fault::Status(500), When::At(7));
    assert_eq!(
        gateway
            .run_tool("gw-detect", &["--docker-host", &proxy.host()])
            .code,
        0,
        "there is no seventh call"
    );
}

/// A run that meets all there is: a bundle, TLS, and an answer over HTTP/2.
#[test]
fn little_memory_is_needed_also_for_a_gateway_that_serves() {
    if skipped() {
        return;
    }
    let mut gateway = ServedGateway::new();
    let image = gateway.build(SECURED);
    gateway.make(&["run", "--detach"], &[], &image);
    gateway.give_bundle(&gateway.authority);
    gateway.reaches("serving");
    for command in [
        gateway.tool("gw-detect", &[]),
        gateway.tool("gw-detect", &["--size"]),
        gateway.tool_of_any("gw-detect", &["--all"]),
    ] {
        let what = format!("{:?}", command.get_args().collect::<Vec<_>>());
        let peak = peak_of(command);
        println!("gw-detect {what}: {peak} bytes in memory at most");
        assert!((1..MEMORY).contains(&peak), "{what}: {peak} bytes");
    }
}

/// The most that a run had in memory: the kernel's mark, as it was read last before the end.
fn peak_of(mut command: Command) -> u64 {
    let mut started = command
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the tool");
    let status = format!("/proc/{}/status", started.id());
    let mark = || -> Option<u64> {
        let status = std::fs::read_to_string(&status).ok()?;
        // A process that has ended has none.
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        line.trim().strip_suffix(" kB")?.parse().ok()
    };
    let peak = std::iter::from_fn(mark).last();
    assert!(started.wait().expect("an end").success());
    peak.unwrap_or_default() * 1024
}

#[test]
fn takes_less_than_half_the_time_of_docker_inspect() {
    if skipped() {
        return;
    }
    let mut gateway = ServedGateway::new();
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
    // What else runs on the machine disturbs both unequally: one quiet round of eight is enough.
    let fast = (0..8).any(|_| {
        let (mut own, mut inspects): (Vec<Duration>, Vec<Duration>) = (0..30)
            .map(|_| {
                let own = time(&mut gateway.tool("gw-detect", &[]));
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
    assert!(fast, "not once in eight rounds");
}
