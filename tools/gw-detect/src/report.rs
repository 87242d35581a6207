//! The document's own fields.

use std::collections::BTreeMap;

use gateway_facts::Spec;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::state::{Advice, State};

/// What there is of a gateway.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Report {
    /// The gateway's name; null where it could not be told, and with --all.
    pub gateway: Option<String>,
    /// The Docker that was asked.
    pub docker: DockerField,
    /// With --all every gateway on this Docker, by name, then those on clusters; else empty.
    pub gateways: Vec<GatewayField>,
    /// The state; null where it could not be determined.
    pub state: Option<State>,
    /// The address that clients use, scheme://host:port; null where nothing says it.
    pub endpoint: Option<String>,
    /// Where it is: in a container or on a cluster; null where that could not be told, and with --all.
    pub place: Option<PlaceField>,
    /// The cluster; null for a gateway in a container.
    pub cluster: Option<ClusterField>,
    /// The container; null where there is none.
    pub container: Option<ContainerField>,
    /// The volume.
    pub volume: VolumeField,
    /// The network.
    pub network: NetworkField,
    /// The gateway's port on the host.
    pub ports: PortsField,
    /// What the container is made from; null where nothing is persisted.
    pub spec: Option<Spec>,
    /// Where the specification was read; null where nothing says it.
    pub spec_source: Option<SpecSource>,
    /// What a client sees at the endpoint.
    pub probe: ProbeField,
    /// The client's files.
    pub client_files: ClientFilesField,
    /// What does not fit together, each in plain words.
    pub conflicts: Vec<String>,
    /// What to do next.
    pub recommended: RecommendedField,
}

/// Where a gateway is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PlaceField {
    /// In a container, which is the whole cluster.
    Container,
    /// In a namespace of a cluster that exists.
    Cluster,
}

/// The cluster that a gateway is on.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Cluster", deny_unknown_fields)]
pub struct ClusterField {
    /// The kubeconfig; null for the one that KUBECONFIG names.
    pub kubeconfig: Option<String>,
    /// The kubeconfig's context; null for its current one.
    pub context: Option<String>,
    /// The gateway's namespace.
    pub namespace: String,
    /// Does its API server answer?
    pub answers: bool,
    /// Is the namespace there? null where that is not known.
    pub namespace_exists: Option<bool>,
    /// The gateway server's workload; null where there is none, and where the API server does not answer.
    pub server: Option<ServerField>,
    /// The server's Service.
    pub service: String,
    /// What gives the endpoint, in words; null where only a forward from this machine leads to the server.
    pub endpoint_of: Option<String>,
    /// Is the endpoint still to come, from a cloud?
    pub endpoint_pending: bool,
    /// Does only a forward from this machine lead to the server?
    pub is_forwarded: bool,
}

/// The gateway server's workload.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Server", deny_unknown_fields)]
pub struct ServerField {
    /// statefulset/NAME or deployment/NAME.
    pub workload: String,
    /// The image of its first container; null where it has none.
    pub image: Option<String>,
    /// Replicas that are ready.
    pub ready: i32,
    /// Replicas that are wanted.
    pub replicas: i32,
}

/// Where a specification was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SpecSource {
    /// From the container's label.
    Label,
    /// From what a container without a readable label shows.
    Container,
    /// From the copy beside the client's files: there is a volume and no container.
    ClientFiles,
}

/// The container.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Container", deny_unknown_fields)]
pub struct ContainerField {
    /// Its id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// The image as it was named.
    pub image: String,
    /// The image's id.
    pub image_id: String,
    /// The image's digest in its registry; null for one that was built here or is gone.
    pub image_digest: Option<String>,
    /// RFC 3339; null where it never started.
    pub started_at: Option<String>,
    /// RFC 3339; null where it never ended.
    pub finished_at: Option<String>,
    /// Of its last end; null while it runs.
    pub exit_code: Option<i64>,
    /// Did the kernel end it for lack of memory?
    pub oom_killed: bool,
    /// Docker's word, such as unless-stopped.
    pub restart_policy: Option<String>,
    /// How often Docker has started it again by itself.
    pub restart_count: u32,
    /// Docker's message about the last start; null where it succeeded.
    pub start_error: Option<String>,
    /// The hostname, which is the node's name.
    pub node_name: String,
    /// Does it carry our label?
    pub labelled: bool,
    /// Does it run with --privileged?
    pub privileged: bool,
    /// privileged, or caps for a list of capabilities.
    pub confinement: String,
    /// The image's health check; null where the image has none.
    pub health: Option<HealthField>,
}

