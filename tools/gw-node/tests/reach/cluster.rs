//! A played cluster with a gateway on it, and runs of the tool.

use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use played_kubernetes::Kubernetes;
use serde_json::{Value, json};
use tool_document::{Run, check, read};

pub const SCHEMA: &str = include_str!("../../schema.json");
/// No test waits for longer.
pub const LIMIT: Duration = Duration::from_secs(60);

const CORE: &str = "/api/v1/namespaces/openshell";

/// It answers while the value lives.
pub struct Cluster {
    pub kubernetes: Kubernetes,
    pub home: tempfile::TempDir,
    _runtime: tokio::runtime::Runtime,
}

impl Cluster {
    /// With Service `openshell`, whose first port leads to port 8080 of pods with label `app=gw`.
    pub fn new() -> Self {
        let runtime = tokio::runtime::Runtime::new().expect("a runtime");
        let cluster = Self {
            kubernetes: runtime.block_on(Kubernetes::start()),
            home: tempfile::tempdir().expect("a folder"),
            _runtime: runtime,
        };
        cluster.keep("somebodys.yaml", &cluster.kubernetes.kubeconfig());
        let ports = json!([{ "name": "grpc", "port": 80, "targetPort": 8080 }, { "port": 81 }]);
        cluster.service(
            "openshell",
            &json!({ "selector": { "app": "gw" }, "ports": ports }),
        );
        cluster
    }

    /// The gateway `g` is on this cluster; clients are led to it on this port.
    pub fn kept(self, forward_port: u16) -> Self {
        let kept = json!({ "kubeconfig": self.folder().join("somebodys.yaml"), "context": "c", "namespace": "openshell",
                           "namespace_uid": "u", "endpoint": null, "forward_port": forward_port, "spec": {} });
        self.keep("cluster.json", &kept.to_string());
        self
    }

    /// The gateway `g` is in a container, and this cluster is its own.
    pub fn in_container(self) -> Self {
        self.keep("kubeconfig", &self.kubernetes.kubeconfig());
        self
    }

    /// The gateway's folder.
    pub fn folder(&self) -> PathBuf {
        self.home.path().join("openshell/gateways/g")
    }

    /// A file in it.
    pub fn keep(&self, name: &str, text: &str) {
        std::fs::create_dir_all(self.folder()).expect("room");
        std::fs::write(self.folder().join(name), text).expect("room");
    }

    pub fn service(&self, name: &str, spec: &Value) {
        let service = json!({ "metadata": { "name": name }, "spec": spec });
        self.kubernetes.put(&format!("{CORE}/services/{name}"), service);
    }

    /// A pod of the server.
    pub fn pod(&self, name: &str, is_ready: bool) {
        let containers = json!([{ "name": "server" }, { "name": "agent" }]);
        let status = if is_ready { "True" } else { "False" };
        let pod = json!({
            "metadata": { "name": name, "labels": { "app": "gw" } }, "spec": { "containers": containers },
            "status": { "phase": "Running", "conditions": [{ "type": "Ready", "status": status }] },
        });
        self.kubernetes.put(&format!("{CORE}/pods/{name}"), pod);
    }

    pub fn command(&self, words: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_gw-node"));
        command
            .args(["--gateway", "g", "--timeout", "30s"])
            .args(words)
            .env_clear()
            .env("HOME", self.home.path())
            .env("XDG_CONFIG_HOME", self.home.path())
            .env("DOCKER_HOST", "unix:///nonexistent/docker.sock");
        command
    }

    /// A run whose document is on standard output.
    pub fn run(&self, words: &[&str]) -> Run {
        let ended = tool_document::run(self.command(words));
        check(&ended, SCHEMA);
        ended
    }

    /// A run whose data is on standard output and whose document is the last line of standard error.
    pub fn data(&self, words: &[&str]) -> Data {
        Data::of(&self.command(words).output().expect("the tool"))
    }

    pub fn start(&self, words: &[&str]) -> Running {
        Running::start(self.command(words))
    }
}

/// What a run left whose standard output is data.
pub struct Data {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
    pub document: Value,
}

impl Data {
    fn of(output: &Output) -> Self {
        let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
        let last = stderr.lines().last().unwrap_or_default();
        let document = serde_json::from_str(last).expect("the document is the last line");
        Self {
            code: output.status.code().expect("an exit code"),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr,
            document,
        }
    }

