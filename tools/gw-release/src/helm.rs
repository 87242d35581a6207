//! One run of helm as a child: nothing of the person's helm but its registries' credentials, and never longer than this run.

use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};
use std::time::{Duration, Instant};

use client_files::SharedLock;
use contract::{Failure, TIMED_OUT, typed_by_driver};
use kube_session::Cluster;
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::{Child, Command};
use tokio::sync::OnceCell;

use crate::file_failure::files_failed;
use crate::reasons::MISSING_HELM;

/// Variables by which a person's helm means another cluster, another namespace or another place for revisions.
const FOREIGN: [&str; 11] = [
    "HELM_DRIVER",
    "HELM_KUBEAPISERVER",
    "HELM_KUBEASGROUPS",
    "HELM_KUBEASUSER",
    "HELM_KUBECAFILE",
    "HELM_KUBECONTEXT",
    "HELM_KUBEINSECURE_SKIP_TLS_VERIFY",
    "HELM_KUBETLS_SERVER_NAME",
    "HELM_KUBETOKEN",
    "HELM_MAX_HISTORY",
    "HELM_NAMESPACE",
];
/// The oldest helm 3 that has all that is used. helm 4 applies on the server, where a field that another program wrote is a conflict, and the
/// next revision may be the node's own, by its helm 3.
const OLDEST: u32 = 14;
/// How long a hook may take: helm's own default.
const LONGEST_HOOK: Duration = Duration::from_secs(300);
/// What is kept of the run's time to end helm and to report.
const RESERVE: Duration = Duration::from_secs(5);
/// How long helm may take to write down that it was ended.
const GRACE: Duration = Duration::from_secs(3);
/// How long helm may take to say its version.
const VERSION_LIMIT: Duration = Duration::from_secs(10);
const TICK: Duration = Duration::from_millis(20);

/// helm, and where it works.
#[derive(Debug)]
pub struct Helm {
    programs: Vec<PathBuf>,
    fit: OnceCell<PathBuf>,
    scratch: PathBuf,
    deadline: Instant,
    cluster: Cluster,
    lock: Option<SharedLock>,
}

/// What a run of helm left.
#[derive(Debug)]
pub struct Ended {
    /// Did it succeed?
    pub is_well: bool,
    /// What it said on standard error, for people, in one line.
    pub said: String,
}

enum Run {
    Ended(Ended),
    Late,
    Never(std::io::Error),
}

enum Version {
    Told(String),
    Untold,
    Never(std::io::Error),
}

impl std::fmt::Display for Version {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Told(version) => write!(formatter, "is helm {version}"),
            Self::Untold => write!(formatter, "does not tell its version"),
            Self::Never(error) if error.kind() == ErrorKind::NotFound => {
                formatter.write_str("is not installed")
            }
            Self::Never(error) => write!(formatter, "cannot be run: {error}"),
        }
    }
}

impl Helm {
    /// The first helm that is used here of these paths and names, in a folder of this run; without any, the one on PATH.
    pub fn new(programs: &[PathBuf], scratch: &Path, deadline: Instant, cluster: Cluster) -> Self {
        let mut programs = programs.to_vec();
        if programs.is_empty() {
            programs.push(PathBuf::from("helm"));
        }
        Self {
            programs,
            fit: OnceCell::new(),
            scratch: scratch.to_owned(),
            deadline,
            cluster,
            lock: None,
        }
    }

    /// helm keeps the gateway's lock while it runs, also if it outlives this program, and the lock names it.
    pub fn share(&mut self, lock: SharedLock) {
        self.lock = Some(lock);
    }

    /// Words that name the namespace.
    pub fn in_namespace(&self) -> [String; 2] {
        ["--namespace".to_owned(), self.cluster.namespace.clone()]
    }

    /// Words that name namespace and cluster.
    pub fn on_cluster(&self) -> Vec<String> {
        let mut words = self.in_namespace().to_vec();
        if let Some(kubeconfig) = &self.cluster.kubeconfig {
            words.extend(["--kubeconfig".to_owned(), kubeconfig.display().to_string()]);
        }
        if let Some(context) = &self.cluster.context {
            words.extend(["--kube-context".to_owned(), context.clone()]);
        }
        words
    }

