//! The document's own fields.

use gateway_work::{WorkFields, WorkReport};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Where the node is, what it shows, and what was done.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
pub struct Report {
    /// The gateway, and what was done.
    #[serde(flatten)]
    pub work: WorkFields,
    /// The container; null where there is none.
    pub container_id: Option<String>,
    /// The node's name, which is the container's hostname.
    pub node_name: Option<String>,
    /// The gateway's address, scheme://host:port.
    pub endpoint: Option<String>,
    /// host:port at which this machine reaches the gateway, whatever name clients use; null where Docker is on another machine.
    pub published: Option<String>,
    /// The API's address, as the kubeconfig has it.
    pub api_endpoint: Option<String>,
    /// Docker is on another machine, and the kubeconfig leads to the API only while `gw-node tunnel` runs.
    pub needs_tunnel: bool,
    /// The Service that the verb forward leads to, NAME or NAME:PORT; else null.
    pub service: Option<String>,
    /// host:port of this machine that led to it; null until it does.
    pub forward_address: Option<String>,
    /// The pod whose log was printed, with the verb logs; else null.
    pub pod: Option<String>,
    /// The kubeconfig file that was written; else null.
    pub kubeconfig: Option<String>,
    /// What container, node and host show, with the verb diagnose; else null.
    pub diagnosis: Option<DiagnosisField>,
    /// What the gateway is made of, with the verb parts, in the order in which it is deployed; else empty.
    pub parts: Vec<PartField>,
}

/// A part of a gateway that is deployed from a checkout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// The images of server and controller.
    Gateway,
    /// The program that sandboxes run.
    Supervisor,
    /// The chart and its values.
    Chart,
}

impl Part {
    /// In the order in which they are deployed.
    pub const ALL: [Self; 3] = [Self::Gateway, Self::Supervisor, Self::Chart];

    /// As people and documents write it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Gateway => "gateway",
            Self::Supervisor => "supervisor",
            Self::Chart => "chart",
        }
    }

    /// # Errors
    /// There is no such part.
    pub fn parse(text: &str) -> Result<Self, String> {
        let found = Self::ALL.into_iter().find(|part| part.word() == text);
        found.ok_or_else(|| {
            format!(
                "'{}' is none of gateway, supervisor and chart",
                text.escape_debug()
            )
        })
    }
}

/// A part, here and there.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "PartOfGateway", deny_unknown_fields)]
pub struct PartField {
    /// Which one.
    pub part: Part,
    /// A hash of what it is made from in the checkout; null if that was not said.
    pub made_from: Option<String>,
    /// A hash of what the one that runs was made from; null if it is not known.
    pub runs: Option<String>,
    /// Why it is not deployed from the checkout; null if it is.
    pub left: Option<String>,
    /// It is to be deployed.
    pub is_due: bool,
    /// All of that for people.
    pub summary: String,
}

impl WorkReport for Report {
    fn work(&mut self) -> &mut WorkFields {
        &mut self.work
    }
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