    pub fn reason(&self) -> &str {
        self.document["error"]["reason"].as_str().unwrap_or_default()
    }
}

/// A run that goes on, and the lines of its standard error.
pub struct Running {
    command: Command,
    child: Option<Child>,
    lines: Receiver<String>,
}

impl Running {
    fn start(mut command: Command) -> Self {
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().expect("the tool");
        let errors = BufReader::new(child.stderr.take().expect("standard error"));
        let (told, lines) = channel();
        std::thread::spawn(move || {
            for line in errors.lines().map_while(Result::ok) {
                let _ = told.send(line);
            }
        });
        Self {
            command,
            child: Some(child),
            lines,
        }
    }

    /// The next line of standard error.
    pub fn line(&self) -> String {
        self.lines.recv_timeout(LIMIT).expect("a line")
    }

    /// The address at which a forward says that it listens.
    pub fn address(&self) -> SocketAddr {
        let line = self.line();
        let words: Vec<&str> = line.split(' ').collect();
        let address = words.iter().find(|word| word.starts_with("127.0.0.1:"));
        address.expect(&line).parse().expect("an address")
    }

    /// Reads so many bytes of standard output.
    pub fn read(&mut self, count: usize) -> String {
        let mut bytes = vec![0; count];
        let child = self.child.as_mut().expect("it runs");
        let stdout = child.stdout.as_mut().expect("standard output");
        stdout.read_exact(&mut bytes).expect("so many bytes");
        String::from_utf8(bytes).expect("text")
    }

    /// Its end by a signal, and what else it said on standard error.
    pub fn ended_by(mut self, signal: &str) -> (Output, Vec<String>) {
        let child = self.child.take().expect("it runs");
        let id = child.id().to_string();
        let sent = Command::new("kill").args([signal, &id]).status();
        assert!(sent.expect("kill").success());
        let output = child.wait_with_output().expect("its end");
        (output, self.lines.iter().collect())
    }

    /// The same of a run whose document is on standard output.
    pub fn document(mut self, signal: &str) -> (Run, Vec<String>) {
        let command = std::mem::replace(&mut self.command, Command::new("true"));
        let (output, said) = self.ended_by(signal);
        let run = read(&command, &output);
        check(&run, SCHEMA);
        (run, said)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// A server that says its name and then each line again; it ends with the test.
pub fn echo(name: &'static str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || {
                let mut writer = &stream;
                let _ = writeln!(writer, "{name}");
                for line in BufReader::new(&stream).lines().map_while(Result::ok) {
                    if writeln!(writer, "{line}").is_err() {
                        break;
                    }
                }
            });
        }
    });
    address
}

/// A server that reads a line, sees that the connection stays open for a moment, and only then says `late`.
pub fn late() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let mut connection = Connection(BufReader::new(stream));
            connection.line();
            if connection.stays_for(Duration::from_secs(1)) {
                connection.say("late");
            }
        }
    });
    address
}

/// A connection to the forward.
pub struct Connection(BufReader<TcpStream>);

impl Connection {
    pub fn to(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).expect("it listens");
        stream.set_read_timeout(Some(LIMIT)).expect("a limit");
        Self(BufReader::new(stream))
    }

    pub fn say(&mut self, text: &str) {
        writeln!(self.0.get_mut(), "{text}").expect("it is taken");
    }

    /// No more is said.
    pub fn say_no_more(&self) {
        let stream = self.0.get_ref();
        stream.shutdown(Shutdown::Write).expect("it is open");
    }

    /// Does it stay open for so long, without a byte?
    pub fn stays_for(&mut self, time: Duration) -> bool {
        let stream = self.0.get_ref();
        stream.set_read_timeout(Some(time)).expect("a limit");
        let read = self.0.fill_buf().map(<[u8]>::len);
        let stream = self.0.get_ref();
        stream.set_read_timeout(Some(LIMIT)).expect("a limit");
        read.is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
    }

    /// The next line; empty at the end.
    pub fn line(&mut self) -> String {
        let mut line = String::new();
        let _ = self.0.read_line(&mut line);
        line.trim_end().to_owned()
    }
}
