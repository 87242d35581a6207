//! The plan: a pure function of what was observed.

use std::collections::{BTreeMap, BTreeSet};

use contract::Reason;
use k8s_openapi::api::core::v1::{PersistentVolume, Pod};

use crate::observe::binding::{Binding, binding, is_local_folder};
use crate::observe::journal::Begun;
use crate::observe::node_password::{self, NodePassword};
use crate::observe::nodes::ObservedNode;
use crate::observe::{Observed, PodKey, volume_name};
use crate::reasons::{BARE_PODS, NO_LIVE_NODE, VOLUME_NOT_UNDERSTOOD, VOLUMES_SKIPPED};

/// Something that is left, with the reason of the failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left {
    /// Kind and name.
    pub object: String,
    /// `None` where leaving it is what was asked for.
    pub reason: Option<Reason>,
    /// Why, in plain words.
    pub why: String,
}

/// What to do, in this order.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// The Secret that goes before all else.
    pub password: Option<NodePassword>,
    /// The node that everything moves to.
    pub keep: Option<ObservedNode>,
    /// All nodes that live.
    pub live: Vec<String>,
    /// All stale nodes, also those that are left.
    pub stale: Vec<String>,
    /// Moves of an earlier run, to be completed.
    pub begun: Vec<Begun>,
    /// Volumes to move.
    pub volumes: Vec<PersistentVolume>,
    /// A pod that waits for the volume of this name, whose node is in the cluster no more.
    pub waiting: BTreeMap<String, String>,
    /// Pods to delete.
    pub pods: Vec<PodKey>,
    /// Nodes to delete.
    pub nodes: Vec<DoomedNode>,
    /// What stays.
    pub left: Vec<Left>,
}

/// A node to delete, with what belongs to its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DoomedNode {
    /// Its name.
    pub name: String,
    /// Only this very node.
    pub uid: String,
    /// VolumeAttachments to it.
    pub attachments: Vec<String>,
    /// k3s's Secret with the hash of its password, where it is there.
    pub password: Option<String>,
    /// Has it a Lease?
    pub has_lease: bool,
}

/// Decides what to do.
pub fn plan(observed: &Observed) -> Plan {
    let names = |nodes: &[ObservedNode]| nodes.iter().map(|node| node.name.clone()).collect();
    let mut plan = Plan {
        password: observed.kept_password.clone(),
        keep: observed.nodes.keep.clone(),
        live: names(&observed.nodes.live),
        stale: names(&observed.nodes.stale),
        begun: observed.begun.clone(),
        ..Plan::default()
    };
    if plan.keep.is_none() {
        plan.leave_begun();
    }
    if plan.keep.is_none() || (plan.live.len() > 1 && !observed.allow_multi_node) {
        plan.leave_stale();
        return plan;
    }
    let volumes_by_host = by_host(observed);
    let waiting = claims_waited_for(&observed.pending);
    let mut left_on: BTreeSet<&str> = BTreeSet::new();
    let stale: BTreeMap<&str, &ObservedNode> = observed
        .nodes
        .stale
        .iter()
        .map(|node| (node.hostname.as_str(), node))
        .collect();
    let live: BTreeSet<&str> = observed
        .nodes
        .live
        .iter()
        .map(|node| node.hostname.as_str())
        .collect();
    for (host, volumes) in &volumes_by_host {
        if live.contains(host.as_str()) {
            continue;
        }
        let node = stale.get(host.as_str());
        for volume in volumes {
            let pod = claim_of(volume).and_then(|claim| waiting.get(&claim));
            let Some((reason, why)) = obstacle(observed, volume) else {
                plan.volumes.push((*volume).clone());
                plan.waiting
                    .extend(pod.map(|pod| (volume_name(volume), pod.clone())));
                continue;
            };
            // A volume of a node that is no more in the cluster matters where somebody waits for it.
            if node.is_some() || pod.is_some() {
                let why = pod.map_or_else(|| why.to_owned(), |pod| format!("{why}; pod {pod} waits for it"));
                plan.leave(format!("persistentvolume {}", volume_name(volume)), reason, &why);
            }
            left_on.extend(node.map(|node| node.name.as_str()));
        }
    }
    let by_name: BTreeMap<&str, &ObservedNode> = observed
        .nodes
        .stale
        .iter()
        .map(|node| (node.name.as_str(), node))
        .collect();
    for bound in &observed.pods {
        let Some(node) = by_name.get(bound.node.as_str()) else {
            continue;
        };
        if bound.comes_back || observed.delete_bare_pods {
            plan.pods.push(bound.pod.clone());
        } else {
            left_on.insert(&node.name);
            let object = format!("pod {}", bound.pod.full_name());
            let why = "no controller would make it again; --delete-bare-pods deletes it";
            plan.leave(object, BARE_PODS, why);
        }
    }
    let stays = |node: &&ObservedNode| !left_on.contains(node.name.as_str());
    plan.nodes = doomed_nodes(observed, stays);
    plan
}

