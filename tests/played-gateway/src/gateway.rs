//! A gateway whose node is one small program.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use rcgen::{CertificateParams, DnType, KeyPair};
use serde_json::Value;
use ssh_host::SshHost;
use tool_document::Run;

use crate::{built, checked, docker, docker_config, free_port, programs};

/// The gateway.
pub struct PlayedGateway {
    /// Its name.
    pub name: String,
    /// Its image.
    pub image: String,
    /// Its port.
    pub port: u16,
    home: tempfile::TempDir,
    images: Vec<String>,
}

impl PlayedGateway {
    /// With an image of this project's kind, under a name that no other run has.
    #[expect(clippy::new_without_default, reason = "it is made in Docker")]
    pub fn new() -> Self {
        Self::named(&new_name())
    }

    /// The same with a name that the test chooses.
    pub fn named(name: &str) -> Self {
        let mut gateway = Self::without_image(name);
        gateway.image = gateway.build("one", "LABEL dev.openshell.image=cluster\n");
        gateway
    }

    /// Nothing in Docker yet.
    pub(crate) fn without_image(name: &str) -> Self {
        Self {
            image: String::new(),
            port: free_port(),
            home: tempfile::tempdir().expect("a folder"),
            images: Vec::new(),
            name: name.to_owned(),
        }
    }

    /// An image of the small program that plays a node; `lines` are added to its Dockerfile.
    pub fn build(&mut self, tag: &str, lines: &str) -> String {
        let certificate = node_certificate(&self.node_of_volume());
        let mut files = vec![("client-kubelet.crt".to_owned(), certificate)];
        // What stands for k3s's program, where the lines ask for it.
        if let Some(version) = lines.lines().find_map(|line| line.strip_prefix("ENV K3S=")) {
            files.push((format!("k3s-{version}"), format!("\x7fELF {version}\0")));
        }
        let lines = format!("COPY client-kubelet.crt /client-kubelet.crt\n{lines}");
        self.build_of("play_gateway", tag, &files, &lines)
    }

    /// An image of one example of this crate, built beside these files; `lines` are added to its Dockerfile.
    ///
    /// # Panics
    /// If the example is not built.
    pub(crate) fn build_of(
        &mut self,
        example: &str,
        tag: &str,
        files: &[(String, String)],
        lines: &str,
    ) -> String {
        let folder = tempfile::tempdir().expect("a folder");
        let program = programs().join("examples").join(example);
        fs::copy(&program, folder.path().join("play")).unwrap_or_else(|error| {
            panic!(
                "{}: {error}: run `cargo test` without --test, which builds it",
                program.display()
            )
        });
        for (name, text) in files {
            fs::write(folder.path().join(name), text).expect("room");
        }
        let file = format!("FROM scratch\nCOPY play /play\nENTRYPOINT [\"/play\"]\n{lines}");
        fs::write(folder.path().join("Dockerfile"), file).expect("room");
        let reference = format!("openshell-{}:{tag}", self.name.to_lowercase());
        docker(&[
            "build",
            // What tests build at the same moment shares no layer that one of them removes.
            "--no-cache",
            "--quiet",
            "--tag",
            &reference,
            &folder.path().display().to_string(),
        ]);
        self.images.push(reference.clone());
        reference
    }

    /// The name that the small program's certificate gives the node: another than the one for a new volume.
    pub fn node_of_volume(&self) -> String {
        format!("node-of-{}", self.name)
    }

    /// Container, volume and network.
    pub fn resource(&self) -> String {
        format!("openshell-cluster-{}", self.name)
    }

    /// The client's folder of the gateway.
    pub fn folder(&self) -> PathBuf {
        self.home
            .path()
            .join(".config/openshell/gateways")
            .join(&self.name)
    }

    /// A tool with this gateway and home.
    ///
    /// # Panics
    /// If the tool is not built, or is older than its sources.
    pub fn tool(&self, tool: &str, arguments: &[&str]) -> Command {
        let mut command = self.tool_of_any(tool, arguments);
        command.args(["--gateway", &self.name]);
        command
    }

    /// A tool with this home and whichever gateway.
    ///
    /// # Panics
    /// As [`Self::tool`].
    pub fn tool_of_any(&self, tool: &str, arguments: &[&str]) -> Command {
        let mut command = Command::new(built(tool));
        command
            .args(arguments)
            .env_remove("OPENSHELL_CLUSTER_IMAGE")
            .env_remove("XDG_CONFIG_HOME")
            .env("DOCKER_CONFIG", docker_config())
            .env("HOME", self.home.path());
        command
    }

    /// `gw-container` with this gateway and home.
    pub fn command(&self, arguments: &[&str]) -> Command {
        self.tool("gw-container", arguments)
    }

