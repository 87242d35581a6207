//! The main process of a sandbox: a command, or nothing but the supervisor.

use std::path::Path;
use std::time::Duration;

use anyhow::Context;
use rustix::process::{Pid, Signal, kill_process};
use tokio::process::Child;

use crate::command;

/// What a process has that SIGTERM ended.
const TERMINATED: i32 = 143;
/// How long it may take to end.
const END_TIME: Duration = Duration::from_secs(1);

/// The main process.
pub struct MainProcess(Option<Child>);

impl MainProcess {
    /// Starts `words`; with none there is no process.
    pub fn start(words: &[String], data: &Path) -> anyhow::Result<Self> {
        let Some(mut command) = command::of(words, data) else {
            return Ok(Self(None));
        };
        let child = command.kill_on_drop(true).spawn();
        let child =
            child.with_context(|| format!("the main process cannot be started: {}", words.join(" ")))?;
        Ok(Self(Some(child)))
    }

    /// Waits until it ends by itself; its exit code. Without a process that is never.
    pub async fn ended(&mut self) -> i32 {
        match &mut self.0 {
            Some(child) => command::code(child.wait().await),
            None => std::future::pending().await,
        }
    }

    /// Ends it; its exit code.
    pub async fn end(&mut self) -> i32 {
        let Some(child) = &mut self.0 else {
            return TERMINATED;
        };
        let pid = child
            .id()
            .and_then(|id| i32::try_from(id).ok())
            .and_then(Pid::from_raw);
        if let Some(pid) = pid {
            // It may have ended already.
            let _ = kill_process(pid, Signal::TERM);
        }
        if let Ok(ended) = tokio::time::timeout(END_TIME, child.wait()).await {
            return command::code(ended);
        }
        let _ = child.start_kill();
        command::code(child.wait().await)
    }
}
