//! A gateway that a test owns.

use std::ffi::OsString;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::driver::{Ended, driver, tool};

/// A gateway under a random name, on a port of its own, with client files of its own. Dropping it destroys it.
#[derive(Debug)]
pub struct TestGateway {
    /// The name.
    pub name: String,
    /// The port on the host.
    pub port: u16,
    /// What says which Docker it is on: variables of every run.
    pub variables: Vec<(String, OsString)>,
    /// What says which Docker it is on: flags of every run of the driver.
    pub flags: Vec<String>,
    config: tempfile::TempDir,
}

/// A name that no other run has.
pub fn random_name() -> String {
    format!("test-{:08x}", rand::random::<u32>())
}

/// A port of 127.0.0.1 that nobody has at this moment.
///
/// # Panics
/// Where the host has none left.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .expect("a free port")
        .port()
}

/// Runs docker and returns what it printed.
///
/// # Panics
/// Where it fails.
pub fn docker(arguments: &[&str]) -> String {
    let mut command = Command::new("docker");
    command.args(arguments);
    Ended::of(command).well().stdout.trim().to_owned()
}

impl TestGateway {
    /// A name and a port; nothing is made yet.
    ///
    /// # Panics
    /// Where no folder can be made for its client files.
    pub fn unmade() -> Self {
        let config = tempfile::Builder::new()
            .prefix("openshell-test-")
            .tempdir()
            .expect("a folder");
        Self {
            name: random_name(),
            port: free_port(),
            variables: Vec::new(),
            flags: Vec::new(),
            config,
        }
    }

    /// One that was started and serves.
    ///
    /// # Panics
    /// Where it does not.
    pub fn started() -> Self {
        let gateway = Self::unmade();
        gateway.start(&["--port", &gateway.port.to_string()]).well();
        gateway
    }

    /// Runs a verb of the driver on it.
    pub fn run(&self, verb: &str, flags: &[&str]) -> Ended {
        Ended::of(self.command(verb, flags))
    }

    /// A run of the driver on it, not yet started.
    pub fn command(&self, verb: &str, flags: &[&str]) -> Command {
        let mut command = self.driver(&[verb, "--gateway", &self.name]);
        command.args(&self.flags).args(flags);
        command
    }

    /// A run of the driver with this gateway's client files, not yet started.
    pub fn driver(&self, words: &[&str]) -> Command {
        let mut command = driver();
        command
            .env("XDG_CONFIG_HOME", self.config.path())
            .envs(self.variables.clone())
            .args(words);
        command
    }

    /// A run of one of the tools with this gateway's client files, not yet started.
    pub fn tool(&self, name: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(tool(name));
        command
            .env("XDG_CONFIG_HOME", self.config.path())
            .env_remove("OPENSHELL_GATEWAY")
            .env_remove("OPENSHELL_CLUSTER_IMAGE")
            .envs(self.variables.clone())
            .args(arguments);
        command
    }

    /// `start`.
    pub fn start(&self, flags: &[&str]) -> Ended {
        self.run("start", flags)
    }

    /// What `status --json` says.
    pub fn status(&self) -> Value {
        self.run("status", &["--json"]).well().document()
    }

    /// Waits until it serves, with no tool that would change anything.
    ///
    /// # Panics
    /// Where it does not within three minutes.
    pub fn comes_to_serve(&self) {
        let end = Instant::now() + Duration::from_secs(180);
        loop {
            let status = self.status();
            if status["state"] == "serving" {
                return;
            }
            assert!(Instant::now() < end, "it does not serve: {status:#}");
            std::thread::sleep(Duration::from_millis(250));
        }
    }

    /// The name of its container, volume and network.
    pub fn resource(&self) -> String {
        format!("openshell-cluster-{}", self.name)
    }

    /// Its container's id and when it was started.
    pub fn container(&self) -> String {
        self.docker(&[
            "inspect",
            "--format",
            "{{.Id}} {{.State.StartedAt}}",
            &self.resource(),
        ])
    }

    /// The folder for client files of all gateways, this test's own.
    pub fn config(&self) -> &Path {
        self.config.path()
    }

    /// The folder of its client files.
    pub fn folder(&self) -> PathBuf {
        self.config.path().join("openshell/gateways").join(&self.name)
    }

    /// kubectl in its container.
    pub fn kubectl(&self, arguments: &[&str]) -> String {
        let resource = self.resource();
        self.docker(&[&["exec", &resource, "kubectl"], arguments].concat())
    }

    /// A shell command in its container.
    pub fn shell(&self, command: &str) -> String {
        self.docker(&["exec", &self.resource(), "sh", "-c", command])
    }

    /// Runs docker, on the gateway's own, and returns what it printed.
    ///
    /// # Panics
    /// Where it fails.
    pub fn docker(&self, arguments: &[&str]) -> String {
        Ended::of(self.docker_command(arguments))
            .well()
            .stdout
            .trim()
            .to_owned()
    }

    fn docker_command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new("docker");
        command.args(arguments).envs(self.variables.clone());
        command
    }
}

impl Drop for TestGateway {
    fn drop(&mut self) {
        let resource = self.resource();
        if std::thread::panicking() {
            let logs = self.docker_command(&["logs", "--tail", "60", &resource]);
            let ended = Ended::of(logs);
            eprintln!("the last lines of {resource}:\n{}{}", ended.stdout, ended.stderr);
        }
        for arguments in [
            ["rm", "--force", "--volumes"],
            ["volume", "rm", "--force"],
            ["network", "rm", "--"],
        ] {
            let _ = self.docker_command(&arguments).arg(&resource).output();
        }
    }
}
