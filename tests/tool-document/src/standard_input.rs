//! Runs that wait for standard input, which never comes.

use std::process::{Child, Command, Stdio};

use crate::{Run, read};

/// The run with `--timeout 300ms`, then one that gets SIGTERM. `command` makes a run that reads standard input.
///
/// # Panics
/// Where the tool cannot be started.
pub fn without_standard_input(mut command: impl FnMut() -> Command) -> [Run; 2] {
    let mut limited = command();
    let limited = ended(limited.args(["--timeout", "300ms"]), |_| {});
    let asked = ended(&mut command(), |child| {
        let ended = Command::new("kill").arg(child.id().to_string()).status();
        assert!(ended.expect("kill").success());
    });
    [limited, asked]
}

fn ended(command: &mut Command, then: impl FnOnce(&Child)) -> Run {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the tool can be started");
    // Dropped at the end of the run alone.
    let held = child.stdin.take();
    until_it_reads(&child);
    then(&child);
    let output = child.wait_with_output().expect("its end");
    drop(held);
    read(command, &output)
}

/// One of its threads sleeps in read(0, ...): the files of proc_pid_syscall(5) have the number of the call, then its arguments. A run that
/// has ended already is waited for no longer.
fn until_it_reads(child: &Child) {
    let end = std::time::Instant::now() + std::time::Duration::from_secs(20);
    let reads = || {
        let threads = std::fs::read_dir(format!("/proc/{}/task", child.id()))
            .into_iter()
            .flatten();
        threads.flatten().any(|thread| {
            let call = std::fs::read_to_string(thread.path().join("syscall")).unwrap_or_default();
            call.starts_with("0 0x0 ")
        })
    };
    while !reads() && std::time::Instant::now() < end {
        let state = std::fs::read_to_string(format!("/proc/{}/stat", child.id())).unwrap_or_default();
        if state.contains(") Z ") {
            return;
        }
        std::thread::yield_now();
    }
}
