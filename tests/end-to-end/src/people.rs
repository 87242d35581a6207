//! Somebody who uses a gateway: makes sandboxes and talks to them over SSH's handshake, as a user would.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use reference_base::api::SandboxPhase;
use reference_base::client::{ClientTls, GatewayClient, Tunnel, TunnelError};
use tokio::runtime::Runtime;

use crate::gateway::TestGateway;

/// How long a sandbox may take until it answers: R19 allows a minute, a busy machine gets more.
const PATIENCE: Duration = Duration::from_secs(180);

/// An attempt that is not answered for so long is given up: kube-proxy holds a node port open before it has rules for it, and a
/// connection of that moment is never answered.
const ATTEMPT: Duration = Duration::from_secs(10);

/// A client with the bundle that the tools wrote. The bundle is read anew for each request.
pub struct Person {
    runtime: Runtime,
    endpoint: String,
    bundle: PathBuf,
}

/// What a client keeps of a sandbox.
#[derive(Clone, Debug)]
pub struct Sandbox {
    id: String,
    token: String,
}

impl Sandbox {
    /// Its id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The token that its user shows.
    pub fn token(&self) -> &str {
        &self.token
    }
}

impl Person {
    /// A user of `gateway`, who goes where its metadata says.
    ///
    /// # Panics
    /// Where there is no metadata.
    pub fn of(gateway: &TestGateway) -> Self {
        let metadata = std::fs::read(gateway.folder().join("metadata.json")).expect("the metadata");
        let metadata: serde_json::Value = serde_json::from_slice(&metadata).expect("a document");
        let endpoint = metadata["gateway_endpoint"].as_str().expect("an endpoint");
        Self {
            runtime: Runtime::new().expect("a runtime"),
            endpoint: endpoint.to_owned(),
            bundle: gateway.folder().join("mtls"),
        }
    }

    /// A client with the bundle as it is now.
    pub(crate) fn client(&self) -> GatewayClient {
        let tls = ClientTls::from_folder(&self.bundle).expect("the client bundle");
        GatewayClient::new(&self.endpoint, Some(tls)).expect("an endpoint")
    }

    /// Makes a sandbox.
    ///
    /// # Panics
    /// Where the gateway does not.
    pub fn make_sandbox(&self, name: &str) -> Sandbox {
        let made = self
            .runtime
            .block_on(self.client().make_reachable(name))
            .expect("a sandbox");
        Sandbox {
            id: made.id,
            token: made.token,
        }
    }

    /// Suspends a sandbox, as its user does.
    ///
    /// # Panics
    /// Where it is not stopped within the patience.
    pub fn suspends(&self, name: &str) {
        let client = self.client();
        self.runtime.block_on(async {
            client.set_running(name, false).await.expect("a stop");
            let end = Instant::now() + PATIENCE;
            while client.phase(name).await.expect("a phase") != SandboxPhase::Stopped {
                assert!(Instant::now() < end, "sandbox {name} does not stop");
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
        });
    }

    /// Says a line; the sandbox keeps it in its file.
    ///
    /// # Panics
    /// Where the sandbox cannot be reached, or echoes something else.
    pub fn says(&self, sandbox: &Sandbox, line: &str) {
        let mut tunnel = self.tunnel(sandbox);
        let echo = self.runtime.block_on(tunnel.keep(line)).expect("an echo");
        assert_eq!(echo, line);
    }

    /// Reads the lines that the sandbox keeps.
    ///
    /// # Panics
    /// Where the sandbox cannot be reached.
    pub fn reads(&self, sandbox: &Sandbox) -> Vec<String> {
        let mut tunnel = self.tunnel(sandbox);
        self.runtime.block_on(tunnel.kept()).expect("the lines")
    }

    /// The lines that the sandbox keeps, or why they cannot be read. Asked once.
    pub(crate) fn try_reads(&self, sandbox: &Sandbox) -> Result<Vec<String>, String> {
        let client = self.client();
        let read = async {
            let mut tunnel = client
                .open_tunnel(&sandbox.id, &sandbox.token)
                .await
                .map_err(|error| error.to_string())?;
            tunnel.kept().await.map_err(|error| format!("{error:#}"))
        };
        let read = async { tokio::time::timeout(ATTEMPT, read).await };
        let read = self.runtime.block_on(read);
        read.unwrap_or_else(|_| Err("no answer".to_owned()))
    }

    /// The status of a connect that is neither opened nor worth retrying.
    ///
    /// # Panics
    /// Where a tunnel is opened.
    pub fn status_of_connect(&self, sandbox: &Sandbox) -> u16 {
        match self.connect(sandbox) {
            Ok(_) => panic!("the tunnel was opened"),
            Err(status) => status,
        }
    }

    fn tunnel(&self, sandbox: &Sandbox) -> Tunnel {
        self.connect(sandbox)
            .unwrap_or_else(|status| panic!("{status} from CONNECT for {}", sandbox.id))
    }

    /// 412 (not ready yet) is asked again, as R19 has it; so is a connection that is refused, or not answered, while a server restarts.
    fn connect(&self, sandbox: &Sandbox) -> Result<Tunnel, u16> {
        let end = Instant::now() + PATIENCE;
        let mut wait = Duration::from_millis(200);
        loop {
            let client = self.client();
            let answer = self.runtime.block_on(async {
                let opened = client.open_tunnel(&sandbox.id, &sandbox.token);
                tokio::time::timeout(ATTEMPT, opened).await
            });
            let cause = match answer {
                Ok(Ok(tunnel)) => return Ok(tunnel),
                Ok(Err(TunnelError::Denied(status, _))) if status != 412 => return Err(status.as_u16()),
                Ok(Err(error)) => error.to_string(),
                Err(_) => "no answer".to_owned(),
            };
            assert!(Instant::now() < end, "no tunnel: {cause}");
            self.runtime.block_on(async { tokio::time::sleep(wait).await });
            wait = (wait * 2).min(Duration::from_secs(2));
        }
    }
}
