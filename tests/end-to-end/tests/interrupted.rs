//! Runs of the driver that end early, and runs that meet: the next start brings the gateway to the same end.

use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use end_to_end::{
    Ended, Person, TestGateway, docker, repository, run_by, skipped_without_docker, typed, until,
};

/// Starts the driver and returns once it has said that a step is done. Gives back what it said until then, too.
fn run_until(
    gateway: &TestGateway,
    step: &str,
    flags: &[&str],
) -> (Child, String, BufReader<std::process::ChildStderr>) {
    // A test that was started in the background inherits that SIGINT is ignored, and no shell can take that back.
    let mut env = Command::new("env");
    env.arg("--default-signal=INT");
    let mut driver = run_by(env, &gateway.command("start", flags))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the driver");
    let mut stderr = BufReader::new(driver.stderr.take().expect("standard error"));
    let (mut said, line_of_step) = (String::new(), format!("  {step} "));
    while !said.lines().any(|line| line.starts_with(&line_of_step)) {
        if stderr.read_line(&mut said).expect("standard error") == 0 {
            let ended = driver.wait();
            panic!("the driver ended before step {step}: {ended:?}\n{said}");
        }
    }
    (driver, said, stderr)
}

/// The command lines of those processes whose folder in /proc is one that is looked for.
fn processes(is_one: impl Fn(&std::path::Path) -> bool) -> Vec<String> {
    let all = std::fs::read_dir("/proc").expect("/proc");
    all.map(|entry| entry.expect("a process").path())
        .filter(|process| is_one(process))
        .map(|process| {
            std::fs::read_to_string(process.join("cmdline"))
                .unwrap_or_default()
                .replace('\0', " ")
        })
        .filter(|line| !line.is_empty())
        .collect()
}

/// Processes that work with this gateway's client files.
fn processes_of(gateway: &TestGateway) -> Vec<String> {
    let config = gateway.config().display().to_string();
    processes(|process| {
        let environment = std::fs::read(process.join("environ")).unwrap_or_default();
        environment
            .windows(config.len())
            .any(|window| window == config.as_bytes())
    })
}

/// Ctrl-C for a run of the driver: it ends at once, says what is left and what to type, and leaves no process.
fn interrupt(gateway: &TestGateway, driver: &mut Child, mut rest: impl Read) {
    let mut kill = Command::new("kill");
    kill.args(["-INT", &driver.id().to_string()]);
    Ended::of(kill).well();
    let told = Instant::now();
    let status = driver.wait().expect("the driver ends");
    assert!(told.elapsed() < Duration::from_secs(10), "{:?}", told.elapsed());
    let mut said = String::new();
    rest.read_to_string(&mut said).expect("standard error");
    assert_eq!(status.code(), Some(130), "{said}");
    assert!(said.contains("interrupted by SIGINT"), "{said}");
    assert!(
        said.contains(&format!("next: {} start --gateway {}", typed(), gateway.name)),
        "{said}"
    );
    assert_eq!(processes_of(gateway), Vec::<String>::new());
}

/// The signal comes when the tool has been begun and the driver does not know its process yet.
#[test]
fn a_tool_that_was_begun_just_before_a_signal_is_ended() {
    let folder = tempfile::tempdir().expect("a folder");
    let here = folder.path().display().to_string();
    let script = r#"set -euo pipefail
        source scripts/lib/words.sh; source scripts/lib/steps.sh
        declare -A given=()
        called=openshell gw=openshell verb=start gateway=g lock= json=false began=0
        here=$1
        interrupt() { [[ $BASH_COMMAND != "running["* ]] || kill -INT $$; }
        set -o functrace
        trap interrupt DEBUG
        spawn tool tail -f --pid "$PPID" /dev/null "$here/none" 2>/dev/null
        await tool"#;
    let mut command = Command::new("bash");
    command
        .args(["-c", script, "bash", &here])
        .current_dir(repository());
    let ended = Ended::of(command);
    assert_eq!(ended.code, 130, "{}", ended.stderr);
    // Also where only the tool's words go elsewhere.
    assert!(ended.stderr.contains("interrupted by SIGINT"), "{}", ended.stderr);
    let left = processes(|process| {
        let line = std::fs::read_to_string(process.join("cmdline")).unwrap_or_default();
        line.contains(&here)
    });
    assert_eq!(left, Vec::<String>::new());
}

/// The steps after which a start is ended: all of them only where everything is to be swept.
fn steps(few: &[&'static str]) -> Vec<&'static str> {
    if std::env::var_os("OPENSHELL_TEST_ALL").is_none() {
        return few.to_vec();
    }
    vec![
        "image",
        "container",
        "api",
        "namespace",
        "certificates",
        "secret",
        "nodes",
    ]
}

#[test]
fn ctrl_c_at_a_first_start_leaves_what_the_next_one_goes_on_from() {
    if skipped_without_docker() {
        return;
    }
    let gateway = TestGateway::unmade();
    let port = gateway.port.to_string();
    let (mut driver, _, rest) = run_until(&gateway, "container", &["--port", &port]);
    interrupt(&gateway, &mut driver, rest);
    gateway.start(&[]).well();
    assert_eq!(gateway.status()["state"], "serving");
}

#[test]
fn ended_after_any_step_the_next_start_goes_on() {
    if skipped_without_docker() {
        return;
    }
    let gateway = TestGateway::started();
    let person = Person::of(&gateway);
    let sandbox = person.make_sandbox("kept");
    person.says(&sandbox, "a line to keep");
    let goes_on = |how: &str| {
        gateway.start(&[]).well();
        assert_eq!(person.reads(&sandbox), ["a line to keep"], "{how}");
        let another = person.make_sandbox(how);
        person.says(&another, "a line of another");
    };
    for step in steps(&["container", "certificates", "nodes"]) {
        gateway.run("stop", &[]).well();
        let (mut driver, _, _) = run_until(&gateway, step, &[]);
        driver.kill().expect("SIGKILL");
        driver.wait().expect("the driver ends");
        goes_on(&format!("killed-after-{step}"));
        // What the killed run had begun ends by itself, with nothing happening to the gateway.
        until("no process of the killed run is left", || {
            processes_of(&gateway).is_empty()
        });
    }
    for step in steps(&["namespace"]) {
        gateway.run("stop", &[]).well();
        let (mut driver, _, rest) = run_until(&gateway, step, &[]);
        interrupt(&gateway, &mut driver, rest);
        goes_on(&format!("interrupted-after-{step}"));
    }
}

#[test]
fn of_four_starts_at_once_one_works_and_the_others_wait() {
    if skipped_without_docker() {
        return;
    }
    let gateway = TestGateway::unmade();
    let port = gateway.port.to_string();
    let starts: Vec<Child> = (0..4)
        .map(|_| {
            let mut command = gateway.command("start", &["--port", &port]);
            command
                .stdout(Stdio::piped())
                .stderr(Stdio::piped())
                .spawn()
                .expect("the driver")
        })
        .collect();
    let mut created = 0;
    for start in starts {
        let output = start.wait_with_output().expect("the driver ends");
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{said}");
        created += usize::from(said.contains("create container"));
    }
    assert_eq!(created, 1, "several runs made a container");
    let name = format!("name={}", gateway.resource());
    for kind in [vec!["ps", "--all"], vec!["volume", "ls"], vec!["network", "ls"]] {
        let listed = docker(&[&kind[..], &["--quiet", "--filter", &name]].concat());
        assert_eq!(listed.lines().count(), 1, "{kind:?}: {listed}");
    }
    assert_eq!(gateway.status()["state"], "serving");
}
