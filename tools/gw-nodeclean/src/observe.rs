//! Observation of everything that the plan is made from.

pub mod binding;
pub mod journal;
pub mod node_password;
pub mod nodes;

use std::collections::BTreeSet;

use contract::{Context, Failure};
use k8s_openapi::api::core::v1::{PersistentVolume, PersistentVolumeClaim, Pod, Secret};
use k8s_openapi::api::storage::v1::VolumeAttachment;
use kube::Api;
use kube::api::ListParams;
use kube_session::Session;

use crate::flags::Flags;
use crate::report::Report;
use binding::{Binding, binding};
use journal::Begun;
use node_password::{NodePassword, PASSWORD_NAMESPACE};
use nodes::Nodes;

/// A field selector grows with the nodes that it names; above this many, pods are told apart here.
const NAMED_NODES: usize = 20;

/// What was observed.
#[derive(Clone, Debug, Default)]
pub struct Observed {
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

/// Exactly this pod, and no successor of its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PodKey {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Its uid.
    pub uid: String,
}

impl PodKey {
    /// Namespace and name.
    pub fn full_name(&self) -> String {
        format!("{}/{}", self.namespace, self.name)
    }
}

/// A pod that is bound to a node: what matters of it, because there may be thousands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BoundPod {
    /// Which one.
    pub pod: PodKey,
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
            pod: PodKey {
                namespace: metadata.namespace.unwrap_or_default(),
                name: metadata.name.unwrap_or_default(),
                uid: metadata.uid.unwrap_or_default(),
            },
        }
    }
}

/// The name of a volume.
pub fn volume_name(volume: &PersistentVolume) -> String {
    volume.metadata.name.clone().unwrap_or_default()
}

/// Reads the cluster.
pub async fn observe(
    session: &Session,
    flags: &Flags,
    context: &Context<Report>,
) -> Result<Observed, Failure> {
    let nodes = nodes::observe(session, flags, context).await?;
    let everything = ListParams::default();
    let mut observed = Observed {
        begun: journal::begun(session).await?,
        volumes: session
            .list_as(&session.everywhere(), &everything, without_history)
            .await?,
        allow_multi_node: flags.allow_multi_node,
        delete_bare_pods: flags.delete_bare_pods,
        skip_volumes: flags.skip_volumes,
        ..Observed::default()
    };
    observed.claims_lost = claims_lost(session, &observed.begun).await?;
    if names_absent_host(&observed.volumes, &nodes) {
        let pending = ListParams::default().fields("status.phase=Pending,spec.nodeName=");
        observed.pending = session.list(&session.everywhere::<Pod>(), &pending).await?;
    }
    if !nodes.stale.is_empty() {
        observed.pods = pods_of_stale(session, &nodes).await?;
        let attachments = session
            .list(&session.everywhere::<VolumeAttachment>(), &everything)
            .await?;
        observed.attachments = attachments.into_iter().filter_map(attachment).collect();
        let secrets: Api<Secret> = Api::namespaced(session.client.clone(), PASSWORD_NAMESPACE);
        let names = session.list_names(&secrets, &everything).await?;
        let of_k3s = names.into_iter().filter(|name| node_password::is_one(name));
        observed.node_passwords = of_k3s.collect();
    }
    observed.nodes = nodes;
    Ok(observed)
}

/// Who wrote which field is most of an object, and of no use here.
fn without_history(mut volume: PersistentVolume) -> PersistentVolume {
    volume.metadata.managed_fields = None;
    volume
}

/// Claims whose volume is gone, without those whose volume is being moved.
async fn claims_lost(session: &Session, begun: &[Begun]) -> Result<Vec<String>, Failure> {
    let claims = session.everywhere::<PersistentVolumeClaim>();
    let lost = session
        .list_as(&claims, &ListParams::default(), lost_claim)
        .await?;
    let moving = |claim: &String| begun.iter().any(|begun| begun.claim().as_ref() == Some(claim));
    Ok(lost
        .into_iter()
        .flatten()
        .filter(|claim| !moving(claim))
        .collect())
}

fn lost_claim(claim: PersistentVolumeClaim) -> Option<String> {
    let phase = claim.status?.phase?;
    let (namespace, name) = (claim.metadata.namespace?, claim.metadata.name?);
    (phase == "Lost").then(|| format!("{namespace}/{name}"))
}

fn names_absent_host(volumes: &[PersistentVolume], nodes: &Nodes) -> bool {
    let known: BTreeSet<&String> = nodes
        .live
        .iter()
        .chain(&nodes.stale)
        .map(|node| &node.hostname)
        .collect();
    volumes.iter().any(|volume| match binding(volume) {
        Binding::Free => false,
        Binding::Host(host) => !known.contains(&host),
        Binding::Other(hosts) => hosts.iter().any(|host| !known.contains(host)),
    })
}

/// Pods that are bound to stale nodes, by whichever selector is shorter.
async fn pods_of_stale(session: &Session, nodes: &Nodes) -> Result<Vec<BoundPod>, Failure> {
    let (stale, live) = (&nodes.stale, &nodes.live);
    let pods = session.everywhere::<Pod>();
    if stale.len() <= live.len().min(NAMED_NODES) {
        let mut found = Vec::new();
        for node in stale {
            let selection = ListParams::default().fields(&format!("spec.nodeName={}", node.name));
            found.extend(session.list_as(&pods, &selection, BoundPod::from).await?);
        }
        return Ok(found);
    }
    let mut selector = "spec.nodeName!=".to_owned();
    for node in live.iter().take(NAMED_NODES) {
        selector.push_str(&format!(",spec.nodeName!={}", node.name));
    }
    let selection = ListParams::default().fields(&selector);
    let mut found = session.list_as(&pods, &selection, BoundPod::from).await?;
    let names: BTreeSet<&String> = stale.iter().map(|node| &node.name).collect();
    found.retain(|pod| names.contains(&pod.node));
    Ok(found)
}

fn attachment(found: VolumeAttachment) -> Option<Attachment> {
    Some(Attachment {
        name: found.metadata.name?,
        node: found.spec.node_name,
    })
}

fn comes_back(pod: &Pod) -> bool {
    let annotations = pod.metadata.annotations.as_ref();
    let is_mirror = annotations.is_some_and(|found| found.contains_key("kubernetes.io/config.mirror"));
    let mut owners = pod.metadata.owner_references.iter().flatten();
    is_mirror || owners.any(|owner| owner.controller == Some(true))
}
