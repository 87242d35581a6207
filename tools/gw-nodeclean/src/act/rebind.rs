//! The steps by which a volume moves to another node. Kubernetes lets nobody change a volume's node affinity: the
//! object is deleted and created again, while its claim stays and its data is never touched.

use contract::Failure;
use k8s_openapi::api::core::v1::PersistentVolume;
use kube::api::{DeleteParams, ObjectMeta, Patch, PatchParams, PostParams, Preconditions};
use kube_session::{Backoff, Created, Session, Trouble};
use serde_json::json;

use super::delete::delete;
use crate::observe::journal::Begun;
use crate::observe::volume_name;
use crate::reasons::VOLUME_REFUSED;

/// The object for the node with this hostname, from the one for the old node: same name, same folder, same claim by its
/// uid. It is kept whatever becomes of its claim.
pub fn moved(volume: &PersistentVolume, hostname: &str) -> PersistentVolume {
    let mut moved = volume.clone();
    let old = &volume.metadata;
    moved.metadata = ObjectMeta {
        name: old.name.clone(),
        labels: old.labels.clone(),
        annotations: old.annotations.clone(),
        ..Default::default()
    };
    moved.status = None;
    if let Some(spec) = &mut moved.spec {
        spec.persistent_volume_reclaim_policy = Some("Retain".to_owned());
        // The folder is there already. Where it is not, a pod is to fail: it must not begin anew in an empty one.
        if let Some(path) = &mut spec.host_path
            && path.type_.as_deref() == Some("DirectoryOrCreate")
        {
            path.type_ = Some("Directory".to_owned());
        }
        let terms = spec
            .node_affinity
            .iter_mut()
            .flat_map(|affinity| affinity.required.iter_mut());
        for expression in terms
            .flat_map(|required| required.node_selector_terms.iter_mut())
            .flat_map(|term| term.match_expressions.iter_mut().flatten())
        {
            expression.values = Some(vec![hostname.to_owned()]);
        }
    }
    moved
}

/// From now on nobody deletes the data, whatever becomes of the object. Returns the object as it is afterwards; `None`
/// where it is gone.
pub async fn retain(session: &Session, volume: &PersistentVolume) -> Result<Option<Begun>, Failure> {
    let name = volume_name(volume);
    let policy = volume
        .spec
        .as_ref()
        .and_then(|spec| spec.persistent_volume_reclaim_policy.as_deref());
    let uid = volume.metadata.uid.clone().unwrap_or_default();
    if policy == Some("Retain") {
        return Ok(Some(Begun {
            uid,
            volume: volume.clone(),
        }));
    }
    let patch = json!({
        "metadata": {"uid": uid},
        "spec": {"persistentVolumeReclaimPolicy": "Retain"},
    });
    let patched = patch_this(session, "keep", &name, &uid, patch).await?;
    Ok(patched.map(|volume| Begun { uid, volume }))
}

/// Changes the volume with this uid, which `patch` must name; `None` where there is none any more. Of an object of the same name
/// and another uid an API server says that the uid is immutable (422) or in conflict (409).
async fn patch_this(
    session: &Session,
    verb: &str,
    name: &str,
    uid: &str,
    patch: serde_json::Value,
) -> Result<Option<PersistentVolume>, Failure> {
    let volumes = session.everywhere::<PersistentVolume>();
    let (patch, parameters) = (Patch::Merge(patch), PatchParams::default());
    /// What an API server says in place of the changed volume.
    enum Unchanged {
        Gone,
        Refused,
    }
    let expected = |trouble| match trouble {
        Trouble::Absent | Trouble::Conflict => Some(Unchanged::Gone),
        Trouble::Refused => Some(Unchanged::Refused),
        _ => None,
    };
    let what = format!("the API server to {verb} volume {name}");
    let answer = session
        .request(&what, name, || volumes.patch(name, &parameters, &patch), expected)
        .await?;
    match answer {
        Ok(patched) => Ok(Some(patched)),
        Err(Unchanged::Gone) => Ok(None),
        Err(Unchanged::Refused) => {
            let found = session.get(&volumes, name).await?;
            let is_same = found.is_some_and(|found| found.metadata.uid.as_deref() == Some(uid));
            if is_same {
                return Err(VOLUME_REFUSED.failure(
                    format!("the API server would not {verb} volume {name}"),
                    "run it again; look at the API server's log if it stays",
                ));
            }
            Ok(None)
        }
    }
}