    /// Runs a tool and holds its document against its schema.
    ///
    /// # Panics
    /// If the document is not as its schema says.
    pub fn run_tool(&self, tool: &str, arguments: &[&str]) -> Run {
        checked(tool, self.tool(tool, arguments))
    }

    /// Runs a tool, which must succeed.
    ///
    /// # Panics
    /// If it does not.
    pub fn done_by(&self, tool: &str, arguments: &[&str]) -> Run {
        let run = self.run_tool(tool, arguments);
        assert_eq!(run.code, 0, "{tool} {arguments:?}: {}", run.stderr);
        run
    }

    /// A tool that goes to the Docker behind ssh.
    ///
    /// # Panics
    /// As [`Self::tool`].
    pub fn tool_through(&self, host: &SshHost, tool: &str, arguments: &[&str]) -> Command {
        let mut command = self.tool(tool, arguments);
        host.reach(&mut command);
        command
    }

    /// Runs a tool through ssh, which must succeed: its document.
    ///
    /// # Panics
    /// If it does not.
    pub fn done_through(&self, host: &SshHost, tool: &str, arguments: &[&str]) -> Value {
        let run = checked(tool, self.tool_through(host, tool, arguments));
        assert_eq!(run.code, 0, "{tool} {arguments:?}: {}", run.stderr);
        run.document
    }

    /// Runs `gw-container`.
    pub fn run(&self, arguments: &[&str]) -> Run {
        self.run_tool("gw-container", arguments)
    }

    /// Runs `gw-container`, which must succeed.
    pub fn done(&self, arguments: &[&str]) -> Run {
        self.done_by("gw-container", arguments)
    }

    /// `ensure` with image and port named.
    pub fn created(&self) -> Run {
        self.done(&["ensure", "--image", &self.image, "--port", &self.port.to_string()])
    }

    /// The same by the Docker behind ssh: its document.
    pub fn created_through(&self, host: &SshHost) -> Value {
        let port = self.port.to_string();
        let arguments = ["ensure", "--image", &self.image, "--port", &port];
        self.done_through(host, "gw-container", &arguments)
    }

    /// One field of the container, as `docker inspect --format` has it.
    pub fn inspect(&self, format: &str) -> String {
        docker(&[
            "inspect",
            "--type",
            "container",
            "--format",
            format,
            &self.resource(),
        ])
    }

    /// What is there of the gateway, as `kind name` lines.
    pub fn left(&self) -> Vec<String> {
        let filter = format!("name={}", self.name);
        let mut found = Vec::new();
        for (kind, arguments) in [
            ("container", &["ps", "--all", "--format", "{{.Names}}"][..]),
            ("volume", &["volume", "ls", "--format", "{{.Name}}"]),
            ("network", &["network", "ls", "--format", "{{.Name}}"]),
        ] {
            let listed = docker(&[arguments, &["--filter", &filter]].concat());
            found.extend(listed.lines().map(|name| format!("{kind} {name}")));
        }
        found
    }
}

impl Drop for PlayedGateway {
    fn drop(&mut self) {
        let quietly = |arguments: &[&str]| {
            let _ = Command::new("docker").args(arguments).output();
        };
        let listed = Command::new("docker")
            .args([
                "ps",
                "--all",
                "--quiet",
                "--filter",
                &format!("name={}", self.name),
            ])
            .output();
        let containers = listed.map(|output| output.stdout).unwrap_or_default();
        for id in String::from_utf8_lossy(&containers).lines() {
            quietly(&["rm", "--force", "--volumes", id]);
        }
        quietly(&["volume", "rm", "--force", &self.resource()]);
        let networks = Command::new("docker")
            .args([
                "network",
                "ls",
                "--quiet",
                "--filter",
                &format!("name={}", self.name),
            ])
            .output();
        let networks = networks.map(|output| output.stdout).unwrap_or_default();
        for id in String::from_utf8_lossy(&networks).lines() {
            quietly(&["network", "rm", id]);
        }
        for image in &self.images {
            quietly(&["rmi", "--force", image]);
        }
    }
}

/// A name that no other run has.
pub(crate) fn new_name() -> String {
    format!("test-{:08x}", rand::random::<u32>())
}

/// A certificate that names a node as a kubelet's does, PEM.
pub fn node_certificate(node: &str) -> String {
    let mut params = CertificateParams::new(Vec::new()).expect("no names");
    params
        .distinguished_name
        .push(DnType::CommonName, format!("system:node:{node}"));
    let key = KeyPair::generate().expect("a key");
    params.self_signed(&key).expect("a certificate").pem()
}
