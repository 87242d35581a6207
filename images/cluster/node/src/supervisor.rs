//! Keeps the parts running: one that ends is started again; one that cannot stay up ends the container.

use std::collections::VecDeque;
use std::fs::{self, File, OpenOptions};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context, anyhow};
use rustix::process::{Pid, Signal, kill_process};
use tokio::process::{Child, Command};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use crate::layout;
use crate::parts::Part;

/// This many ends within [`WINDOW`] are no accident.
const MOST_ENDS: usize = 5;
const WINDOW: Duration = Duration::from_secs(60);
/// A part that does not stop in this time is killed.
const STOP_GRACE: Duration = Duration::from_secs(5);
/// A log that grew beyond this is emptied: the container must not fill its disk.
const LARGEST_LOG: u64 = 16 << 20;

/// The parts that run.
pub struct Supervisor {
    running: Vec<Running>,
    hopeless: mpsc::Sender<anyhow::Error>,
}

struct Running {
    name: &'static str,
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Supervisor {
    /// No part yet. The receiver gets the reason why the container cannot go on.
    pub fn new() -> (Self, mpsc::Receiver<anyhow::Error>) {
        let (hopeless, reasons) = mpsc::channel(8);
        (
            Self {
                running: Vec::new(),
                hopeless,
            },
            reasons,
        )
    }

    /// Starts a part and keeps it running.
    pub fn start(&mut self, part: Part) {
        let (stop, stopping) = watch::channel(false);
        let hopeless = self.hopeless.clone();
        let name = part.name;
        let task = tokio::spawn(async move {
            if let Err(error) = keep_running(part, stopping).await {
                let _ = hopeless.send(error).await;
            }
        });
        self.running.push(Running { name, stop, task });
    }

    /// Stops parts, all at once, and waits until they have ended.
    pub async fn stop(&mut self, names: &[&str]) {
        let is_meant = |running: &mut Running| names.contains(&running.name);
        let ending: Vec<Running> = self.running.extract_if(.., is_meant).collect();
        for part in &ending {
            let _ = part.stop.send(true);
        }
        for part in ending {
            let _ = part.task.await;
        }
    }
}

async fn keep_running(part: Part, mut stopping: watch::Receiver<bool>) -> anyhow::Result<()> {
    let mut ends = VecDeque::new();
    loop {
        let mut child = spawn(&part).with_context(|| format!("{} cannot be started", part.name))?;
        let mut each_minute = tokio::time::interval(Duration::from_secs(60));
        let status = loop {
            tokio::select! {
                status = child.wait() => break status?,
                _ = stopping.changed() => return stop(&mut child).await,
                _ = each_minute.tick() => limit_log(&part),
            }
        };
        let now = Instant::now();
        ends.push_back(now);
        while ends.front().is_some_and(|end| now - *end > WINDOW) {
            ends.pop_front();
        }
        eprintln!(
            "cluster-node: {} ended ({status}); it is started again",
            part.name
        );
        if ends.len() >= MOST_ENDS {
            let seconds = WINDOW.as_secs();
            return Err(anyhow!(
                "{} ended {} times within {seconds} s; its last lines:\n{}",
                part.name,
                ends.len(),
                last_lines(&part)
            ));
        }
        tokio::select! {
            () = tokio::time::sleep(pause_after(ends.len())) => {}
            _ = stopping.changed() => return Ok(()),
        }
    }
}

/// How long to wait before the start after the n-th end: the first is at once.
fn pause_after(ends: usize) -> Duration {
    match ends {
        0 | 1 => Duration::ZERO,
        more => Duration::from_millis(100 << more.min(6)),
    }
}

fn log_file(part: &Part) -> PathBuf {
    PathBuf::from(layout::LOGS).join(format!("{}.log", part.name))
}

fn open_log(part: &Part) -> anyhow::Result<File> {
    let path = log_file(part);
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(&path)
        .with_context(|| path.display().to_string())
}

fn spawn(part: &Part) -> anyhow::Result<Child> {
    let log = open_log(part)?;
    let child = Command::new(part.program)
        .args(&part.arguments)
        .env("KUBECONFIG", layout::KUBECONFIG)
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log)
        .spawn()?;
    Ok(child)
}

async fn stop(child: &mut Child) -> anyhow::Result<()> {
    if let Some(pid) = child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?)) {
        let _ = kill_process(pid, Signal::TERM);
    }
    if tokio::time::timeout(STOP_GRACE, child.wait()).await.is_err() {
        child.kill().await?;
    }
    Ok(())
}

fn limit_log(part: &Part) {
    let path = log_file(part);
    if fs::metadata(&path).is_ok_and(|log| log.len() > LARGEST_LOG) {
        let _ = OpenOptions::new()
            .write(true)
            .open(path)
            .and_then(|log| log.set_len(0));
    }
}

fn last_lines(part: &Part) -> String {
    let text = fs::read_to_string(log_file(part)).unwrap_or_default();
    let lines: Vec<&str> = text.lines().rev().take(10).collect();
    lines.into_iter().rev().collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_restart_is_at_once_and_later_ones_wait_longer() {
        assert_eq!(pause_after(1), Duration::ZERO);
        assert!(pause_after(2) < pause_after(3));
        assert!(pause_after(100) <= Duration::from_secs(10));
    }
}
