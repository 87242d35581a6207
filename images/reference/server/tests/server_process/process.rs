//! The server's process.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use played_kubernetes::Kubernetes;
use reference_base::client::{ClientTls, GatewayClient};
use tempfile::TempDir;

use crate::authority::{Authority, Leaf};

/// How long a condition may take on a slow machine.
pub const PATIENCE: Duration = Duration::from_mins(1);

/// A running server; it ends with the value.
pub struct Server {
    process: Child,
    log: Arc<Mutex<String>>,
    pub port: String,
    pub folder: TempDir,
    pub kubernetes: Kubernetes,
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

pub fn secret() -> String {
    "0123456789abcdef".repeat(4)
}

/// The command with a complete environment, its files in `folder`. Port 0: the system chooses one.
pub fn command(folder: &Path, kubernetes: &str, port: &str) -> Command {
    let kubeconfig = folder.join("kubeconfig");
    std::fs::write(&kubeconfig, played_kubernetes::kubeconfig(kubernetes)).unwrap();
    let file = |name: &str| folder.join(name);
    let mut command = Command::new(env!("CARGO_BIN_EXE_reference-server"));
    command
        .args(["--port", port, "--log-level", "debug", "--db-url"])
        .arg(format!("sqlite:{}", file("gateway.db").display()))
        .env_clear()
        .env("KUBECONFIG", kubeconfig)
        .env("OPENSHELL_SSH_HANDSHAKE_SECRET", secret())
        .env("OPENSHELL_SANDBOX_IMAGE", "image:1")
        .env("OPENSHELL_ALLOW_UNAUTHENTICATED_USERS", "true")
        .env("OPENSHELL_TLS_CERT", file("tls.crt"))
        .env("OPENSHELL_TLS_KEY", file("tls.key"))
        .env("OPENSHELL_TLS_CLIENT_CA", file("ca.crt"))
        .stderr(Stdio::piped());
    command
}

pub fn write_server(folder: &Path, leaf: &Leaf) {
    std::fs::write(folder.join("tls.crt"), &leaf.certificate).unwrap();
    std::fs::write(folder.join("tls.key"), &leaf.key).unwrap();
}

/// The process, and its log as it grows.
fn spawn(mut command: Command) -> (Child, Arc<Mutex<String>>) {
    let mut process = command.spawn().expect("start the server");
    let stderr = BufReader::new(process.stderr.take().expect("standard error"));
    let log = Arc::new(Mutex::new(String::new()));
    let written = log.clone();
    std::thread::spawn(move || {
        for line in stderr.lines().map_while(Result::ok) {
            let mut log = written.lock().unwrap();
            log.push_str(&line);
            log.push('\n');
        }
    });
    (process, log)
}

impl Server {
    /// With mTLS by `authority`.
    pub async fn with_tls(authority: &Authority, change: impl FnOnce(&mut Command)) -> Self {
        let (folder, kubernetes) = (tempfile::tempdir().unwrap(), Kubernetes::start().await);
        write_server(folder.path(), &authority.server());
        std::fs::write(folder.path().join("ca.crt"), &authority.pem).unwrap();
        let mut command = command(folder.path(), &kubernetes.url, "0");
        change(&mut command);
        Self::start(folder, command, kubernetes).await
    }

    /// Without TLS.
    pub async fn plain(change: impl FnOnce(&mut Command)) -> Self {
        let (folder, kubernetes) = (tempfile::tempdir().unwrap(), Kubernetes::start().await);
        let mut command = command(folder.path(), &kubernetes.url, "0");
        command.env("OPENSHELL_DISABLE_TLS", "true");
        change(&mut command);
        Self::start(folder, command, kubernetes).await
    }

    /// Ends it by SIGKILL.
    pub fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Starts it again on the same port and the same files, without TLS.
    pub async fn start_again(&mut self, change: impl FnOnce(&mut Command)) {
        let mut command = command(self.folder.path(), &self.kubernetes.url, &self.port);
        command.env("OPENSHELL_DISABLE_TLS", "true");
        change(&mut command);
        (self.process, self.log) = spawn(command);
        self.wait_for_log("listening on 0.0.0.0:").await;
    }

    async fn start(folder: TempDir, command: Command, kubernetes: Kubernetes) -> Self {
        let (process, log) = spawn(command);
        let mut server = Self {
            process,
            log,
            port: String::new(),
            folder,
            kubernetes,
        };
        let log = server.wait_for_log("listening on 0.0.0.0:").await;
        server.port = log.chars().take_while(char::is_ascii_digit).collect();
        server
    }

    /// What the log has after `text`, once it has it.
    pub async fn wait_for_log(&mut self, text: &str) -> String {
        let started = Instant::now();
        loop {
            let log = self.log.lock().unwrap().clone();
            if let Some((_, after)) = log.split_once(text).filter(|(_, after)| after.contains('\n')) {
                return after.to_owned();
            }
            let ended = self.process.try_wait().unwrap();
            assert!(
                ended.is_none() && started.elapsed() < PATIENCE,
                "no '{text}' ({ended:?}) in:\n{log}"
            );
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Does the log have `text` by now?
    pub fn log_has(&self, text: &str) -> bool {
        self.log.lock().unwrap().contains(text)
    }

    pub fn client(&self, tls: Option<ClientTls>) -> GatewayClient {
        let scheme = if tls.is_some() { "https" } else { "http" };
        GatewayClient::new(&format!("{scheme}://127.0.0.1:{}", self.port), tls).unwrap()
    }

    pub fn terminate(&mut self) -> Option<i32> {
        let told = Command::new("kill")
            .arg(self.process.id().to_string())
            .status()
            .unwrap();
        assert!(told.success());
        self.process.wait().unwrap().code()
    }
}

/// Asks until the answer is yes.
pub async fn eventually<F: Future<Output = bool>>(what: &str, mut ask: impl FnMut() -> F) {
    let started = Instant::now();
    while !ask().await {
        assert!(started.elapsed() < PATIENCE, "never: {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
