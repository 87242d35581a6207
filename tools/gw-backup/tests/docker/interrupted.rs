//! Backups that end early: nothing stays paused or stopped.

use std::process::{Child, Command, Output, Stdio};

use docker_proxy::{DockerProxy, Fault, When};
use played_gateway::{PlayedGateway, actions, skipped};

/// The call that reads the volume: the one after the container is held.
fn reading(gateway: &PlayedGateway, proxy: &DockerProxy, file: &str) -> usize {
    proxy.clear();
    gateway.done_by("gw-backup", &["create", file, "--docker-host", &proxy.host()]);
    let calls = proxy.clear();
    let held = calls.iter().position(|call| call.path.ends_with("/pause"));
    held.expect("the container is paused") + 2
}

fn started(mut command: Command) -> Child {
    let started = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    started.expect("the program")
}

fn signal(word: &str, child: &Child) {
    let sent = Command::new("kill")
        .args([word, &child.id().to_string()])
        .status();
    assert!(sent.expect("kill").success());
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_backup_that_is_cut_short_lets_its_container_go() {
    if skipped() {
        return;
    }
    let gateway = PlayedGateway::new();
    gateway.created();
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("backup").display().to_string();
    let proxy = DockerProxy::new();
    let number = reading(&gateway, &proxy, &file);
    let words = |more: &[&str]| {
        let mut command = gateway.tool("gw-backup", &["create", &file, "--docker-host", &proxy.host()]);
        command.args(more);
        command
    };
    for how in ["pause", "stop"] {
        let how: &[&str] = if how == "stop" { &["--stop"] } else { &[] };
        for (word, code) in [("-INT", 130), ("-TERM", 143), ("-HUP", 129)] {
            proxy.clear();
            proxy.inject(Fault::Hold, When::At(number));
            let child = started(words(how));
            proxy.wait_for_held(1);
            assert_ne!(gateway.inspect("{{.State.Status}}"), "running");
            signal(word, &child);
            let ended = child.wait_with_output().expect("its end");
            assert_eq!(ended.status.code(), Some(code), "{word}: {}", said(&ended));
            assert_eq!(gateway.inspect("{{.State.Status}}"), "running", "{word} {how:?}");
            assert!(!gateway.folder().join("held.json").exists(), "{word} {how:?}");
        }
    }
    proxy.inject(Fault::Hold, When::At(number));
    let ended = words(&["--timeout", "3s"]).output().expect("the program");
    assert_eq!(ended.status.code(), Some(124), "{}", said(&ended));
    assert_eq!(gateway.inspect("{{.State.Status}}"), "running");
}

#[test]
fn what_a_killed_backup_held_is_let_go_by_the_next_run_of_any_verb() {
    if skipped() {
        return;
    }
    let gateway = PlayedGateway::new();
    gateway.created();
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("backup").display().to_string();
    let proxy = DockerProxy::new();
    for next in ["create", "ensure", "by hand"] {
        // Docker has paused it, and the run does not know that yet.
        proxy.inject(Fault::KillAfter, When::AtWrite(1));
        let mut killed = gateway.tool("gw-backup", &["create", &file, "--docker-host", &proxy.host()]);
        let ended = killed.output().expect("the program");
        assert_eq!(ended.status.code(), None, "{}", said(&ended));
        assert_eq!(gateway.inspect("{{.State.Status}}"), "paused", "{next}");
        let name = gateway.resource();
        let unpaused = format!("unpause container {name}");
        match next {
            "create" => {
                let run = gateway.done_by("gw-backup", &["create", &file]);
                let written = format!("write backup {file}");
                let paused = format!("pause container {name}");
                assert_eq!(actions(&run), [unpaused.clone(), paused, unpaused, written]);
            }
            "ensure" => assert_eq!(actions(&gateway.done(&["ensure"])), [unpaused]),
            // What a person pauses is left so, once what the killed run held is forgotten.
            _ => {
                played_gateway::docker(&["unpause", &name]);
                gateway.done_by("gw-backup", &["create", &file]);
                played_gateway::docker(&["pause", &name]);
                gateway.done_by("gw-backup", &["create", &file]);
                assert_eq!(gateway.inspect("{{.State.Status}}"), "paused");
                continue;
            }
        }
        assert_eq!(gateway.inspect("{{.State.Status}}"), "running", "{next}");
        assert!(!gateway.folder().join("held.json").exists(), "{next}");
    }
}

#[test]
fn a_backup_under_nohup_goes_on_when_its_terminal_is_gone() {
    if skipped() {
        return;
    }
    let gateway = PlayedGateway::new();
    gateway.created();
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("backup").display().to_string();
    let proxy = DockerProxy::new();
    let number = reading(&gateway, &proxy, &file);
    proxy.inject(Fault::Hold, When::At(number));
    let tool = gateway.tool("gw-backup", &["create", &file, "--docker-host", &proxy.host()]);
    let mut command = Command::new("env");
    command
        .arg("--ignore-signal=HUP")
        .arg(tool.get_program())
        .args(tool.get_args());
    for (name, value) in tool.get_envs() {
        match value {
            Some(value) => command.env(name, value),
            None => command.env_remove(name),
        };
    }
    let child = started(command);
    proxy.wait_for_held(1);
    signal("-HUP", &child);
    proxy.clear();
    let ended = child.wait_with_output().expect("its end");
    assert_eq!(ended.status.code(), Some(0), "{}", said(&ended));
}
