//! Observation of everything that the plan is made from.

use std::collections::BTreeSet;

use contract::{Context, Failure};
use k8s_openapi::api::core::v1::{PersistentVolume, PersistentVolumeClaim, Pod, Secret};
use k8s_openapi::api::storage::v1::VolumeAttachment;
use kube::Api;
use kube::api::ListParams;
use kube_session::Session;

use crate::binding::{Binding, binding};
use crate::doomed::PASSWORD_NAMESPACE;
use crate::flags::Flags;
use crate::journal::{self, Begun};
use crate::node_password;
use crate::nodes::{self, Nodes};
use crate::plan::{Attachment, BoundPod, Seen};
use crate::report::Report;

/// A field selector grows with the nodes that it names; above this many, pods are told apart here.
const NAMED_NODES: usize = 20;

/// Reads the cluster.
pub async fn all(session: &Session, flags: &Flags, context: &Context<Report>) -> Result<Seen, Failure> {
    let nodes = nodes::observe(session, flags, context).await?;
    let everything = ListParams::default();
    let mut seen = Seen {
        begun: journal::begun(session).await?,
        volumes: session
            .list_as(&session.everywhere(), &everything, without_history)
            .await?,
        allow_multi_node: flags.allow_multi_node,
        delete_bare_pods: flags.delete_bare_pods,
        skip_volumes: flags.skip_volumes,
        ..Seen::default()
    };
    seen.claims_lost = claims_lost(session, &seen.begun).await?;
    if names_absent_host(&seen.volumes, &nodes) {
        let pending = ListParams::default().fields("status.phase=Pending,spec.nodeName=");
        seen.pending = session.list(&session.everywhere::<Pod>(), &pending).await?;
    }
    if !nodes.stale.is_empty() {
        seen.pods = pods_of_stale(session, &nodes).await?;
        let attachments = session
            .list(&session.everywhere::<VolumeAttachment>(), &everything)
            .await?;
        seen.attachments = attachments.into_iter().filter_map(attachment).collect();
        let secrets: Api<Secret> = Api::namespaced(session.client.clone(), PASSWORD_NAMESPACE);
        let names = session.list_names(&secrets, &everything).await?;
        let of_k3s = names.into_iter().filter(|name| node_password::is_one(name));
        seen.node_passwords = of_k3s.collect();
    }
    seen.nodes = nodes;
    Ok(seen)
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
