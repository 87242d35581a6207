//! The plan: a pure function of what was seen.

use contract::Action;
use k8s_openapi::api::core::v1::{PersistentVolume, Pod};

use crate::report::{LeftField, Report};

/// What was seen.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// The node that lives and that everything moves to.
    pub keep: String,
    /// All nodes that live.
    pub live: Vec<String>,
    /// Nodes whose containers are gone.
    pub stale: Vec<String>,
    /// All pods that are bound to a stale node.
    pub pods: Vec<Pod>,
    /// All volumes.
    pub volumes: Vec<PersistentVolume>,
    /// `--delete-bare-pods`.
    pub delete_bare_pods: bool,
    /// `--skip-volumes`.
    pub skip_volumes: bool,
}

/// Something that is left, with the reason of the failure.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left {
    /// Kind and name.
    pub object: String,
    /// The stable word.
    pub reason: &'static str,
    /// Why, in plain words.
    pub why: String,
}

/// A pod to delete by force: it can run nowhere any more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DoomedPod {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Only this very pod.
    pub uid: String,
}

/// What to do, in this order.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// The node that lives.
    pub keep: String,
    /// All nodes that live.
    pub live: Vec<String>,
    /// All stale nodes, also those that are left.
    pub stale: Vec<String>,
    /// Pods to delete.
    pub pods: Vec<DoomedPod>,
    /// Volumes to move to the node that lives.
    pub volumes: Vec<PersistentVolume>,
    /// Nodes to delete.
    pub nodes: Vec<String>,
    /// What stays.
    pub left: Vec<Left>,
}

/// What binds a volume to nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Binding {
    /// Nothing.
    Free,
    /// Exactly this hostname, in the one form that provisioners of local volumes write.
    Host(String),
    /// Something else; the hostnames that it mentions.
    Other(Vec<String>),
}

/// Label that nodes carry their hostname in.
const HOSTNAME: &str = "kubernetes.io/hostname";
/// Provisioners whose volumes are folders of the node, which lie on the gateway's volume.
const LOCAL_PROVISIONERS: [&str; 2] = ["rancher.io/local-path", "kubernetes.io/host-path"];

/// What binds the volume.
pub fn binding(volume: &PersistentVolume) -> Binding {
    let affinity = volume.spec.as_ref().and_then(|spec| spec.node_affinity.as_ref());
    let Some(required) = affinity.and_then(|affinity| affinity.required.as_ref()) else {
        return Binding::Free;
    };
    let expressions: Vec<_> = required
        .node_selector_terms
        .iter()
        .flat_map(|term| term.match_expressions.iter().flatten())
        .collect();
    let fields = required
        .node_selector_terms
        .iter()
        .any(|term| term.match_fields.as_ref().is_some_and(|f| !f.is_empty()));
    if let ([only], 1, false) = (&expressions[..], required.node_selector_terms.len(), fields)
        && only.key == HOSTNAME
        && only.operator == "In"
        && let [host] = &only.values.clone().unwrap_or_default()[..]
    {
        return Binding::Host(host.clone());
    }
    let mentioned = expressions.iter().filter(|found| found.key == HOSTNAME);
    Binding::Other(
        mentioned
            .flat_map(|found| found.values.clone().unwrap_or_default())
            .collect(),
    )
}

fn name_of(volume: &PersistentVolume) -> String {
    volume.metadata.name.clone().unwrap_or_default()
}

/// Is it a folder of the node, made by a provisioner whose volumes move with the gateway's volume?
fn is_local_folder(volume: &PersistentVolume) -> bool {
    let annotations = volume.metadata.annotations.clone().unwrap_or_default();
    let provisioner = annotations
        .get("pv.kubernetes.io/provisioned-by")
        .map(String::as_str)
        .unwrap_or_default();
    let spec = volume.spec.as_ref();
    LOCAL_PROVISIONERS.contains(&provisioner)
        && spec.is_some_and(|spec| spec.host_path.is_some() || spec.local.is_some())
}

/// Decides what to do.
pub fn plan(seen: &Seen) -> Plan {
    let mut plan = Plan {
        keep: seen.keep.clone(),
        live: seen.live.clone(),
        stale: seen.stale.clone(),
        ..Plan::default()
    };
    for node in &seen.stale {
        let mut stays = false;
        for volume in &seen.volumes {
            let left = match binding(volume) {
                Binding::Host(host) if host != *node => continue,
                Binding::Other(hosts) if !hosts.contains(node) => continue,
                Binding::Free => continue,
                Binding::Host(_) if seen.skip_volumes => ("volumes_skipped", "--skip-volumes was given"),
                Binding::Host(_) if is_local_folder(volume) => {
                    plan.volumes.push(volume.clone());
                    continue;
                }
                Binding::Host(_) => (
                    "volume_not_understood",
                    "its provisioner is not one whose folders move with the gateway",
                ),
                Binding::Other(_) => (
                    "volume_not_understood",
                    "its node affinity has another form than one hostname",
                ),
            };
            stays = true;
            plan.left.push(Left {
                object: format!("persistentvolume {}", name_of(volume)),
                reason: left.0,
                why: left.1.to_owned(),
            });
        }
        for pod in seen.pods.iter().filter(|pod| node_of(pod) == Some(node)) {
            let doomed = DoomedPod {
                namespace: pod.metadata.namespace.clone().unwrap_or_default(),
                name: pod.metadata.name.clone().unwrap_or_default(),
                uid: pod.metadata.uid.clone().unwrap_or_default(),
            };
            if is_controlled(pod) || seen.delete_bare_pods {
                plan.pods.push(doomed);
            } else {
                stays = true;
                plan.left.push(Left {
                    object: format!("pod {}/{}", doomed.namespace, doomed.name),
                    reason: "bare_pods",
                    why: "no controller would make it again; --delete-bare-pods deletes it".to_owned(),
                });
            }
        }
        if !stays {
            plan.nodes.push(node.clone());
        }
    }
    plan
}

fn node_of(pod: &Pod) -> Option<&String> {
    pod.spec.as_ref()?.node_name.as_ref()
}

fn is_controlled(pod: &Pod) -> bool {
    let owners = pod.metadata.owner_references.iter().flatten();
    owners.into_iter().any(|owner| owner.controller == Some(true))
}

impl Plan {
    /// Fills in what the plan says by itself.
    pub fn describe(&self, report: &mut Report) {
        report.keep = Some(self.keep.clone());
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
            report.pods_deleted = self
                .pods
                .iter()
                .map(|pod| format!("{}/{}", pod.namespace, pod.name))
                .collect();
            report.volumes_rebound = self.volumes.iter().map(name_of).collect();
        }
    }

    fn actions(&self) -> Vec<Action> {
        let pods = self.pods.iter().map(|pod| pod_action(pod));
        let volumes = self
            .volumes
            .iter()
            .map(|volume| volume_action(&name_of(volume), &self.keep));
        let nodes = self.nodes.iter().map(|node| node_action(node));
        pods.chain(volumes).chain(nodes).collect()
    }
}

/// The action on a pod.
pub fn pod_action(pod: &DoomedPod) -> Action {
    Action::new(
        "delete",
        format!("pod {}/{}", pod.namespace, pod.name),
        "its node is gone",
    )
}

/// The action on a volume.
pub fn volume_action(name: &str, keep: &str) -> Action {
    Action::new(
        "rebind",
        format!("persistentvolume {name}"),
        format!("its node is gone; its data is on {keep} now"),
    )
}

/// The action on a node.
pub fn node_action(name: &str) -> Action {
    Action::new("delete", format!("node {name}"), "its container is gone")
}

#[cfg(test)]
mod tests;
