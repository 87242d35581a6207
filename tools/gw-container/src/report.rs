//! The document's own fields.

use contract::Action;
use gateway_facts::Spec;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What Docker had before the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum StateBefore {
    /// Neither container nor volume.
    Absent,
    /// A volume and no container.
    VolumeOnly,
    /// A container that does not run.
    Stopped,
    /// A container that runs.
    Running,
    /// A container that is held.
    Paused,
    /// A container that Docker starts again and again.
    Restarting,
    /// A container that Docker could not remove.
    Dead,
}

/// What there is afterwards, and what was done.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Report {
    /// The gateway's name; null where it could not be told.
    pub gateway: Option<String>,
    /// What Docker had before the run.
    pub state_before: Option<StateBefore>,
    /// The container; null where there is none, or none yet.
    pub container_id: Option<String>,
    /// The node's name, which is the container's hostname.
    pub node_name: Option<String>,
    /// The gateway's address, scheme://host:port.
    pub endpoint: Option<String>,
    /// host:port at which this machine reaches the gateway, whatever name clients use; null where Docker is on another machine.
    pub published: Option<String>,
    /// The API's address, as the kubeconfig has it.
    pub api_endpoint: Option<String>,
    /// Docker is on another machine, and the kubeconfig leads to the API only while `gw-container tunnel` runs.
    pub needs_tunnel: bool,
    /// The kubeconfig file for this host.
    pub kubeconfig: Option<String>,
    /// The cluster image.
    pub image: Option<String>,
    /// The cluster image's id.
    pub image_id: Option<String>,
    /// When the container was created, RFC 3339.
    pub created_at: Option<String>,
    /// When the container started, RFC 3339.
    pub started_at: Option<String>,
    /// TCP port of the gateway on the host.
    pub port: Option<u16>,
    /// How the container is confined: privileged or caps.
    pub confinement: Option<String>,
    /// What the container is made from, as it is persisted; null where that is not known.
    pub spec: Option<Spec>,
    /// The file of a backup that was written or restored; else null.
    pub backup: Option<BackupField>,
    /// What container, node and host show, with the verb diagnose; else null.
    pub diagnosis: Option<DiagnosisField>,
    /// Was anything changed?
    pub changed: bool,
    /// Was only the plan wanted?
    pub dry_run: bool,
    /// What was done, or with --dry-run would be.
    pub actions: Vec<Action>,
    /// What did not stop the run and should be known.
    pub warnings: Vec<String>,
}

/// The file of a backup.
#[derive(Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Backup", deny_unknown_fields)]
pub struct BackupField {
    /// The file, - for standard input or output.
    pub file: String,
    /// The gateway that it is a backup of.
    pub gateway: String,
    /// Files, folders and links of the volume.
    pub entries: u64,
    /// Bytes of the volume's files.
    pub volume_bytes: u64,
    /// What of the volume is not in it.
    pub left_out: Vec<String>,
}

/// What container, node and host show. Nothing is judged here.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Diagnosis", deny_unknown_fields)]
pub struct DiagnosisField {
    /// The last lines of the container's log, secrets as fingerprints.
    pub log: Vec<String>,
    /// What Docker keeps of the last health checks, the oldest first.
    pub health_log: Vec<String>,
    /// Of the container's last end; null while it runs.
    pub exit_code: Option<i64>,
    /// Did the kernel end it for lack of memory?
    pub oom_killed: bool,
    /// Docker's message about the last start; null where it succeeded.
    pub start_error: Option<String>,
    /// How often Docker has started it again by itself.
    pub restart_count: u32,
    /// Size of the file system that the volume is on.
    pub disk_bytes: Option<u64>,
    /// What of it is free.
    pub disk_free_bytes: Option<u64>,
    /// The kernel's fs.inotify.max_user_instances, on a Docker of this machine.
    pub inotify_instances: Option<u64>,
    /// The kernel's fs.inotify.max_user_watches, on a Docker of this machine.
    pub inotify_watches: Option<u64>,
    /// 1 or 2.
    pub cgroup_version: Option<String>,
    /// Does the node's bridged traffic pass iptables? null where the node does not run.
    pub br_netfilter: Option<bool>,
    /// The node's name servers.
    pub name_servers: Vec<String>,
    /// Does the node resolve host.docker.internal? null where that cannot be asked.
    pub resolves_host: Option<bool>,
    /// The kernel's release.
    pub kernel: Option<String>,
    /// Processors of Docker's host.
    pub cpus: Option<u32>,
    /// Memory of Docker's host.
    pub memory_bytes: Option<u64>,
    /// Docker's storage driver.
    pub storage_driver: Option<String>,
    /// The image that the container runs, or that a new one would be made from; null where nothing says it.
    pub image: Option<String>,
    /// Does Docker have it? null where no image is known.
    pub image_present: Option<bool>,
    /// Why its registry does not give it, where Docker does not have it; null where it would, or was not asked.
    pub image_unavailable: Option<String>,
    /// The architecture that it is built for, in Docker's words, such as amd64.
    pub image_architecture: Option<String>,
    /// The architecture of Docker's host.
    pub host_architecture: Option<String>,
    /// The node's clock, RFC 3339; null where it cannot be asked.
    pub node_time: Option<String>,
    /// Does the node resolve its own container's name, which only a name server knows? null where that cannot be asked.
    pub resolves_names: Option<bool>,
    /// The last lines of the gateway server's log, secrets as fingerprints.
    pub server_log: Vec<String>,
    /// Does this host's kubeconfig agree with the container's? null where one of them is not there.
    pub kubeconfig_agrees: Option<bool>,
    /// The journal that a killed replacement left; null where there is none.
    pub journal: Option<String>,
    /// The container that an interrupted replacement set aside; null where there is none.
    pub set_aside: Option<String>,
    /// Who works on the gateway at this moment; null where nobody does.
    pub locked_by: Option<String>,
}
