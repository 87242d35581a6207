//! Server, controller and sandboxes together. Only Kubernetes is played: instead of a kubelet, tasks run the supervisors of pods.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

use reference_base::api::SandboxPhase;
use reference_base::client::{ClientTls, GatewayClient};
use reference_controller::settings::{Settings, Version};
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::authority::Authority;
use crate::process::{Server, eventually};

/// Stands in objects for where the server is; who plays the kubelet knows its port.
const ENDPOINT: &str = "http://server.invalid";

/// A gateway with a controller. Both end with the value.
pub struct World {
    pub server: Server,
    controller: JoinHandle<()>,
    client_tls: Option<PathBuf>,
}

impl Drop for World {
    fn drop(&mut self) {
        self.controller.abort();
    }
}

/// The client bundle in pods.
const BUNDLE: &str = "/etc/openshell-tls/client";

/// The environment that makes it today's server.
pub fn of_today(command: &mut std::process::Command) {
    command
        .env("OPENSHELL_GENERATION", "today")
        .env("OPENSHELL_GRPC_ENDPOINT", ENDPOINT)
        .env("OPENSHELL_SWEEP_INTERVAL_SECS", "1")
        .env("OPENSHELL_SWEEP_AGE_SECS", "2");
}

/// The environment that makes it today's server, with mTLS.
pub fn of_today_with_tls(command: &mut std::process::Command) {
    of_today(command);
    command
        .env_remove("OPENSHELL_DISABLE_TLS")
        .env("OPENSHELL_GRPC_ENDPOINT", ENDPOINT.replace("http:", "https:"))
        .env("OPENSHELL_CLIENT_TLS_SECRET_NAME", "openshell-client-tls");
}

impl World {
    /// Sandboxes do not dial in.
    pub async fn without_sessions() -> Self {
        Self::of(Server::plain(|_| {}).await, Version(0, 5, 4)).await
    }

    /// Today's server, with the controller of a version of Agent Sandbox.
    pub async fn of_today(version: Version) -> Self {
        Self::of(Server::plain(of_today).await, version).await
    }

    /// Today's server, with mTLS. `bundle` has what sandboxes show.
    pub async fn with_tls(authority: &Authority, bundle: &Path) -> Self {
        let server = Server::with_tls(authority, of_today_with_tls).await;
        let mut world = Self::of(server, Version(0, 5, 4)).await;
        world.client_tls = Some(bundle.to_owned());
        world
    }

