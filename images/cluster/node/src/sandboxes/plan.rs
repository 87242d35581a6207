//! What is done for sandboxes before the kubelet starts, decided from what the API server knows. Pure.
//!
//! Nothing of a pod runs then: its processes ended with the container's last run. With restartPolicy Never the kubelet would report such
//! a pod as Failed, and OpenShell's server takes that as the end of the sandbox. If the pod is gone instead, the sandbox controller makes
//! it again on the same volume.

use std::collections::BTreeSet;

use jiff::Timestamp;

/// Where and when.
#[derive(Clone, Debug)]
pub struct Here {
    /// This node.
    pub node: String,
    /// When the container was started.
    pub booted: Timestamp,
}

/// What the API server knows.
#[derive(Clone, Debug, Default)]
pub struct Observed {
    /// OpenShell's sandboxes.
    pub sandboxes: Vec<Sandbox>,
    /// All pods.
    pub pods: Vec<Pod>,
    /// All leases.
    pub leases: Vec<Lease>,
}

/// An object of kind Sandbox that OpenShell manages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sandbox {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its uid: the owner of its pod.
    pub uid: String,
    /// It is not suspended, and not being deleted.
    pub wants_to_run: bool,
    /// Its conditions say that its pod ended. The server has taken that as its end, and the pod is all that tells why.
    pub ended: bool,
    /// The pod that annotation `agents.x-k8s.io/pod-name` names.
    pub named_pod: Option<String>,
    /// Where its supervisor dials.
    pub server: Server,
}

/// A pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pod {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its uid.
    pub uid: String,
    /// Its version.
    pub version: String,
    /// The name that its processes see as their host's.
    pub hostname: String,
    /// The node that it is bound to.
    pub node: Option<String>,
    /// The uid of what controls it.
    pub owner: Option<String>,
    /// When it was created.
    pub created: Timestamp,
    /// A kubelet has reported something of it.
    pub reported: bool,
    /// It was running, and the kubelet starts its containers again.
    pub restarts: bool,
}

/// A lease, as leader elections have them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its uid.
    pub uid: String,
    /// Its version.
    pub version: String,
    /// Who holds it; empty: nobody.
    pub holder: String,
    /// When its holder said last that it is alive.
    pub renewed: Option<Timestamp>,
}

/// A gateway server's Service.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Server {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its port; `None`: the first one.
    pub port: Option<u16>,
}

/// What to do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// Sandboxes whose annotation names a pod that is going or gone.
    pub unname: Vec<Sandbox>,
    /// Pods to delete by force, and whether only in the version that was seen.
    pub delete: Vec<(Pod, bool)>,
    /// Leases of dead holders.
    pub expire: Vec<Lease>,
    /// Leases of sandbox controllers to hold until the servers answer.
    pub hold: Vec<Lease>,
    /// The servers that sandboxes need.
    pub servers: BTreeSet<Server>,
}

/// Who holds a lease.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Holder {
    Nobody,
    /// An earlier start of this program.
    Ourselves,
    /// A pod of this node: it ended with the container's last run.
    DeadPod,
    /// A pod of a node that has not said since this start that it is alive: a former name of this one, most likely.
    PodOfSilentNode,
    /// Somebody who may be alive.
    Unknown,
}

/// The beginning of the holder that this program writes. No pod's name has a slash.
const OWN_HOLDER: &str = "cluster-node/";

/// The name that this program holds leases by.
pub fn own_holder(here: &Here) -> String {
    format!("{OWN_HOLDER}{}", here.node)
}

