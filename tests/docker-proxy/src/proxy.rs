//! The socket.

use std::io::{Error, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Signal, kill_process};

use crate::call::{Call, Request};
use crate::fault::{Fault, When};

/// The socket. Dropping it ends it.
pub struct DockerProxy {
    folder: tempfile::TempDir,
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    calls: Vec<Call>,
    fault: Option<(Fault, When)>,
    held: usize,
    ended: bool,
}

impl DockerProxy {
    /// Before the Docker of this machine.
    ///
    /// # Panics
    /// Where no socket can be made.
    pub fn new() -> Self {
        Self::before(upstream())
    }

    /// Before the Docker at this socket.
    ///
    /// # Panics
    /// Where no socket can be made.
    pub fn before(upstream: PathBuf) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let listener = UnixListener::bind(folder.path().join("docker.sock")).expect("a socket");
        let shared = Arc::new(Shared::default());
        let serving = Arc::clone(&shared);
        std::thread::spawn(move || {
            while let Ok((stream, _)) = listener.accept() {
                if serving.lock().ended {
                    return;
                }
                let (shared, upstream) = (Arc::clone(&serving), upstream.clone());
                std::thread::spawn(move || {
                    // A call ends with an error where a fault cuts it.
                    let _ = serve(&shared, stream, &upstream);
                });
            }
        });
        Self { folder, shared }
    }

    /// As `--docker-host` takes it.
    pub fn host(&self) -> String {
        format!("unix://{}", self.folder.path().join("docker.sock").display())
    }

    /// From now on calls count from 1, and this happens to those that `when` names.
    pub fn inject(&self, fault: Fault, when: When) {
        let mut state = self.shared.lock();
        state.calls.clear();
        state.fault = Some((fault, when));
    }

    /// Ends the fault, lets go of held calls, and returns the calls since the last time.
    pub fn clear(&self) -> Vec<Call> {
        let mut state = self.shared.lock();
        state.fault = None;
        state.held = 0;
        self.shared.changed.notify_all();
        std::mem::take(&mut state.calls)
    }

    /// Waits until so many calls are held at once.
    ///
    /// # Panics
    /// Where they are not within a minute.
    pub fn wait_for_held(&self, count: usize) {
        let (state, _) = self
            .shared
            .changed
            .wait_timeout_while(self.shared.lock(), Duration::from_secs(60), |state| {
                state.held < count
            })
            .unwrap_or_else(PoisonError::into_inner);
        assert!(
            state.held >= count,
            "{} of {count} are held: {:?}",
            state.held,
            state.calls
        );
    }
}

impl Default for DockerProxy {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for DockerProxy {
    fn drop(&mut self) {
        self.shared.lock().ended = true;
        self.clear();
        // Wakes the thread that accepts.
        let _ = UnixStream::connect(self.folder.path().join("docker.sock"));
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, call: Call) -> Option<Fault> {
        let mut state = self.lock();
        let write = call
            .is_write()
            .then(|| 1 + state.calls.iter().filter(|call| call.is_write()).count());
        state.calls.push(call);
        let number = state.calls.len();
        state
            .fault
            .filter(|(_, when)| when.hits(number, write))
            .map(|(fault, _)| fault)
    }

    fn hold(&self) {
        let mut state = self.lock();
        state.held += 1;
        self.changed.notify_all();
        let waited = self.changed.wait_while(state, |state| state.fault.is_some());
        drop(waited.unwrap_or_else(PoisonError::into_inner));
    }
}

/// The socket of this machine's Docker.
fn upstream() -> PathBuf {
    let named = std::env::var("DOCKER_HOST").ok();
    let path = named.as_deref().and_then(|host| host.strip_prefix("unix://"));
    PathBuf::from(path.unwrap_or("/var/run/docker.sock"))
}

fn serve(shared: &Shared, mut tool: UnixStream, upstream: &PathBuf) -> Result<(), Error> {
    let request = Request::read(&mut tool)?;
    let fault = shared.note(request.call.clone());
    match fault {
        Some(Fault::Status(code)) => return refuse(&mut tool, code, request.missing),
        Some(Fault::Cut) => return Ok(()),
        Some(Fault::KillBefore) => return kill(&tool),
        Some(Fault::Hold) => {
            shared.hold();
            if is_gone(&tool) {
                return Ok(());
            }
        }
        _ => {}
    }
    let mut docker = UnixStream::connect(upstream)?;
    docker.write_all(&request.bytes)?;
    let (mut from_tool, mut to_docker) = (tool.try_clone()?, docker.try_clone()?);
    std::thread::spawn(move || {
        let _ = std::io::copy(&mut from_tool, &mut to_docker);
        let _ = to_docker.shutdown(Shutdown::Write);
    });
    match fault {
        Some(Fault::CutAnswer) => answer_begins(&mut docker)?,
        Some(Fault::KillAfter) => {
            answer_begins(&mut docker)?;
            kill(&tool)?;
        }
        Some(Fault::Truncated) => truncate(&mut docker, &mut tool)?,
        _ => {
            std::io::copy(&mut docker, &mut tool)?;
        }
    }
    let _ = docker.shutdown(Shutdown::Both);
    tool.shutdown(Shutdown::Both)
}

/// Has the tool ended? What it asked for is then not to be done behind the back of the next one.
fn is_gone(tool: &UnixStream) -> bool {
    let mut sockets = [PollFd::new(tool, PollFlags::RDHUP)];
    let at_once = Timespec::default();
    poll(&mut sockets, Some(&at_once)).is_ok_and(|closed| closed > 0)
}

/// Waits until Docker has done what was asked: only then does it answer.
fn answer_begins(docker: &mut UnixStream) -> Result<(), Error> {
    docker.read(&mut [0; 65536]).map(drop)
}

fn refuse(tool: &mut UnixStream, code: u16, missing: usize) -> Result<(), Error> {
    std::io::copy(&mut tool.take(missing as u64), &mut std::io::sink())?;
    let body = format!(r#"{{"message":"status {code}, injected by the test"}}"#);
    let length = body.len();
    write!(
        tool,
        "HTTP/1.1 {code} Injected\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    )
}

/// Passes on the head and half of what came of the body.
fn truncate(docker: &mut UnixStream, tool: &mut UnixStream) -> Result<(), Error> {
    let mut bytes = Vec::new();
    let mut part = [0; 65536];
    let head = loop {
        let count = docker.read(&mut part)?;
        bytes.extend_from_slice(&part[..count]);
        match bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            Some(at) if bytes.len() > at + 4 || count == 0 => break at + 4,
            // No body follows, and the connection stays open.
            Some(at) if bytes.starts_with(b"HTTP/1.1 204") || is_empty(&bytes[..at]) => break at / 2,
            None if count == 0 => break 0,
            _ => {}
        }
    };
    let kept = if bytes.len() > head {
        head + (bytes.len() - head) / 2
    } else {
        head
    };
    tool.write_all(&bytes[..kept.min(bytes.len().saturating_sub(1))])
}

fn is_empty(head: &[u8]) -> bool {
    let head = String::from_utf8_lossy(head).to_ascii_lowercase();
    head.lines().any(|line| line == "content-length: 0")
}

/// Kills the process at the other end of the socket.
fn kill(tool: &UnixStream) -> Result<(), Error> {
    let peer = rustix::net::sockopt::socket_peercred(tool)?;
    kill_process(peer.pid, Signal::KILL)?;
    // The connection stays open until the process is gone, so that it sees nothing of this.
    let mut rest = tool;
    let _ = std::io::copy(&mut rest, &mut std::io::sink());
    Ok(())
}