    /// Runs every pod that comes, and ends what runs of those that go. It ends with the value.
    pub fn kubelet(&self) -> Kubelet {
        let kubernetes = self.server.kubernetes.clone();
        let (port, bundle) = (self.server.port.clone(), self.client_tls.clone());
        Kubelet(tokio::spawn(async move {
            let mut running: HashMap<String, Pod> = HashMap::new();
            loop {
                let pods = kubernetes.pods();
                let gone: Vec<String> = running
                    .keys()
                    .filter(|name| !pods.contains(name))
                    .cloned()
                    .collect();
                for pod in gone.iter().filter_map(|name| running.remove(name)) {
                    pod.terminate().await;
                }
                for name in pods {
                    if let Some(pod) = kubernetes.pod(&name).filter(|_| !running.contains_key(&name)) {
                        running.insert(name.clone(), Pod::start(&pod, &port, bundle.as_deref()));
                        kubernetes.set_pod_status(&name, &ready());
                    }
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }))
    }

    async fn of(server: Server, version: Version) -> Self {
        let client = client(&server.kubernetes.kubeconfig()).await;
        let settings = Settings {
            namespace: Some("openshell".to_owned()),
            lease_namespace: "openshell".to_owned(),
            name: "controller".to_owned(),
            version,
        };
        let controller = tokio::spawn(async move {
            let never = std::future::pending();
            let ended = reference_controller::run::until(client, settings, never).await;
            ended.expect("the controller");
        });
        Self {
            server,
            controller,
            client_tls: None,
        }
    }

    /// A client with what the bundle has by now.
    pub fn client(&self) -> GatewayClient {
        let bundle = self.client_tls.as_deref();
        self.server
            .client(bundle.map(|bundle| ClientTls::from_folder(bundle).unwrap()))
    }

    pub async fn phase_becomes(&self, name: &str, phase: SandboxPhase) {
        let client = self.client();
        eventually(&format!("{name} is {phase:?}"), async || {
            client.phase(name).await.ok() == Some(phase)
        })
        .await;
    }

    /// Waits for the pod of a sandbox and runs it.
    pub async fn run(&self, object: &str) -> Pod {
        let kubernetes = &self.server.kubernetes;
        eventually("the controller makes the pod", async || {
            kubernetes.pod(object).is_some()
        })
        .await;
        let pod = kubernetes.pod(object).expect("the pod");
        let running = Pod::start(&pod, &self.server.port, self.client_tls.as_deref());
        kubernetes.set_pod_status(object, &ready());
        running
    }

    /// A sandbox that runs.
    pub async fn ready(&self, name: &str) -> Pod {
        self.client().make_sandbox(name).await.unwrap();
        let pod = self.run(&format!("default--{name}")).await;
        self.phase_becomes(name, SandboxPhase::Ready).await;
        pod
    }
}

fn ready() -> Value {
    json!({ "phase": "Running", "conditions": [{ "type": "Ready", "status": "True" }] })
}

/// Runs pods until it is dropped.
pub struct Kubelet(JoinHandle<()>);

impl Drop for Kubelet {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn client(kubeconfig: &str) -> kube::Client {
    let kubeconfig = kube::config::Kubeconfig::from_yaml(kubeconfig).unwrap();
    let options = kube::config::KubeConfigOptions::default();
    let config = kube::Config::from_custom_kubeconfig(kubeconfig, &options)
        .await
        .unwrap();
    kube::Client::try_from(config).unwrap()
}

/// A pod that runs.
pub struct Pod {
    supervisor: JoinHandle<anyhow::Result<u8>>,
    terminate: Option<oneshot::Sender<()>>,
    _folder: tempfile::TempDir,
}

impl Pod {
    fn start(pod: &Value, port: &str, bundle: Option<&Path>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let variables = pod["spec"]["containers"][0]["env"]
            .as_array()
            .expect("an environment");
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let mut environment: HashMap<String, String> = variables
            .iter()
            .map(|one| (text(&one["name"]), text(&one["value"])))
            .collect();
        for value in environment.values_mut() {
            *value = value.replace("server.invalid", &format!("127.0.0.1:{port}"));
            if let Some(bundle) = bundle {
                *value = value.replace(BUNDLE, bundle.to_str().unwrap());
            }
        }
        environment.insert("OPENSHELL_FIRST_SESSION_SECS".to_owned(), "1".to_owned());
        let arguments = [
            "--listen",
            "127.0.0.1:0",
            "--data",
            folder.path().to_str().unwrap(),
        ];
        let settings =
            reference_supervisor::settings::Settings::read(&arguments, |name| environment.get(name).cloned());
        let settings = settings.expect("the pod's settings");
        let (terminate, terminated) = oneshot::channel::<()>();
        let stop = async move {
            if terminated.await.is_err() {
                std::future::pending::<()>().await;
            }
        };
        Self {
            supervisor: tokio::spawn(reference_supervisor::run::until(settings, stop)),
            terminate: Some(terminate),
            _folder: folder,
        }
    }

    /// Ends it as SIGTERM does; its exit code.
    pub async fn terminate(mut self) -> u8 {
        self.terminate.take().map(|terminate| terminate.send(()));
        (&mut self.supervisor).await.unwrap().unwrap()
    }

    /// Waits until it ends by itself.
    pub async fn ended(mut self) -> anyhow::Result<u8> {
        (&mut self.supervisor).await.unwrap()
    }

    /// Ends it as a loss of power does.
    pub fn kill(self) {
        self.supervisor.abort();
    }
}

impl Drop for Pod {
    fn drop(&mut self) {
        self.supervisor.abort();
    }
}