    /// Fails if none is there that is used here.
    pub async fn require_fit(&self) -> Result<(), Failure> {
        self.chosen().await.map(drop)
    }

    /// One that has no other beside it is asked for its version only by [`Self::require_fit`]: that takes as long as some runs.
    async fn program(&self) -> Result<&Path, Failure> {
        match &self.programs[..] {
            [only] => Ok(only),
            _ => self.chosen().await,
        }
    }

    /// The first that is used here.
    pub async fn chosen(&self) -> Result<&Path, Failure> {
        let found = self.fit.get_or_try_init(|| self.first_fit()).await;
        found.map(PathBuf::as_path)
    }

    async fn first_fit(&self) -> Result<PathBuf, Failure> {
        let mut refused = Vec::new();
        for program in &self.programs {
            match self.version_of(program).await? {
                Version::Told(version) if is_fit(&version) => return Ok(program.clone()),
                found => refused.push(format!("{} {found}", program.display())),
            }
        }
        Err(MISSING_HELM.failure(
            format!("there is no helm 3.14 or a later helm 3: {}", refused.join("; ")),
            next_step(),
        ))
    }

    async fn version_of(&self, program: &Path) -> Result<Version, Failure> {
        let output = self.scratch.join("version");
        let words = ["version", "--template", "{{.Version}}"].map(str::to_owned);
        let limit = self.left().min(VERSION_LIMIT);
        let ended = match self.run_program(program, &words, &output, limit).await? {
            Run::Ended(ended) => ended,
            Run::Never(error) => return Ok(Version::Never(error)),
            Run::Late => return Ok(Version::Untold),
        };
        let version = std::fs::read_to_string(&output).map_err(|error| files_failed(&output, &error))?;
        Ok(if ended.is_well {
            Version::Told(version)
        } else {
            Version::Untold
        })
    }

    /// `--timeout`, for each hook and each wait of helm's: at most what is left of the run's time.
    pub fn time_limit(&self) -> [String; 2] {
        let left = self.left().min(LONGEST_HOOK).as_secs().max(1);
        ["--timeout".to_owned(), format!("{left}s")]
    }

    fn left(&self) -> Duration {
        self.deadline
            .saturating_duration_since(Instant::now())
            .saturating_sub(RESERVE)
    }

    /// Runs helm with these words; what it prints goes to `output`.
    pub async fn run(&self, words: &[String], output: &Path) -> Result<Ended, Failure> {
        let program = self.program().await?;
        match self.run_program(program, words, output, self.left()).await? {
            Run::Ended(ended) => Ok(ended),
            Run::Late => Err(self.late(words)),
            Run::Never(error) => Err(MISSING_HELM.failure(
                format!("{} {}", program.display(), Version::Never(error)),
                next_step(),
            )),
        }
    }

    async fn run_program(
        &self,
        program: &Path,
        words: &[String],
        output: &Path,
        limit: Duration,
    ) -> Result<Run, Failure> {
        let log = self.scratch.join("helm.log");
        let file = |path: &Path| File::create(path).map_err(|error| files_failed(path, &error));
        let mut command = Command::new(program);
        for name in FOREIGN {
            command.env_remove(name);
        }
        let started = command
            .args(words)
            .env("KUBECACHEDIR", self.scratch.join("kube"))
            .env("HELM_CACHE_HOME", self.scratch.join("helm"))
            .stdin(Stdio::null())
            .stdout(file(output)?)
            .stderr(file(&log)?)
            .process_group(0)
            .spawn();
        let mut running = match started {
            Ok(child) => Running { child },
            Err(error) => return Ok(Run::Never(error)),
        };
        let named = running.child.id().zip(self.lock.as_ref());
        let _named = named.map(|(id, lock)| lock.is_with(id, "helm")).transpose()?;
        let status = match tokio::time::timeout(limit, running.child.wait()).await {
            Ok(Ok(status)) => status,
            Ok(Err(error)) => return Ok(Run::Never(error)),
            Err(_) => {
                drop(running);
                return Ok(Run::Late);
            }
        };
        Ok(Run::Ended(Ended {
            is_well: ExitStatus::success(&status),
            said: in_one_line(&std::fs::read_to_string(&log).map_err(|error| files_failed(&log, &error))?),
        }))
    }