/// Volumes by each hostname that binds them.
fn by_host(observed: &Observed) -> BTreeMap<String, Vec<&PersistentVolume>> {
    let begun: BTreeSet<&str> = observed.begun.iter().map(|begun| begun.uid.as_str()).collect();
    let mut found: BTreeMap<String, Vec<&PersistentVolume>> = BTreeMap::new();
    for volume in &observed.volumes {
        let uid = volume.metadata.uid.as_deref().unwrap_or_default();
        // The journal has it already.
        if begun.contains(uid) {
            continue;
        }
        let hosts = match binding(volume) {
            Binding::Free => Vec::new(),
            Binding::Host(host) => vec![host],
            Binding::Other(hosts) => hosts,
        };
        for host in hosts {
            found.entry(host).or_default().push(volume);
        }
    }
    found
}

/// Why the volume cannot be moved, if it cannot.
fn obstacle(observed: &Observed, volume: &PersistentVolume) -> Option<(Reason, &'static str)> {
    match binding(volume) {
        _ if observed.skip_volumes => Some((VOLUMES_SKIPPED, "--skip-volumes was given")),
        Binding::Host(_) if is_local_folder(volume) => None,
        Binding::Other(_) => Some((
            VOLUME_NOT_UNDERSTOOD,
            "its node affinity has another form than one hostname",
        )),
        _ => Some((
            VOLUME_NOT_UNDERSTOOD,
            "its provisioner is not one whose folders move with the gateway",
        )),
    }
}

/// Namespace and name of a claim.
type Claim = (String, String);

/// Claims that pods without a node wait for, each with such a pod.
fn claims_waited_for(pending: &[Pod]) -> BTreeMap<Claim, String> {
    let mut claims = BTreeMap::new();
    for pod in pending {
        let namespace = pod.metadata.namespace.clone().unwrap_or_default();
        let name = pod.metadata.name.as_deref().unwrap_or_default();
        let volumes = pod.spec.iter().flat_map(|spec| spec.volumes.iter().flatten());
        for source in volumes.filter_map(|volume| volume.persistent_volume_claim.as_ref()) {
            let claim = (namespace.clone(), source.claim_name.clone());
            claims.insert(claim, format!("{namespace}/{name}"));
        }
    }
    claims
}

fn claim_of(volume: &PersistentVolume) -> Option<Claim> {
    let claim = volume.spec.as_ref()?.claim_ref.as_ref()?;
    Some((claim.namespace.clone()?, claim.name.clone()?))
}

fn doomed_nodes(observed: &Observed, goes: impl Fn(&&ObservedNode) -> bool) -> Vec<DoomedNode> {
    let mut attachments: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for attachment in &observed.attachments {
        let names = attachments.entry(attachment.node.as_str()).or_default();
        names.push(attachment.name.clone());
    }
    let doom = |node: &ObservedNode| {
        let password = node_password::name_of(&node.name);
        DoomedNode {
            name: node.name.clone(),
            uid: node.uid.clone(),
            attachments: attachments.get(node.name.as_str()).cloned().unwrap_or_default(),
            password: observed.node_passwords.contains(&password).then_some(password),
            has_lease: node.has_lease,
        }
    };
    observed.nodes.stale.iter().filter(goes).map(doom).collect()
}

impl Plan {
    fn leave(&mut self, object: String, reason: Reason, why: &str) {
        self.left.push(Left {
            object,
            reason: Some(reason),
            why: why.to_owned(),
        });
    }

    /// Without a node to move to, a move that was begun waits for one.
    fn leave_begun(&mut self) {
        for begun in std::mem::take(&mut self.begun) {
            let object = format!("persistentvolume {}", volume_name(&begun.volume));
            let why = "an earlier run began to move it; --keep NODE says where to";
            self.leave(object, NO_LIVE_NODE, why);
        }
    }

    /// Beside other nodes that live, nothing is removed.
    fn leave_stale(&mut self) {
        let why = format!(
            "more than one node lives ({}): --allow-multi-node cleans up beside them",
            self.live.join(", ")
        );
        let left = |node: &String| Left {
            object: format!("node {node}"),
            reason: None,
            why: why.clone(),
        };
        self.left.extend(self.stale.iter().map(left));
    }
}

#[cfg(test)]
mod tests;
