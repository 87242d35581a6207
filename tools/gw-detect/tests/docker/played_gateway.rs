//! A gateway of one test, made with the docker command line; all of it is removed at the end.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use tool_document::{Run, check};

use crate::authority::Authority;

const SCHEMA: &str = include_str!("../../schema.json");

/// Says that the test is left out, where it is.
pub fn skipped() -> bool {
    let skipped = std::env::var("OPENSHELL_TEST_DOCKER").as_deref() != Ok("1");
    if skipped {
        println!("skipped: OPENSHELL_TEST_DOCKER is not set");
    }
    skipped
}

/// Runs docker; standard output without the end of its line.
pub fn docker(arguments: &[&str]) -> String {
    let output = Command::new("docker").args(arguments).output().expect("docker");
    assert!(
        output.status.success(),
        "docker {arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// The gateway.
pub struct PlayedGateway {
    /// Its name.
    pub name: String,
    /// Its port.
    pub port: u16,
    /// The CA of its server.
    pub authority: Authority,
    home: tempfile::TempDir,
}

impl PlayedGateway {
    /// A name, a port and a CA; nothing in Docker yet.
    pub fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        Self {
            name: format!("test-{:08x}", rand::random::<u32>()),
            port: listener.local_addr().expect("an address").port(),
            authority: Authority::new(),
            home: tempfile::tempdir().expect("a folder"),
        }
    }

    /// Container, volume and network.
    pub fn resource(&self) -> String {
        format!("openshell-cluster-{}", self.name)
    }

    /// Its image; `lines` are added to its Dockerfile.
    pub fn build(&self, lines: &str) -> String {
        let folder = tempfile::tempdir().expect("a folder");
        let program = Path::new(env!("CARGO_BIN_EXE_gw-detect"))
            .parent()
            .expect("a folder")
            .join("examples/play_server");
        fs::copy(&program, folder.path().join("play")).unwrap_or_else(|error| {
            panic!(
                "{}: {error}: run `cargo test` without --test, which builds it",
                program.display()
            )
        });
        let (certificate, key) = self.authority.leaf();
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("room");
        write("ca.crt", &self.authority.certificate);
        write("tls.crt", &certificate);
        write("tls.key", &key);
        write(
            "Dockerfile",
            &format!("FROM scratch\nCOPY play /play\nENTRYPOINT [\"/play\"]\n{lines}"),
        );
        let reference = format!("openshell-{}:one", self.name);
        let folder = folder.path().display().to_string();
        // What tests build at the same moment shares no layer that one of them removes.
        docker(&["build", "--no-cache", "--quiet", "--tag", &reference, &folder]);
        reference
    }

    /// `docker create` or `run --detach` as another tool makes a gateway, with further flags.
    pub fn make(&self, verb: &[&str], flags: &[&str], image: &str) -> String {
        let name = self.resource();
        docker(&["network", "create", &name]);
        let volume = format!("{name}:/var/lib/rancher/k3s");
        let publish = format!("127.0.0.1:{}:30051", self.port);
        let fixed = [
            "--name",
            &name,
            "--network",
            &name,
            "--hostname",
            "node",
            "--volume",
            &volume,
            "--publish",
            &publish,
        ];
        docker(&[verb, &fixed[..], flags, &[image]].concat())
    }

    /// Gives the client a bundle of this CA.
    pub fn give_bundle(&self, authority: &Authority) {
        let folder = self.folder().join("mtls");
        fs::create_dir_all(&folder).expect("a folder");
        let (certificate, key) = authority.leaf();
        for (name, text) in [
            ("ca.crt", &self.authority.certificate),
            ("tls.crt", &certificate),
            ("tls.key", &key),
        ] {
            fs::write(folder.join(name), text).expect("room");
        }
    }

    /// The client's folder of the gateway.
    pub fn folder(&self) -> PathBuf {
        self.home
            .path()
            .join(".config/openshell/gateways")
            .join(&self.name)
    }

    /// The program with this gateway and home.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.program(arguments);
        command.args(["--gateway", &self.name]);
        command
    }

    /// The program with this home and whichever gateway.
    pub fn program(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gw-detect"));
        command
            .args(arguments)
            .env_remove("XDG_CONFIG_HOME")
            .env("HOME", self.home.path());
        if let Some(home) = std::env::var_os("HOME").filter(|_| std::env::var_os("DOCKER_CONFIG").is_none()) {
            // The docker command line's own settings stay in force under another HOME.
            command.env("DOCKER_CONFIG", Path::new(&home).join(".docker"));
        }
        command
    }

    /// Runs the program and holds its document against the schema.
    pub fn run(&self, arguments: &[&str]) -> Run {
        let run = tool_document::run(self.command(arguments));
        check(&run, SCHEMA);
        run
    }

    /// The document of `--all`.
    pub fn run_all(&self) -> serde_json::Value {
        let run = tool_document::run(self.program(&["--all"]));
        check(&run, SCHEMA);
        assert_eq!(run.code, 0, "{}", run.stderr);
        run.document
    }

    /// The document, which there must be.
    pub fn detect(&self) -> serde_json::Value {
        let run = self.run(&[]);
        assert_eq!(run.code, 0, "{}", run.stderr);
        run.document
    }

    /// Detects until the gateway is in this state.
    pub fn reaches(&self, state: &str) -> serde_json::Value {
        let until = Instant::now() + Duration::from_secs(60);
        loop {
            let document = self.detect();
            if document["state"] == state {
                return document;
            }
            assert!(Instant::now() < until, "{state} is not reached: {document:#}");
        }
    }
}

impl Drop for PlayedGateway {
    fn drop(&mut self) {
        let name = self.resource();
        let image = format!("openshell-{}:one", self.name);
        for arguments in [
            &["rm", "--force", "--volumes", &name][..],
            &["volume", "rm", "--force", &name],
            &["network", "rm", &name],
            &["rmi", "--force", &image],
        ] {
            let _ = Command::new("docker").args(arguments).output();
        }
    }
}
