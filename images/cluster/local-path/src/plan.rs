//! What is to be done, from what the cluster holds. Pure.
//!
//! Source of names and shapes: rancher's local-path-provisioner as k3s ships it.

use std::path::{Path, PathBuf};

use k8s_openapi::api::core::v1::{PersistentVolume, PersistentVolumeClaim};
use k8s_openapi::api::storage::v1::StorageClass;
use serde_json::json;

/// The provisioner that classes name.
const PROVISIONER: &str = "rancher.io/local-path";
/// Where the scheduler says on which node the claim's pod will run.
const SELECTED_NODE: &str = "volume.kubernetes.io/selected-node";
/// Who made a volume.
const PROVISIONED_BY: &str = "pv.kubernetes.io/provisioned-by";
/// The label that volumes bind to.
const HOSTNAME: &str = "kubernetes.io/hostname";

/// One thing to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Step {
    /// Make the folder, then the volume.
    Provision {
        /// The folder, directly below the storage folder.
        folder: PathBuf,
        /// The volume.
        volume: Box<PersistentVolume>,
    },
    /// Remove the folder, then the volume of this name and UID.
    Remove {
        /// The folder, directly below the storage folder.
        folder: PathBuf,
        /// The volume's name.
        name: String,
        /// The volume's UID: another one of the same name stays.
        uid: String,
    },
    /// The claim asks for what this provisioner cannot give.
    Refuse {
        /// The claim, as `NAMESPACE/NAME`.
        claim: String,
        /// What that is.
        cause: &'static str,
    },
}

/// What the cluster holds. Volumes must have been listed before claims: a claim that is made in between is then seen.
#[derive(Debug, Default)]
pub struct Observed {
    /// All volumes.
    pub volumes: Vec<PersistentVolume>,
    /// All claims.
    pub claims: Vec<PersistentVolumeClaim>,
    /// All classes.
    pub classes: Vec<StorageClass>,
}

/// Decides for the node `node`, whose volumes lie in `storage`.
pub fn plan(observed: &Observed, node: &str, storage: &Path) -> Vec<Step> {
    let provisions = observed
        .claims
        .iter()
        .filter_map(|claim| provision(observed, claim, node, storage));
    let removals = observed
        .volumes
        .iter()
        .filter_map(|volume| removal(observed, volume, node, storage));
    provisions.chain(removals).collect()
}

fn provision(observed: &Observed, claim: &PersistentVolumeClaim, node: &str, storage: &Path) -> Option<Step> {
    let (metadata, spec) = (&claim.metadata, claim.spec.as_ref()?);
    let class_name = spec.storage_class_name.as_deref()?;
    let class = observed
        .classes
        .iter()
        .find(|class| class.metadata.name.as_deref() == Some(class_name))?;
    let selected = metadata.annotations.as_ref()?.get(SELECTED_NODE)?;
    let is_bound = spec.volume_name.as_deref().is_some_and(|name| !name.is_empty());
    if class.provisioner != PROVISIONER
        || selected != node
        || is_bound
        || metadata.deletion_timestamp.is_some()
    {
        return None;
    }
    let (namespace, name, uid) = (
        metadata.namespace.as_deref()?,
        metadata.name.as_deref()?,
        metadata.uid.as_deref()?,
    );
    let volume_name = format!("pvc-{uid}");
    if observed
        .volumes
        .iter()
        .any(|volume| volume.metadata.name.as_deref() == Some(&volume_name))
    {
        return None;
    }
    let refuse = |cause| {
        Some(Step::Refuse {
            claim: format!("{namespace}/{name}"),
            cause,
        })
    };
    let modes = spec.access_modes.clone().unwrap_or_default();
    if modes
        .iter()
        .any(|mode| mode != "ReadWriteOnce" && mode != "ReadWriteOncePod")
    {
        return refuse("only ReadWriteOnce is possible on a folder of one node");
    }
    if spec.selector.is_some() {
        return refuse("a selector is not possible");
    }
    if spec.volume_mode.as_deref() == Some("Block") {
        return refuse("block volumes are not possible");
    }
    let capacity = spec
        .resources
        .as_ref()
        .and_then(|resources| resources.requests.as_ref()?.get("storage"));
    let folder = storage.join(format!("{volume_name}_{namespace}_{name}"));
    let volume = json!({
        "metadata": {"name": volume_name, "annotations": {PROVISIONED_BY: PROVISIONER}},
        "spec": {
            "accessModes": modes,
            "capacity": {"storage": capacity},
            "claimRef": {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "namespace": namespace, "name": name, "uid": uid},
            "hostPath": {"path": folder, "type": "DirectoryOrCreate"},
            "mountOptions": class.mount_options,
            "nodeAffinity": {"required": {"nodeSelectorTerms": [{
                "matchExpressions": [{"key": HOSTNAME, "operator": "In", "values": [node]}],
            }]}},
            "persistentVolumeReclaimPolicy": class.reclaim_policy.as_deref().unwrap_or("Delete"),
            "storageClassName": class_name,
            "volumeMode": "Filesystem",
        },
    });
    let volume = serde_json::from_value(volume).ok()?;
    Some(Step::Provision {
        folder,
        volume: Box::new(volume),
    })
}

fn removal(observed: &Observed, volume: &PersistentVolume, node: &str, storage: &Path) -> Option<Step> {
    let (metadata, spec) = (&volume.metadata, volume.spec.as_ref()?);
    let is_ours =
        metadata.annotations.as_ref()?.get(PROVISIONED_BY)? == PROVISIONER && is_of_node(volume, node);
    let is_released = volume.status.as_ref()?.phase.as_deref() == Some("Released");
    let is_to_go = spec.persistent_volume_reclaim_policy.as_deref() == Some("Delete");
    // The claim may be on its way back, when somebody restores it under its old UID.
    let claim_uid = spec.claim_ref.as_ref()?.uid.as_deref()?;
    let is_claimed = observed
        .claims
        .iter()
        .any(|claim| claim.metadata.uid.as_deref() == Some(claim_uid));
    if !is_ours || !is_released || !is_to_go || is_claimed || metadata.deletion_timestamp.is_some() {
        return None;
    }
    let folder = PathBuf::from(&spec.host_path.as_ref()?.path);
    let (name, uid) = (metadata.name.clone()?, metadata.uid.clone()?);
    is_removable(&folder, &name, storage).then_some(Step::Remove { folder, name, uid })
}

fn is_of_node(volume: &PersistentVolume, node: &str) -> bool {
    let required = volume
        .spec
        .as_ref()
        .and_then(|spec| spec.node_affinity.as_ref()?.required.as_ref());
    required.is_some_and(|required| {
        required
            .node_selector_terms
            .iter()
            .flat_map(|term| term.match_expressions.iter().flatten())
            .any(|expression| {
                expression.key == HOSTNAME && expression.values.as_deref() == Some(&[node.to_owned()])
            })
    })
}

/// Only a folder that this provisioner would name so, directly below the storage folder, may be removed.
fn is_removable(folder: &Path, volume: &str, storage: &Path) -> bool {
    let name = folder.file_name().and_then(|name| name.to_str());
    folder.parent() == Some(storage)
        && folder
            .components()
            .all(|part| part != std::path::Component::ParentDir)
        && name.is_some_and(|name| volume.starts_with("pvc-") && name.starts_with(&format!("{volume}_")))
}

#[cfg(test)]
#[path = "plan_tests.rs"]
mod tests;
