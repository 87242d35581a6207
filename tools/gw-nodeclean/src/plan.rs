//! The plan: a pure function of what was seen.

use std::collections::{BTreeMap, BTreeSet};

use contract::{Action, Reason};
use k8s_openapi::api::core::v1::{PersistentVolume, Pod};

use crate::actions::{node_actions, password_action, pod_action, volume_action};
use crate::binding::{Binding, binding, is_local_folder};
use crate::doomed::{DoomedNode, DoomedPod, NodePassword};
use crate::journal::Begun;
use crate::node_password;
use crate::nodes::{Nodes, SeenNode};
use crate::reasons::{BARE_PODS, NO_LIVE_NODE, VOLUME_NOT_UNDERSTOOD, VOLUMES_SKIPPED};
use crate::report::{LeftField, Report};

/// What was seen.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// Which nodes live, and which do not.
    pub nodes: Nodes,
    /// Pods that are bound to stale nodes.
    pub pods: Vec<BoundPod>,
    /// Pods that no node runs yet; read only where a volume names a node that does not exist.
    pub pending: Vec<Pod>,
    /// All volumes.
    pub volumes: Vec<PersistentVolume>,
    /// Moves that an earlier run began.
    pub begun: Vec<Begun>,
    /// Claims whose volume is gone: namespace/name.
    pub claims_lost: Vec<String>,
    /// All attachments of volumes to nodes.
    pub attachments: Vec<Attachment>,
    /// The node password of the kept node's former container.
    pub kept_password: Option<NodePassword>,
    /// Names of k3s's Secrets with hashes of node passwords.
    pub node_passwords: BTreeSet<String>,
    /// `--allow-multi-node`.
    pub allow_multi_node: bool,
    /// `--delete-bare-pods`.
    pub delete_bare_pods: bool,
    /// `--skip-volumes`.
    pub skip_volumes: bool,
}

/// A VolumeAttachment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// Its name.
    pub name: String,
    /// The node.
    pub node: String,
}

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

/// A pod that is bound to a node: what matters of it, because there may be thousands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BoundPod {
    /// How it would be deleted.
    pub pod: DoomedPod,
    /// The node.
    pub node: String,
    /// Does something make it again: a controller, or, for a mirror pod, a file of its node?
    pub comes_back: bool,
}

impl From<Pod> for BoundPod {
    fn from(pod: Pod) -> Self {
        let comes_back = comes_back(&pod);
        let metadata = pod.metadata;
        Self {
            node: pod.spec.and_then(|spec| spec.node_name).unwrap_or_default(),
            comes_back,
            pod: DoomedPod {
                namespace: metadata.namespace.unwrap_or_default(),
                name: metadata.name.unwrap_or_default(),
                uid: metadata.uid.unwrap_or_default(),
            },
        }
    }
}

/// What to do, in this order.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// The Secret that goes before all else.
    pub password: Option<NodePassword>,
    /// The node that everything moves to.
    pub keep: Option<SeenNode>,
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
    pub pods: Vec<DoomedPod>,
    /// Nodes to delete.
    pub nodes: Vec<DoomedNode>,
    /// What stays.
    pub left: Vec<Left>,
}

pub fn name_of(volume: &PersistentVolume) -> String {
    volume.metadata.name.clone().unwrap_or_default()
}

/// Decides what to do.
pub fn plan(seen: &Seen) -> Plan {
    let names = |nodes: &[SeenNode]| nodes.iter().map(|node| node.name.clone()).collect();
    let mut plan = Plan {
        password: seen.kept_password.clone(),
        keep: seen.nodes.keep.clone(),
        live: names(&seen.nodes.live),
        stale: names(&seen.nodes.stale),
        begun: seen.begun.clone(),
        ..Plan::default()
    };
    if plan.keep.is_none() {
        plan.leave_begun();
    }
    if plan.keep.is_none() || (plan.live.len() > 1 && !seen.allow_multi_node) {
        plan.leave_stale();
        return plan;
    }
    let volumes_by_host = by_host(seen);
    let waiting = claims_waited_for(&seen.pending);
    let mut left_on: BTreeSet<&str> = BTreeSet::new();
    let stale: BTreeMap<&str, &SeenNode> = seen
        .nodes
        .stale
        .iter()
        .map(|node| (node.hostname.as_str(), node))
        .collect();
    let live: BTreeSet<&str> = seen
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
            let Some((reason, why)) = obstacle(seen, volume) else {
                plan.volumes.push((*volume).clone());
                plan.waiting.extend(pod.map(|pod| (name_of(volume), pod.clone())));
                continue;
            };
            // A volume of a node that is no more in the cluster matters where somebody waits for it.
            if node.is_some() || pod.is_some() {
                let why = pod.map_or_else(|| why.to_owned(), |pod| format!("{why}; pod {pod} waits for it"));
                plan.leave(format!("persistentvolume {}", name_of(volume)), reason, &why);
            }
            left_on.extend(node.map(|node| node.name.as_str()));
        }
    }
    let by_name: BTreeMap<&str, &SeenNode> = seen
        .nodes
        .stale
        .iter()
        .map(|node| (node.name.as_str(), node))
        .collect();
    for bound in &seen.pods {
        let Some(node) = by_name.get(bound.node.as_str()) else {
            continue;
        };
        if bound.comes_back || seen.delete_bare_pods {
            plan.pods.push(bound.pod.clone());
        } else {
            left_on.insert(&node.name);
            let object = format!("pod {}", bound.pod.full_name());
            let why = "no controller would make it again; --delete-bare-pods deletes it";
            plan.leave(object, BARE_PODS, why);
        }
    }
    let stays = |node: &&SeenNode| !left_on.contains(node.name.as_str());
    plan.nodes = doomed_nodes(seen, stays);
    plan
}

