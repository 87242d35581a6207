//! A run that is killed at any call, then run again, leaves what an undisturbed run leaves.

use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;

use docker_proxy::{DockerProxy, Fault, When, is_thorough};

use played_gateway::{PlayedGateway, docker, free_port, skipped};

/// What is there of a gateway, without what differs from run to run.
fn state(gateway: &PlayedGateway) -> (Vec<String>, String, Vec<String>) {
    let container = if gateway.left().iter().any(|line| line.starts_with("container")) {
        gateway.inspect("{{.State.Status}} {{.Config.Hostname}} {{json .HostConfig.PortBindings}} {{json .Config.Env}} {{json .Config.Labels}} {{json .Config.Cmd}}")
    } else {
        String::new()
    };
    let mut files: Vec<String> = std::fs::read_dir(gateway.folder())
        .map(|entries| {
            entries
                .flatten()
                .map(|entry| entry.file_name().to_string_lossy().into_owned())
                .collect()
        })
        .unwrap_or_default();
    // Whoever is refused reads in it who works; it says nothing of the gateway.
    files.retain(|name| name != "lock");
    files.sort();
    (gateway.left(), container, files)
}

/// Kills `arguments` at its calls, one after another, each time from what `prepare` makes.
fn sweep(gateway: &PlayedGateway, prepare: impl Fn(), arguments: &[&str]) {
    let proxy = DockerProxy::new();
    let host = proxy.host();
    let through = [arguments, &["--docker-host", &host]].concat();
    prepare();
    proxy.clear();
    gateway.done(&through);
    let calls = proxy.clear().len();
    let undisturbed = state(gateway);
    let everywhere = (1..=calls).flat_map(|call| [(call, Fault::KillBefore), (call, Fault::KillAfter)]);
    let points: Vec<(usize, Fault)> = if is_thorough() {
        everywhere.collect()
    } else {
        vec![
            (1, Fault::KillBefore),
            (calls / 2, Fault::KillAfter),
            (calls, Fault::KillBefore),
        ]
    };
    let mut killed = 0;
    for (point, fault) in points {
        prepare();
        proxy.inject(fault, When::At(point));
        let mut command = gateway.command(&through);
        let ended = command.stdin(Stdio::null()).output().expect("the program");
        proxy.clear();
        // How often a node is asked for its kubeconfig differs from run to run: one that needs fewer calls ends by itself.
        let survived = ended.status.success() && point > calls / 2;
        assert!(
            ended.status.signal() == Some(9) || survived,
            "{fault:?} at {point} of {calls}: {ended:?}"
        );
        killed += usize::from(!survived);
        gateway.done(&through);
        assert_eq!(state(gateway), undisturbed, "{fault:?} at {point} of {calls}");
        let again = gateway.done(&through);
        assert_eq!(
            again.document["changed"], false,
            "{fault:?} at {point} of {calls}: {}",
            again.stdout
        );
    }
    assert!(killed >= 2, "{killed}");
    println!("{arguments:?}: {calls} calls, killed {killed} times");
}

fn nothing(gateway: &PlayedGateway) {
    gateway.done(&["remove", "--volume", "--yes"]);
}

#[test]
fn a_first_start() {
    if skipped() {
        return;
    }
    let gateway = PlayedGateway::new();
    let port = gateway.port.to_string();
    let arguments = ["ensure", "--image", &gateway.image, "--port", &port];
    sweep(&gateway, || nothing(&gateway), &arguments);
}

#[test]
fn a_replacement_with_another_port() {
    if skipped() {
        return;
    }
    let gateway = PlayedGateway::new();
    let other = free_port().to_string();
    let prepare = || {
        nothing(&gateway);
        gateway.created();
    };
    sweep(&gateway, prepare, &["ensure", "--port", &other]);
}

#[test]
fn a_resume_of_a_stopped_container() {
    if skipped() {
        return;
    }
    let gateway = PlayedGateway::new();
    let prepare = || {
        nothing(&gateway);
        gateway.created();
        gateway.done(&["stop"]);
    };
    sweep(&gateway, prepare, &["ensure"]);
}

#[test]
fn a_resume_from_the_volume() {
    if skipped() {
        return;
    }
    let gateway = PlayedGateway::new();
    let prepare = || {
        nothing(&gateway);
        gateway.created();
        gateway.done(&["remove"]);
    };
    sweep(&gateway, prepare, &["ensure"]);
}

#[test]
fn a_removal_with_all() {
    if skipped() {
        return;
    }
    let gateway = PlayedGateway::new();
    let prepare = || {
        gateway.created();
    };
    sweep(&gateway, prepare, &["remove", "--volume", "--yes"]);
}

#[test]
fn a_killed_replacement_is_ended_by_a_run_without_its_flags() {
    if skipped() {
        return;
    }
    let gateway = PlayedGateway::new();
    gateway.created();
    let other = free_port().to_string();
    let proxy = DockerProxy::new();
    // The third write is the creation: the former container was stopped and set aside before.
    proxy.inject(Fault::KillBefore, When::AtWrite(3));
    let arguments = [
        "ensure",
        "--port",
        &other,
        "--env",
        "X=1",
        "--docker-host",
        &proxy.host(),
    ];
    let ended = gateway.command(&arguments).output().expect("the program");
    assert_eq!(ended.status.signal(), Some(9), "{ended:?}");
    assert!(gateway.folder().join("journal.json").exists());
    let carried_on = gateway.done(&["ensure"]).document;
    assert_eq!(carried_on["port"].to_string(), other);
    assert!(gateway.inspect("{{json .Config.Env}}").contains("X=1"));
    assert!(!gateway.folder().join("journal.json").exists());
    assert_eq!(gateway.left().len(), 3, "{:?}", gateway.left());
    docker(&["inspect", &gateway.resource()]);
}
