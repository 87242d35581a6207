//! The journal of moves: while a volume's object is deleted and not yet made again, the cluster knows it from here alone.
//! A run that was killed is completed by the next one.

use contract::{Context, Exit, Failure};
use k8s_openapi::api::core::v1::{ConfigMap, PersistentVolume};
use kube::Api;
use kube::api::{DeleteParams, ListParams};
use kube_session::Session;
use serde_json::json;

use crate::act::delete;
use crate::plan::volume_action;
use crate::rebind;
use crate::report::Report;

/// Label of the journal's entries.
const LABEL: &str = "dev.openshell.volume-move";

fn entries(session: &Session) -> Api<ConfigMap> {
    Api::namespaced(session.client.clone(), "kube-system")
}

fn entry_name(volume: &str) -> String {
    format!("openshell-move-{volume}")
}

/// Moves one volume to the node `keep`.
pub async fn move_volume(
    session: &Session,
    volume: &PersistentVolume,
    keep: &str,
    context: &Context<Report>,
) -> Result<(), Failure> {
    let Some(retained) = rebind::retain(session, volume).await? else {
        return Ok(());
    };
    let name = retained.metadata.name.clone().unwrap_or_default();
    let uid = retained.metadata.uid.clone().unwrap_or_default();
    let new = rebind::moved(&retained, keep);
    let entry: ConfigMap = serde_json::from_value(json!({
        "metadata": {"name": entry_name(&name), "labels": {LABEL: "begun"}},
        "data": {"uid": uid, "volume": serde_json::to_string(&new).expect("plain data")},
    }))
    .expect("plain data");
    // An entry that exists is of an interrupted run, which was completed before: it says the same.
    session
        .create(&entries(session), &entry_name(&name), &entry)
        .await?;
    complete(session, &uid, &new, context).await
}

/// Completes the moves that earlier runs began.
pub async fn finish_begun_moves(session: &Session, context: &Context<Report>) -> Result<(), Failure> {
    let selection = ListParams::default().labels(LABEL);
    for entry in session.list(&entries(session), &selection).await? {
        let data = entry.data.unwrap_or_default();
        let read = data
            .get("volume")
            .and_then(|text| serde_json::from_str::<PersistentVolume>(text).ok());
        let (Some(uid), Some(new)) = (data.get("uid"), read) else {
            let name = entry.metadata.name.unwrap_or_default();
            return Err(Failure::new(
                Exit::Failed,
                "journal_invalid",
                format!("ConfigMap kube-system/{name} does not say which volume was being moved"),
                format!("kubectl -n kube-system describe configmap {name}"),
            ));
        };
        complete(session, uid, &new, context).await?;
    }
    Ok(())
}

async fn complete(
    session: &Session,
    old_uid: &str,
    new: &PersistentVolume,
    context: &Context<Report>,
) -> Result<(), Failure> {
    let name = new.metadata.name.clone().unwrap_or_default();
    rebind::replace(session, old_uid, new).await?;
    context
        .console
        .waiting(&format!("volume {name} to be bound again"));
    rebind::bound(session, new).await?;
    context.console.progress(&format!("moved volume {name}"));
    context.report.update(|report| {
        report.changed = true;
        report.actions.push(volume_action(&name, "the node that lives"));
        report.volumes_rebound.push(name.clone());
    });
    delete(
        session,
        &entries(session),
        &entry_name(&name),
        &DeleteParams::default(),
    )
    .await?;
    Ok(())
}