/// Would the API server take the new object? Asked before the old one is deleted.
pub async fn rehearse(session: &Session, new: &PersistentVolume) -> Result<(), Failure> {
    let volumes = session.everywhere::<PersistentVolume>();
    let name = volume_name(new);
    let parameters = PostParams {
        dry_run: true,
        ..PostParams::default()
    };
    enum Rehearsed {
        Valid,
        Refused,
    }
    let expected = |trouble| match trouble {
        // It checks the object before it sees that there is one of this name.
        Trouble::Exists => Some(Rehearsed::Valid),
        Trouble::Refused => Some(Rehearsed::Refused),
        _ => None,
    };
    let what = format!("the API server to check volume {name}");
    let answer = session
        .request(&what, &name, || volumes.create(&parameters, new), expected)
        .await?;
    match answer {
        Ok(_) | Err(Rehearsed::Valid) => Ok(()),
        Err(Rehearsed::Refused) => Err(VOLUME_REFUSED.failure(
            format!(
                "the API server would not take volume {name} for another node; nothing of it was deleted"
            ),
            format!(
                "{} cleans up all but volumes and their nodes",
                contract::typed("gw-nodeclean --skip-volumes")
            ),
        )),
    }
}

/// Deletes the old object and creates the new one; each may be done already. The old one is known by its uid.
pub async fn replace(session: &Session, old_uid: &str, new: &PersistentVolume) -> Result<(), Failure> {
    let volumes = session.everywhere::<PersistentVolume>();
    let name = volume_name(new);
    let only_this = Preconditions {
        uid: Some(old_uid.to_owned()),
        resource_version: None,
    };
    let parameters = DeleteParams::default().preconditions(only_this);
    delete(session, &volumes, &name, &parameters).await?;
    release(session, &name, old_uid).await?;
    let mut backoff = Backoff::default();
    loop {
        match session.create(&volumes, &name, new).await? {
            Created::Made(_) => return Ok(()),
            Created::Exists => {}
        }
        match session.get(&volumes, &name).await? {
            Some(found) if found.metadata.uid.as_deref() == Some(old_uid) => {
                release(session, &name, old_uid).await?
            }
            Some(_) => return Ok(()),
            None => {}
        }
        tokio::time::sleep(backoff.next_wait()).await;
    }
}

/// The finalizer that protects bound volumes would hold the old object for ever.
async fn release(session: &Session, name: &str, uid: &str) -> Result<(), Failure> {
    let patch = json!({"metadata": {"uid": uid, "finalizers": null}});
    patch_this(session, "release", name, uid, patch).await.map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moved_volume_differs_in_node_and_policy_and_demands_its_folder() {
        let old: PersistentVolume = serde_json::from_value(json!({
            "metadata": {"name": "v", "uid": "1", "resourceVersion": "5", "annotations": {"a": "b"},
                         "finalizers": ["kubernetes.io/pv-protection"]},
            "spec": {
                "capacity": {"storage": "1Gi"}, "accessModes": ["ReadWriteOnce"], "storageClassName": "local-path",
                "persistentVolumeReclaimPolicy": "Delete", "hostPath": {"path": "/p", "type": "DirectoryOrCreate"},
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
        expected["spec"]["hostPath"]["type"] = json!("Directory");
        expected["spec"]["nodeAffinity"]["required"]["nodeSelectorTerms"][0]["matchExpressions"][0]["values"] =
            json!(["new"]);
        expected.as_object_mut().unwrap().remove("status");
        assert_eq!(new, expected);
    }
}
