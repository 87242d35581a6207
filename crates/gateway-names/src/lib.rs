//! Names and protocol facts of a gateway that other software relies on.
//!
//! Source: the gateways that OpenShell v0.0.22 to v0.0.36 make, and its Helm chart. None of these may change.

mod gateway_name;
mod kubernetes_version;
mod node_name;

pub use gateway_name::{GatewayName, InvalidName};
pub use kubernetes_version::{FIRST_VERSION, KubernetesVersion};
pub use node_name::node_name_for;

/// The gateway that is meant where nobody names one.
pub const DEFAULT_GATEWAY: &str = "openshell";
/// The Kubernetes namespace of the gateway server.
pub const NAMESPACE: &str = "openshell";
/// StatefulSet (or Deployment), Service and Helm release of the gateway server.
pub const WORKLOAD: &str = "openshell";
/// TCP port that people reach the gateway by, on the host.
pub const DEFAULT_PORT: u16 = 8080;
/// The Service's node port: what the container publishes.
pub const NODE_PORT: u16 = 30051;
/// TCP port of the API server inside the container.
pub const API_PORT: u16 = 6443;
/// Where the gateway's volume is mounted in its container.
pub const VOLUME_PATH: &str = "/var/lib/rancher/k3s";
/// The file on a volume that is being restored, below [`VOLUME_PATH`]: empty until the volume is whole. Such a volume is not started.
pub const RESTORE_MARK: &str = "openshell-restore-incomplete";
/// The kubeconfig inside the container.
pub const KUBECONFIG_PATH: &str = "/etc/rancher/k3s/k3s.yaml";
/// The kubelet's client certificate on the volume, below [`VOLUME_PATH`]: its CN is `system:node:NAME`.
pub const KUBELET_CERTIFICATE: &str = "agent/client-kubelet.crt";
/// The version of Kubernetes that last opened the volume, such as `v1.35.4`, below the volume. Written by this project's image alone.
pub const KUBERNETES_VERSION: &str = "server/kubernetes-version";
/// Names by which containers reach the host.
pub const HOST_NAMES: [&str; 2] = ["host.docker.internal", "host.openshell.internal"];

/// TLS Secret of the server (`tls.crt`, `tls.key`), of type `kubernetes.io/tls`.
pub const SERVER_TLS_SECRET: &str = "openshell-server-tls";
/// Secret with the CA (`ca.crt`) that client certificates chain to.
pub const CLIENT_CA_SECRET: &str = "openshell-server-client-ca";
/// TLS Secret of clients (`tls.crt`, `tls.key`, `ca.crt`).
pub const CLIENT_TLS_SECRET: &str = "openshell-client-tls";
/// Secret with the certificate and key of the CA that issues the others (`ca.crt`, `ca.key`). It is this project's own: gateways made
/// elsewhere have none.
pub const AUTHORITY_SECRET: &str = "openshell-ca";
/// Secret with the SSH handshake secret.
pub const HANDSHAKE_SECRET: &str = "openshell-ssh-handshake";
/// The key of the handshake secret in [`HANDSHAKE_SECRET`]: 64 lower-case hex characters.
pub const HANDSHAKE_KEY: &str = "secret";
/// The environment variable that carries the handshake secret in the gateway's and each sandbox's pod.
pub const HANDSHAKE_VARIABLE: &str = "OPENSHELL_SSH_HANDSHAKE_SECRET";
/// The container of a sandbox's pod.
pub const SANDBOX_CONTAINER: &str = "agent";
/// Label with a sandbox's id, of its object and of its pod.
pub const SANDBOX_ID_LABEL: &str = "openshell.ai/sandbox-id";
/// Label with the name that people know a sandbox by, where its object has another one. From v0.0.88.
pub const SANDBOX_NAME_LABEL: &str = "openshell.ai/sandbox-name";
/// Label with the workspace that a sandbox is in. From v0.0.88.
pub const SANDBOX_WORKSPACE_LABEL: &str = "openshell.ai/sandbox-workspace";
/// Label of everything that a gateway server makes.
pub const MANAGED_BY_LABEL: &str = "openshell.ai/managed-by";
/// The value of [`MANAGED_BY_LABEL`].
pub const MANAGED_BY: &str = "openshell";
/// Label with the id of the gateway that made an object. Servers before v0.0.37 have none.
pub const GATEWAY_ID_LABEL: &str = "openshell.ai/gateway-id";
/// The variable that tells a server its gateway's id.
pub const GATEWAY_ID_VARIABLE: &str = "OPENSHELL_GATEWAY_ID";
/// The key of a server's ConfigMap, from v0.0.43 on, that has its settings.
pub const SERVER_CONFIG_KEY: &str = "gateway.toml";
/// Label that the Agent Sandbox controller gives to every pod that it makes.
pub const SANDBOX_POD_LABEL: &str = "agents.x-k8s.io/sandbox-name-hash";
/// Annotation of a sandbox's object with the name of its pod, where that is another than its own.
pub const SANDBOX_POD_ANNOTATION: &str = "agents.x-k8s.io/pod-name";
/// Reasons of a sandbox's condition `Ready=False` by which its controller tells that its pod ended. The server takes them as the end of the
/// sandbox: only deleting leaves phase Error. Seen on OpenShell's server of August 2026.
pub const SANDBOX_ENDED: [&str; 4] = ["PodFailed", "PodSucceeded", "SandboxExpired", "MultiplePods"];
/// API group of sandboxes.
pub const SANDBOX_GROUP: &str = "agents.x-k8s.io";

/// DNS names and IP addresses that the server's certificate always carries.
pub const SERVER_SANS: [&str; 6] = [
    "openshell",
    "openshell.openshell.svc",
    "openshell.openshell.svc.cluster.local",
    "localhost",
    "host.docker.internal",
    "127.0.0.1",
];

/// Label of a cluster image that this project built: it runs by a list of capabilities.
pub const IMAGE_LABEL: &str = "dev.openshell.image";
/// The value of [`IMAGE_LABEL`].
pub const IMAGE_LABEL_VALUE: &str = "cluster";
/// Label of everything that the tools make for a gateway; its value is the gateway's name.
pub const GATEWAY_LABEL: &str = "dev.openshell.gateway";
/// Label with the persisted specification, as JSON.
pub const SPEC_LABEL: &str = "dev.openshell.spec";

/// Is this a handshake secret: 64 lower-case hex characters?
pub fn is_handshake_secret(value: &[u8]) -> bool {
    value.len() == 64 && value.iter().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}
