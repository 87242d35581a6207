//! Runs that were killed, and runs that go on.

use std::process::{Child, Command, Stdio};

use end_to_end::{PlayedGateway, skipped_without_docker, typed, until};

use crate::doctor;

/// A run that is ended with this signal where the test is done with it.
struct Run(Child, &'static str);

impl Drop for Run {
    fn drop(&mut self) {
        let _ = Command::new("kill")
            .args([self.1, &self.0.id().to_string()])
            .output();
        let _ = self.0.wait();
    }
}

#[test]
fn a_journal_that_a_killed_run_left() {
    if skipped_without_docker() {
        return;
    }
    let played = PlayedGateway::started();
    let journal = played.gateway.folder().join("journal.json");
    let mut killed = 0;
    // A replacement that ended before it could be killed is begun again.
    until("a replacement is killed while its journal is there", || {
        killed += 1;
        let value = format!("RUN={killed}");
        let mut command = played.ensuring(&["--env", &value]);
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let mut run = Run(command.spawn().expect("the tool"), "-KILL");
        while !journal.exists() && run.0.try_wait().expect("its state").is_none() {
            std::thread::yield_now();
        }
        drop(run);
        journal.exists()
    });
    let found = doctor(&played).names(&["interrupted_run"]);
    let object = &found.finding("interrupted_run")["object"];
    assert_eq!(object, &format!("file {}", journal.display()));
    let next = &found.finding("interrupted_run")["next"];
    assert_eq!(
        next,
        &format!("{} start --gateway {}", typed(), played.gateway.name)
    );
    played.ensure(&[]).well();
    let causes = doctor(&played).causes;
    assert!(!causes.contains(&"interrupted_run".to_owned()), "{causes:?}");
}

#[test]
fn another_run_in_progress() {
    if skipped_without_docker() {
        return;
    }
    let played = PlayedGateway::started();
    // It waits for an API server that a played node does not have.
    let mut command = played.gateway.command("restart", &[]);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let run = Run(command.spawn().expect("the driver"), "-TERM");
    let lock = played.gateway.folder().join("lock");
    let own = format!("{} restart", run.0.id());
    until("the run has the lock", || {
        std::fs::read_to_string(&lock).is_ok_and(|text| text.starts_with(&own))
    });
    let found = doctor(&played).names(&["run_in_progress"]);
    let message = found.finding("run_in_progress")["message"]
        .as_str()
        .unwrap_or_default();
    assert!(
        message.contains(&format!("process {} (restart)", run.0.id())),
        "{message}"
    );
    drop(run);
    until("its tools are gone", || {
        !doctor(&played).causes.contains(&"run_in_progress".to_owned())
    });
}
