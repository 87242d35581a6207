//! Tests: a gateway of one test whose node is one small program, on the real Docker: a name, a home and an image of its own, all
//! removed at the end.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

use rcgen::{CertificateParams, DnType, KeyPair};
use serde_json::Value;
use ssh_host::SshHost;
use tool_document::{Run, check};

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

/// A port that is free at this moment.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("an address").port()
}

/// Runs a tool and holds its document against its schema.
fn checked(tool: &str, command: Command) -> Run {
    let run = tool_document::run(command);
    check(&run, &schema(tool));
    run
}

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
        Self::named(&format!("test-{:08x}", rand::random::<u32>()))
    }

    /// The same with a name that the test chooses.
    pub fn named(name: &str) -> Self {
        let mut gateway = Self {
            image: String::new(),
            port: free_port(),
            home: tempfile::tempdir().expect("a folder"),
            images: Vec::new(),
            name: name.to_owned(),
        };
        gateway.image = gateway.build("one", "LABEL dev.openshell.image=cluster\n");
        gateway
    }

    /// An image of the small program; `lines` are added to its Dockerfile.
    pub fn build(&mut self, tag: &str, lines: &str) -> String {
        let folder = tempfile::tempdir().expect("a folder");
        let program = program();
        fs::copy(&program, folder.path().join("play")).unwrap_or_else(|error| {
            panic!(
                "{}: {error}: run `cargo test` without --test, which builds it",
                program.display()
            )
        });
        fs::write(
            folder.path().join("client-kubelet.crt"),
            certificate(&self.node_of_volume()),
        )
        .expect("room");
        let file = format!(
            "FROM scratch\nCOPY play /play\nCOPY client-kubelet.crt /client-kubelet.crt\nENTRYPOINT [\"/play\"]\n{lines}"
        );
        fs::write(folder.path().join("Dockerfile"), file).expect("room");
        // What stands for k3s's program, where the lines ask for it.
        if let Some(version) = lines.lines().find_map(|line| line.strip_prefix("ENV K3S=")) {
            fs::write(
                folder.path().join(format!("k3s-{version}")),
                format!("\x7fELF {version}\0"),
            )
            .expect("room");
        }
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
        let mut command = Command::new(built(tool));
        command
            .args(arguments)
            .args(["--gateway", &self.name])
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

/// The verbs and objects of a document's actions, as lines.
pub fn actions(run: &Run) -> Vec<String> {
    let actions = run.document["actions"].as_array().expect("a list");
    actions
        .iter()
        .map(|action| {
            let word = |field: &str| action[field].as_str().expect("a text").to_owned();
            format!("{} {}", word("verb"), word("object"))
        })
        .collect()
}

/// The folder of the programs that Cargo built with this test.
fn programs() -> PathBuf {
    let test = std::env::current_exe().expect("this program's path");
    let folder = test.parent().and_then(Path::parent);
    folder.expect("target/TRIPLE/PROFILE/deps").to_owned()
}

/// The example of this crate.
fn program() -> PathBuf {
    programs().join("examples/play_gateway")
}

/// A tool's program. Cargo builds those of the packages alone whose tests it runs: an old one would pass or fail for nothing.
///
/// # Panics
/// If it is not there, or is older than its own sources.
pub fn built(tool: &str) -> PathBuf {
    let program = programs().join(tool);
    let how = "cargo build --release --workspace --bins";
    let time = |path: &Path| fs::metadata(path).and_then(|found| found.modified());
    let made = time(&program).unwrap_or_else(|error| panic!("{}: {error}: {how}", program.display()));
    // What it was made from, its crates included, as Cargo notes it: `PROGRAM: FILE FILE...`.
    let noted = fs::read_to_string(program.with_extension("d")).expect("Cargo's note");
    for source in noted.split_whitespace().skip(1) {
        let changed = time(Path::new(source)).unwrap_or(made);
        assert!(changed <= made, "{tool} is older than {source}: {how}");
    }
    program
}

/// The schema that a tool committed.
///
/// # Panics
/// If there is none.
pub fn schema(tool: &str) -> String {
    fs::read_to_string(sources(tool).join("schema.json")).expect("a schema")
}

fn sources(tool: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../tools")
        .join(tool)
}

/// The docker command line's own settings stay in force under another HOME.
fn docker_config() -> PathBuf {
    std::env::var_os("DOCKER_CONFIG").map_or_else(
        || PathBuf::from(std::env::var_os("HOME").unwrap_or_default()).join(".docker"),
        PathBuf::from,
    )
}

fn certificate(node: &str) -> String {
    let mut params = CertificateParams::new(Vec::new()).expect("no names");
    params
        .distinguished_name
        .push(DnType::CommonName, format!("system:node:{node}"));
    let key = KeyPair::generate().expect("a key");
    params.self_signed(&key).expect("a certificate").pem()
}