/// Volumes by each hostname that binds them.
fn by_host(seen: &Seen) -> BTreeMap<String, Vec<&PersistentVolume>> {
    let begun: BTreeSet<&str> = seen.begun.iter().map(|begun| begun.uid.as_str()).collect();
    let mut found: BTreeMap<String, Vec<&PersistentVolume>> = BTreeMap::new();
    for volume in &seen.volumes {
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
fn obstacle(seen: &Seen, volume: &PersistentVolume) -> Option<(Reason, &'static str)> {
    match binding(volume) {
        _ if seen.skip_volumes => Some((VOLUMES_SKIPPED, "--skip-volumes was given")),
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

fn comes_back(pod: &Pod) -> bool {
    let annotations = pod.metadata.annotations.as_ref();
    let is_mirror = annotations.is_some_and(|found| found.contains_key("kubernetes.io/config.mirror"));
    let mut owners = pod.metadata.owner_references.iter().flatten();
    is_mirror || owners.any(|owner| owner.controller == Some(true))
}

fn doomed_nodes(seen: &Seen, goes: impl Fn(&&SeenNode) -> bool) -> Vec<DoomedNode> {
    let mut attachments: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for attachment in &seen.attachments {
        let names = attachments.entry(attachment.node.as_str()).or_default();
        names.push(attachment.name.clone());
    }
    let doom = |node: &SeenNode| {
        let password = node_password::name_of(&node.name);
        DoomedNode {
            name: node.name.clone(),
            uid: node.uid.clone(),
            attachments: attachments.get(node.name.as_str()).cloned().unwrap_or_default(),
            password: seen.node_passwords.contains(&password).then_some(password),
            has_lease: node.has_lease,
        }
    };
    seen.nodes.stale.iter().filter(goes).map(doom).collect()
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
            let object = format!("persistentvolume {}", name_of(&begun.volume));
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

    /// Fills in what the plan says by itself.
    pub fn describe(&self, report: &mut Report) {
        report.keep = self.keep.as_ref().map(|keep| keep.name.clone());
        report.live_nodes.clone_from(&self.live);
        report.stale_nodes.clone_from(&self.stale);
        report.left = self
            .left
            .iter()
            .map(|left| LeftField {
                object: left.object.clone(),
                reason: left.why.clone(),
            })
            .collect();
        if report.dry_run {
            report.actions = self.actions();
            report.pods_deleted = self.pods.iter().map(DoomedPod::full_name).collect();
            let begun = self.begun.iter().map(|begun| name_of(&begun.volume));
            report.volumes_rebound = begun.chain(self.volumes.iter().map(name_of)).collect();
        }
    }

    /// Everything to do, by name.
    pub fn actions(&self) -> Vec<Action> {
        let begun = self.begun.iter().map(|begun| &begun.volume);
        let volumes = begun
            .chain(&self.volumes)
            .map(|volume| self.volume_action(&name_of(volume)));
        let password = self.password.iter().map(password_action);
        let pods = self.pods.iter().map(pod_action);
        let nodes = self.nodes.iter().flat_map(node_actions);
        password.chain(pods).chain(volumes).chain(nodes).collect()
    }

    /// The action on the volume of this name.
    pub fn volume_action(&self, name: &str) -> Action {
        let waiting = self.waiting.get(name).map(String::as_str);
        volume_action(name, self.keep_name(), waiting)
    }

    /// The name of the node that everything moves to.
    fn keep_name(&self) -> &str {
        self.keep.as_ref().map_or("", |keep| &keep.name)
    }
}

#[cfg(test)]
mod tests;
