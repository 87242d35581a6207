//! Writes the journal of moves.

use contract::Failure;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::DeleteParams;
use kube_session::Session;
use serde_json::json;

use super::delete::delete;
use crate::observe::journal::{Begun, LABEL, entries};

/// Writes it down. An entry that exists says the same: its name carries the uid.
pub async fn write(session: &Session, begun: &Begun) -> Result<(), Failure> {
    let name = begun.entry_name();
    let entry: ConfigMap = serde_json::from_value(json!({
        "metadata": {"name": name, "labels": {LABEL: "begun"}},
        "data": {"uid": begun.uid, "volume": serde_json::to_string(&begun.volume).expect("plain data")},
    }))
    .expect("plain data");
    session.create(&entries(session), &name, &entry).await?;
    Ok(())
}

/// The move is complete.
pub async fn erase(session: &Session, begun: &Begun) -> Result<(), Failure> {
    let name = begun.entry_name();
    delete(session, &entries(session), &name, &DeleteParams::default()).await?;
    Ok(())
}