    fn late(&self, words: &[String]) -> Failure {
        let verb = words.first().map_or("", String::as_str);
        TIMED_OUT.failure(
            format!("helm {verb} was ended, because the time that --timeout allows has passed"),
            "run it again with a longer --timeout",
        )
    }
}

fn next_step() -> String {
    // A cluster image brings one.
    let other = typed_by_driver("start --gateway NAME").map_or_else(
        || "name one: --helm PATH".to_owned(),
        |start| format!("make a gateway in a container, whose image brings one: {start}"),
    );
    format!("install helm 3.14 or a later helm 3, or {other}")
}

fn in_one_line(said: &str) -> String {
    let lines = said.lines().map(str::trim);
    let lines: Vec<&str> = lines
        .filter(|line| !line.is_empty() && !line.starts_with("Use --debug"))
        .collect();
    lines.join("; ")
}

fn is_fit(version: &str) -> bool {
    let minor = version
        .strip_prefix("v3.")
        .and_then(|rest| rest.split('.').next());
    minor
        .and_then(|minor| minor.parse().ok())
        .is_some_and(|minor: u32| minor >= OLDEST)
}

/// A child that does not outlive this value: it is asked to end, so that it can write down that it failed, and then killed.
struct Running {
    child: Child,
}

impl Drop for Running {
    fn drop(&mut self) {
        let Some(group) = self.child.id().and_then(|id| Pid::from_raw(id.cast_signed())) else {
            return;
        };
        let _ = kill_process_group(group, Signal::TERM);
        let end = Instant::now() + GRACE;
        while Instant::now() < end {
            if !matches!(self.child.try_wait(), Ok(None)) {
                return;
            }
            std::thread::sleep(TICK);
        }
        let _ = kill_process_group(group, Signal::KILL);
        let _ = self.child.try_wait();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn only_newer_lines_of_helm_3_are_used() {
        for (version, fit) in [
            ("v3.14.0", true),
            ("v3.20.2", true),
            ("v3.13.9", false),
            ("v4.0.1", false),
            ("v2.17.0", false),
            ("", false),
            ("v3.x", false),
        ] {
            assert_eq!(is_fit(version), fit, "{version}");
        }
    }

    fn scripted(folder: &Path, name: &str, script: &str) -> PathBuf {
        let file = folder.join(name);
        std::fs::write(&file, format!("#!/bin/sh\n{script}\n")).expect("room");
        std::fs::set_permissions(&file, PermissionsExt::from_mode(0o755)).expect("a file of one's own");
        file
    }

    #[tokio::test]
    async fn the_first_that_is_used_here_is_run() {
        let folder = tempfile::tempdir().expect("a folder");
        let old = scripted(folder.path(), "old", "printf v3.13.9");
        let silent = scripted(folder.path(), "silent", "exit 1");
        let fit = scripted(folder.path(), "fit", "printf v3.14.0");
        let helm = |programs: &[PathBuf]| {
            let cluster = Cluster {
                kubeconfig: None,
                context: None,
                namespace: "n".to_owned(),
            };
            let end = Instant::now() + Duration::from_secs(60);
            Helm::new(programs, folder.path(), end, cluster)
        };
        let found = helm(&[old.clone(), silent.clone(), fit.clone()]);
        assert_eq!(found.program().await.expect("helm"), fit);
        let none = helm(&[old, silent, folder.path().join("none")]);
        let failure = none.require_fit().await.expect_err("no helm");
        for said in [
            "old is helm v3.13.9",
            "silent does not tell its version",
            "none is not installed",
        ] {
            assert!(failure.message.contains(said), "{}", failure.message);
        }
    }
}
