//! A Docker that a test may end: its own daemon, folders, socket and network namespace, beside the machine's Docker.

use std::fs::File;
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, geteuid, kill_process};
use rustix::thread::{LinkNameSpaceType, move_into_link_name_space};

use crate::driver::Ended;
use crate::gateway::random_name;
use crate::loop_disk::LoopDisk;

/// How long the daemon may take to answer or to end.
const PATIENCE: Duration = Duration::from_secs(120);

/// Runs what uses such a Docker on a thread of its own, which goes to that Docker's network. Says, and gives `None`, if this machine cannot
/// start one.
///
/// # Panics
/// If `body` does.
pub fn beside_docker<T: Send + 'static>(body: impl FnOnce() -> T + Send + 'static) -> Option<T> {
    if !geteuid().is_root() {
        println!("skipped: only root can start a second Docker");
        return None;
    }
    let ended = std::thread::spawn(body).join();
    Some(ended.unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
}

/// The Docker. Dropping it ends it and all that it runs.
#[derive(Debug)]
pub struct OwnDocker {
    // Before the folder that it is in.
    disk: Option<LoopDisk>,
    folder: tempfile::TempDir,
    namespace: String,
    daemon: Option<Child>,
}

impl OwnDocker {
    /// Starts it. The calling thread, and what it starts from now on, is on its network: there its published ports are.
    ///
    /// # Panics
    /// Where it does not answer.
    pub fn started() -> Self {
        Self::made(None)
    }

    /// The same with all that it keeps on a disk of its own, of this many bytes.
    ///
    /// # Panics
    /// Where it does not answer, or the disk cannot be made.
    pub fn on_a_disk(size: u64) -> Self {
        Self::made(Some(size))
    }

    fn made(size: Option<u64>) -> Self {
        let folder = tempfile::Builder::new()
            .prefix("openshell-docker-")
            .tempdir()
            .expect("a folder");
        let made = Self {
            disk: size.map(|size| LoopDisk::mounted_in(folder.path(), size)),
            folder,
            namespace: random_name(),
            daemon: None,
        };
        ip(&["netns", "add", &made.namespace]);
        ip(&["-n", &made.namespace, "link", "set", "lo", "up"]);
        // `ip netns exec` would give the daemon a /sys of its own, in which it finds no control groups.
        let namespace = File::open(format!("/run/netns/{}", made.namespace)).expect("the namespace");
        move_into_link_name_space(namespace.as_fd(), Some(LinkNameSpaceType::Network))
            .expect("root may do that");
        std::fs::write(made.at("daemon.json"), "{}").expect("room");
        let mut made = made;
        made.start();
        made
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// As DOCKER_HOST takes it.
    pub fn host(&self) -> String {
        format!("unix://{}", self.at("docker.sock").display())
    }

    /// Starts the daemon, and waits until it answers: by then it has started what it starts by itself. One that gives up, as it
    /// does where its containerd is slow to come up, is started again, as a service is.
    ///
    /// # Panics
    /// Where it does not answer.
    pub fn start(&mut self) {
        self.spawn();
        let end = Instant::now() + PATIENCE;
        while !self.answers() {
            let daemon = self.daemon.as_mut().expect("a daemon");
            if daemon.try_wait().expect("its state").is_some() {
                self.spawn();
            }
            assert!(Instant::now() < end, "no dockerd:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn spawn(&mut self) {
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.at("log"))
            .expect("room");
        let mut command = Command::new("dockerd");
        command
            .arg("--config-file")
            .arg(self.at("daemon.json"))
            .arg("--data-root")
            .arg(
                self.disk
                    .as_ref()
                    .map_or_else(|| self.at("data"), |disk| disk.path().join("data")),
            )
            .arg("--exec-root")
            .arg(self.at("exec"))
            .arg("--pidfile")
            .arg(self.at("pid"))
            .args(["--host", &self.host()])
            // Where the machine's containerd is used, it keeps apart what belongs to this daemon.
            .args(["--containerd-namespace", &self.namespace])
            .args([
                "--containerd-plugins-namespace",
                &format!("{}-plugins", self.namespace),
            ])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log);
        self.daemon = Some(command.spawn().expect("dockerd"));
    }

    fn answers(&self) -> bool {
        let mut version = Command::new("docker");
        version.args(["--host", &self.host(), "version"]);
        Ended::of(version).code == 0
    }

    /// Sends the daemon a signal, and waits for its end.
    ///
    /// # Panics
    /// Where it does not run.
    pub fn end(&mut self, signal: Signal) {
        let mut daemon = self.daemon.take().expect("a daemon");
        let pid = Pid::from_child(&daemon);
        kill_process(pid, signal).expect("it runs");
        daemon.wait().expect("its end");
    }

    /// The power goes and comes back: what is on the disk at this moment is all that there is, and Docker is started on it.
    ///
    /// # Panics
    /// Without a disk of its own, or where it does not come up again.
    pub fn loses_power(&mut self) {
        let disk = self.disk.as_ref().expect("a disk");
        // Nothing is written while the disk is copied, and nothing of it is ended before: its end would be seen.
        let held = processes_of(self.folder.path());
        for pid in &held {
            let _ = kill_process(*pid, Signal::STOP);
        }
        let copy = disk.copy();
        let daemon = self.daemon.take();
        // One that was born in between is found now.
        for pid in held.into_iter().chain(processes_of(self.folder.path())) {
            let _ = kill_process(pid, Signal::KILL);
        }
        if let Some(mut daemon) = daemon {
            let _ = daemon.wait();
        }
        while !processes_of(self.folder.path()).is_empty() {
            std::thread::sleep(Duration::from_millis(20));
        }
        unmount_below(&self.at("exec"));
        // These are in memory on a machine. A link leads on to the network of a container that is gone, as long as a connection
        // of it is not given up, and its address is the next container's.
        for link in self.links() {
            let _ = Command::new("ip")
                .args(["-n", &self.namespace, "link", "delete", &link])
                .output();
        }
        let _ = std::fs::remove_dir_all(self.at("exec"));
        let _ = std::fs::remove_file(self.at("pid"));
        disk.comes_back_as(&copy);
        self.start();
    }

    /// The network links that Docker made: bridges, and the ends of containers' links.
    fn links(&self) -> Vec<String> {
        let mut list = Command::new("ip");
        list.args(["-n", &self.namespace, "-brief", "link"]);
        let links = Ended::of(list).well().stdout;
        let names = links
            .lines()
            .filter_map(|line| line.split([' ', '@']).next())
            .filter(|name| *name != "lo");
        names.map(str::to_owned).collect()
    }

    /// Brings an image over from the machine's Docker.
    ///
    /// # Panics
    /// Where that fails.
    pub fn load(&self, image: &str) {
        let mut copy = Command::new("bash");
        copy.args([
            "-c",
            "set -o pipefail; docker save \"$0\" | docker --host \"$1\" load --quiet",
            image,
            &self.host(),
        ]);
        Ended::of(copy).well();
    }

    /// The last lines of the daemon's log.
    pub fn log(&self) -> String {
        let log = std::fs::read_to_string(self.at("log")).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(30)..].join("\n")
    }
}

impl Drop for OwnDocker {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the last lines of dockerd:\n{}", self.log());
        }
        let mut containers = Command::new("bash");
        containers.args([
            "-c",
            "docker --host \"$0\" ps --all --quiet | xargs --no-run-if-empty docker --host \"$0\" rm --force --volumes",
            &self.host(),
        ]);
        let _ = containers.output();
        if let Some(mut daemon) = self.daemon.take() {
            let _ = kill_process(Pid::from_child(&daemon), Signal::TERM);
            let _ = daemon.wait();
        }
        // What outlives a daemon that was killed: containerd, and the programs that hold containers, with the containers.
        for pid in processes_of(self.folder.path()) {
            let _ = kill_process(pid, Signal::KILL);
        }
        unmount_below(self.folder.path());
        let _ = Command::new("ip")
            .args(["netns", "delete", &self.namespace])
            .output();
    }
}