/// Without sandboxes there is nothing to do.
pub fn plan(observed: &Observed, here: &Here) -> Plan {
    if observed.sandboxes.is_empty() {
        return Plan::default();
    }
    let running: Vec<&Sandbox> = observed
        .sandboxes
        .iter()
        .filter(|sandbox| sandbox.wants_to_run && !sandbox.ended)
        .collect();
    let doomed = |pod: &&Pod| {
        let owner = pod.owner.as_deref();
        let is_wanted = running
            .iter()
            .any(|sandbox| owner == Some(&sandbox.uid) && pod.namespace == sandbox.namespace);
        is_wanted && is_outdated(pod, here)
    };
    // The scheduler may bind a pod in this moment.
    let delete: Vec<(Pod, bool)> = observed
        .pods
        .iter()
        .filter(doomed)
        .map(|pod| (pod.clone(), pod.node.is_none()))
        .collect();
    let stays = |sandbox: &Sandbox, name: &str| {
        let is_it = |pod: &Pod| pod.namespace == sandbox.namespace && pod.name == name;
        observed.pods.iter().any(is_it) && !delete.iter().any(|(pod, _)| is_it(pod))
    };
    let unname = running
        .iter()
        .filter(|sandbox| {
            sandbox
                .named_pod
                .as_deref()
                .is_some_and(|name| !stays(sandbox, name))
        })
        .map(|&sandbox| sandbox.clone())
        .collect();
    let mut leases = Leases::default();
    for lease in &observed.leases {
        leases.sort(lease, holder(lease, observed, here), !running.is_empty());
    }
    Plan {
        unname,
        delete,
        expire: leases.expire,
        hold: leases.hold,
        servers: running.iter().map(|sandbox| sandbox.server.clone()).collect(),
    }
}

#[derive(Default)]
struct Leases {
    expire: Vec<Lease>,
    hold: Vec<Lease>,
}

impl Leases {
    fn sort(&mut self, lease: &Lease, holder: Holder, holds: bool) {
        // Kubernetes' own parts look after theirs.
        if lease.namespace.starts_with("kube-") {
            return;
        }
        match holder {
            Holder::Unknown => {}
            _ if holds && is_of_sandbox_controller(&lease.name) => self.hold.push(lease.clone()),
            Holder::Nobody | Holder::PodOfSilentNode => {}
            Holder::Ourselves | Holder::DeadPod => self.expire.push(lease.clone()),
        }
    }
}

/// May something of the pod have run before this start, or may it start before the server answers?
fn is_outdated(pod: &Pod, here: &Here) -> bool {
    match &pod.node {
        None => true,
        Some(node) if *node != here.node => false,
        Some(_) => !pod.restarts && (pod.reported || pod.created <= here.booted),
    }
}

/// The reference controller's lease, and kubernetes-sigs/agent-sandbox's: `a3317529.agent-sandbox.x-k8s.io`, with `x-k8s.io` alone in its
/// first versions, with a suffix if it watches some namespaces only (cmd/agent-sandbox-controller).
fn is_of_sandbox_controller(name: &str) -> bool {
    name.starts_with("a3317529.") || name == format!("sandbox-controller.{}", gateway_names::SANDBOX_GROUP)
}

/// client-go's convention, which controller-runtime follows: the pod's hostname, an underscore, a UUID.
fn holder(lease: &Lease, observed: &Observed, here: &Here) -> Holder {
    if lease.holder.is_empty() {
        return Holder::Nobody;
    }
    if lease.holder.starts_with(OWN_HOLDER) {
        return Holder::Ourselves;
    }
    let Some((name, _)) = lease
        .holder
        .rsplit_once('_')
        .filter(|(_, suffix)| is_uuid(suffix))
    else {
        return Holder::Unknown;
    };
    // A pod that is bound to no node never ran.
    let named = observed.pods.iter().filter(|pod| pod.hostname == name);
    let nodes: Vec<&str> = named.filter_map(|pod| pod.node.as_deref()).collect();
    let is_here = |node: &&str| **node == here.node;
    if nodes.is_empty() {
        Holder::Unknown
    } else if nodes.iter().all(is_here) {
        Holder::DeadPod
    } else if nodes
        .iter()
        .all(|node| is_here(node) || !has_node_renewed(node, observed, here))
    {
        Holder::PodOfSilentNode
    } else {
        Holder::Unknown
    }
}

/// A kubelet renews a lease of its node's name every ten seconds. Source: Kubernetes, "Node heartbeats".
fn has_node_renewed(node: &str, observed: &Observed, here: &Here) -> bool {
    let is_nodes = |lease: &&Lease| lease.namespace == "kube-node-lease" && lease.name == node;
    let leases = observed.leases.iter().filter(is_nodes);
    leases
        .filter_map(|lease| lease.renewed)
        .any(|renewed| renewed > here.booted)
}

fn is_uuid(text: &str) -> bool {
    let lengths = text.split('-').map(str::len);
    lengths.eq([8, 4, 4, 4, 12]) && text.bytes().all(|byte| byte == b'-' || byte.is_ascii_hexdigit())
}
