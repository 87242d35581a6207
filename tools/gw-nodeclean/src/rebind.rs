//! The steps by which a volume moves to another node. Kubernetes lets nobody change a volume's node affinity: the
//! object is deleted and created again, while its claim stays and its data is never touched.

use std::time::{Duration, Instant};

use contract::{Exit, Failure};
use k8s_openapi::api::core::v1::PersistentVolume;
use kube::Api;
use kube::api::{DeleteParams, Patch, PatchParams, Preconditions};
use kube_session::{Backoff, Created, Session, Trouble};
use serde_json::json;

use crate::act::delete;

/// The controller of volumes looks at lost claims every fifteen seconds.
const BOUND_WITHIN: Duration = Duration::from_secs(60);

/// The object for the node `keep`, from the one for the old node: same name, same folder, same claim by its uid. It is
/// kept whatever becomes of its claim.
pub fn moved(volume: &PersistentVolume, keep: &str) -> PersistentVolume {
    let mut moved = volume.clone();
    let old = &volume.metadata;
    moved.metadata = kube::api::ObjectMeta {
        name: old.name.clone(),
        labels: old.labels.clone(),
        annotations: old.annotations.clone(),
        ..Default::default()
    };
    moved.status = None;
    if let Some(spec) = &mut moved.spec {
        spec.persistent_volume_reclaim_policy = Some("Retain".to_owned());
        let terms = spec
            .node_affinity
            .iter_mut()
            .flat_map(|affinity| affinity.required.iter_mut());
        for expression in terms
            .flat_map(|required| required.node_selector_terms.iter_mut())
            .flat_map(|term| term.match_expressions.iter_mut().flatten())
        {
            expression.values = Some(vec![keep.to_owned()]);
        }
    }
    moved
}

/// From now on nobody deletes the data, whatever becomes of the object. Returns the object as it is afterwards; `None`
/// where it is gone.
pub async fn retain(
    session: &Session,
    volume: &PersistentVolume,
) -> Result<Option<PersistentVolume>, Failure> {
    let volumes = session.everywhere::<PersistentVolume>();
    let name = volume.metadata.name.clone().unwrap_or_default();
    let patch = Patch::Merge(json!({
        "metadata": {"uid": volume.metadata.uid},
        "spec": {"persistentVolumeReclaimPolicy": "Retain"},
    }));
    let gone = |trouble| matches!(trouble, Trouble::Absent | Trouble::Conflict).then_some(());
    let parameters = PatchParams::default();
    let what = format!("the API server to keep volume {name}");
    let patched = session
        .request(&what, &name, || volumes.patch(&name, &parameters, &patch), gone)
        .await?;
    if patched.is_err() {
        return Ok(None);
    }
    session.get(&volumes, &name).await
}

/// Deletes the old object and creates the new one; each may be done already. The old one is known by its uid.
pub async fn replace(session: &Session, old_uid: &str, new: &PersistentVolume) -> Result<(), Failure> {
    let volumes = session.everywhere::<PersistentVolume>();
    let name = new.metadata.name.clone().unwrap_or_default();
    let only_this = Preconditions {
        uid: Some(old_uid.to_owned()),
        resource_version: None,
    };
    delete(
        session,
        &volumes,
        &name,
        &DeleteParams::default().preconditions(only_this),
    )
    .await?;
    let mut backoff = Backoff::default();
    loop {
        match session.create(&volumes, &name, new).await? {
            Created::Made(_) => return Ok(()),
            Created::Exists => {}
        }
        match session.get(&volumes, &name).await? {
            Some(found) if found.metadata.uid.as_deref() == Some(old_uid) => {
                release(session, &volumes, &name, old_uid).await?
            }
            Some(_) => return Ok(()),
            None => {}
        }
        tokio::time::sleep(backoff.next_wait()).await;
    }
}

/// The finalizer that protects bound volumes would hold the old object for ever.
async fn release(
    session: &Session,
    volumes: &Api<PersistentVolume>,
    name: &str,
    uid: &str,
) -> Result<(), Failure> {
    let patch = Patch::Merge(json!({"metadata": {"uid": uid, "finalizers": null}}));
    let parameters = PatchParams::default();
    let done = |trouble| matches!(trouble, Trouble::Absent | Trouble::Conflict).then_some(());
    let what = format!("the API server to release volume {name}");
    let _ = session
        .request(&what, name, || volumes.patch(name, &parameters, &patch), done)
        .await?;
    Ok(())
}

/// Returns once the volume has its claim again. A volume without a claim has nothing to wait for.
pub async fn bound(session: &Session, new: &PersistentVolume) -> Result<(), Failure> {
    let claimed = new.spec.as_ref().is_some_and(|spec| spec.claim_ref.is_some());
    let volumes = session.everywhere::<PersistentVolume>();
    let name = new.metadata.name.clone().unwrap_or_default();
    let end = Instant::now() + BOUND_WITHIN;
    while claimed {
        let found = session.get(&volumes, &name).await?;
        let phase = found.and_then(|found| found.status?.phase);
        match phase.as_deref() {
            Some("Bound") => return Ok(()),
            // Its claim is gone: there is nobody to bind it to, and its data is kept.
            Some("Released") => return Ok(()),
            _ if Instant::now() < end => tokio::time::sleep(Duration::from_millis(250)).await,
            phase => {
                return Err(Failure::new(
                    Exit::Failed,
                    "volume_not_bound",
                    format!(
                        "volume {name} is {} and not Bound after its move; its data is kept",
                        phase.unwrap_or("gone")
                    ),
                    format!("kubectl describe persistentvolume {name}, then gw-nodeclean again"),
                ));
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moved_volume_differs_in_node_and_policy_alone() {
        let old: PersistentVolume = serde_json::from_value(json!({
            "metadata": {"name": "v", "uid": "1", "resourceVersion": "5", "annotations": {"a": "b"},
                         "finalizers": ["kubernetes.io/pv-protection"]},
            "spec": {
                "capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "storageClassName": "local-path",
                "persistentVolumeReclaimPolicy": "Delete", "hostPath": {"path": "/p"},
                "claimRef": {"namespace": "n", "name": "c", "uid": "u"},
                "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [
                    {"key": "kubernetes.io/hostname", "operator": "In", "values": ["old"]}]}]}},
            },
            "status": {"phase": "Bound"},
        }))
        .unwrap();
        let new = serde_json::to_value(moved(&old, "new")).unwrap();
        let mut expected = serde_json::to_value(&old).unwrap();
        expected["metadata"] = json!({"name": "v", "annotations": {"a": "b"}});
        expected["spec"]["persistentVolumeReclaimPolicy"] = json!("Retain");
        expected["spec"]["nodeAffinity"]["required"]["nodeSelectorTerms"][0]["matchExpressions"][0]["values"] =
            json!(["new"]);
        expected.as_object_mut().unwrap().remove("status");
        assert_eq!(new, expected);
    }
}