/// The processes whose arguments name the folder, with all that they started: daemon, containerd, and the programs that hold containers, with
/// what runs in those.
fn processes_of(folder: &Path) -> Vec<Pid> {
    let folder = folder.display().to_string();
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    let numbers = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let own = numbers.filter(|pid| {
        std::fs::read(format!("/proc/{pid}/cmdline"))
            .is_ok_and(|words| String::from_utf8_lossy(&words).contains(&folder))
    });
    let mut all: Vec<Pid> = own.filter_map(Pid::from_raw).collect();
    let mut next = 0;
    while next < all.len() {
        for child in children_of(all[next]) {
            if !all.contains(&child) {
                all.push(child);
            }
        }
        next += 1;
    }
    all
}

/// The processes that each thread of the process has started and that have not ended.
fn children_of(pid: Pid) -> Vec<Pid> {
    let threads = std::fs::read_dir(format!("/proc/{}/task", pid.as_raw_nonzero()));
    let lists = threads
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|thread| std::fs::read_to_string(thread.path().join("children")).ok());
    let words: Vec<String> = lists.collect();
    words
        .iter()
        .flat_map(|list| list.split_whitespace())
        .filter_map(|word| Pid::from_raw(word.parse().ok()?))
        .collect()
}

/// The deepest first.
fn unmount_below(folder: &Path) {
    let table = std::fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    let prefix = folder.display().to_string();
    let mut found: Vec<&str> = table
        .lines()
        .filter_map(|line| line.split(' ').nth(1))
        .filter(|path| path.starts_with(&prefix))
        .collect();
    found.sort_by_key(|path| std::cmp::Reverse(path.len()));
    for mount in found {
        let _ = Command::new("umount").arg("--lazy").arg(mount).output();
    }
}

fn ip(arguments: &[&str]) {
    let mut command = Command::new("ip");
    command.args(arguments);
    Ended::of(command).well();
}