/// The image's health check.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Health", deny_unknown_fields)]
pub struct HealthField {
    /// starting, healthy or unhealthy.
    pub status: String,
    /// The last line of the last check.
    pub last_line: Option<String>,
    /// How many checks have failed, one after another, up to now.
    pub failing_streak: u32,
    /// Known faults that the last check named, such as DNS_PROBE_FAILED.
    pub markers: Vec<String>,
}

/// The volume.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Volume", deny_unknown_fields)]
pub struct VolumeField {
    /// Is it there?
    pub exists: bool,
    /// Its name.
    pub name: Option<String>,
    /// Does it carry our label?
    pub labelled: bool,
    /// Its labels.
    pub labels: BTreeMap<String, String>,
    /// The name of the node whose data is on it; null where this user may not read the volume and no container does it.
    pub node_name: Option<String>,
    /// What it takes, with --size; else null.
    pub size_bytes: Option<u64>,
}

/// The network.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Network", deny_unknown_fields)]
pub struct NetworkField {
    /// Is it there?
    pub exists: bool,
    /// Its name.
    pub name: Option<String>,
    /// Its id.
    pub id: Option<String>,
    /// Is the container attached to it?
    pub attached: bool,
    /// Does the container refer to a network of this name that is gone?
    pub stale: bool,
    /// Ids of further networks of this name.
    pub duplicates: Vec<String>,
}

/// The gateway's port on the host.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Ports", deny_unknown_fields)]
pub struct PortsField {
    /// The port that is persisted.
    pub wanted: Option<u16>,
    /// The port that the container publishes at this moment.
    pub published: Option<u16>,
    /// The address that it is published on, or is to be.
    pub bind: Option<String>,
    /// Who has the wanted port while the container does not.
    pub holders: Vec<HolderField>,
}

/// What can have a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HolderKind {
    /// A container.
    Container,
    /// A process of this machine.
    Process,
}

/// Who has a port.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Holder", deny_unknown_fields)]
pub struct HolderField {
    /// What it is.
    pub kind: HolderKind,
    /// The container's name or the process's command; null for a process of another user.
    pub name: Option<String>,
    /// The process's id; null for a container, and for a process of another user.
    pub pid: Option<u32>,
}

/// The Docker that was asked.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Docker", deny_unknown_fields)]
pub struct DockerField {
    /// Its address; null where it could not be told.
    pub host: Option<String>,
    /// The version of the API that was spoken.
    pub api_version: Option<String>,
    /// docker or podman; with podman the document is a best effort.
    pub engine: Option<String>,
}

/// A gateway in the list of --all.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Gateway", deny_unknown_fields)]
pub struct GatewayField {
    /// Its name.
    pub gateway: String,
    /// Where it is.
    pub place: PlaceField,
    /// Its state.
    pub state: State,
    /// Did our tools make it? Else it was made by another tool, and is adopted as it is.
    pub ours: bool,
    /// The address that clients use; null where nothing says it.
    pub endpoint: Option<String>,
    /// The cluster image, or on a cluster the server's; null where nothing says it.
    pub image: Option<String>,
    /// The node's name; null where nothing says it.
    pub node_name: Option<String>,
    /// What to do next.
    pub recommended: Advice,
    /// The cluster; null for a gateway in a container.
    pub cluster: Option<ClusterField>,
}

/// What a client sees at the endpoint.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Probe", deny_unknown_fields)]
pub struct ProbeField {
    /// serving, refused, reset, tls_failed, not_http2, timed_out, unreachable, no_bundle; null where it was not tried.
    pub outcome: Option<String>,
    /// The same in plain words.
    pub detail: Option<String>,
}

/// The client's files.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "ClientFiles", deny_unknown_fields)]
pub struct ClientFilesField {
    /// The gateway's folder.
    pub folder: Option<String>,
    /// metadata.json.
    pub metadata: FileField,
    /// The client's key of the mTLS bundle.
    pub bundle: FileField,
    /// The kubeconfig for this host.
    pub kubeconfig: FileField,
}

/// One of the client's files.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "File", deny_unknown_fields)]
pub struct FileField {
    /// Is it there?
    pub present: bool,
    /// Its permission bits, octal.
    pub mode: Option<String>,
    /// Does it fit the gateway? null where that cannot be told.
    pub agrees: Option<bool>,
}

/// What to do next.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Recommended", deny_unknown_fields)]
pub struct RecommendedField {
    /// One of the actions.
    pub action: Advice,
    /// Why.
    pub reason: String,
}
