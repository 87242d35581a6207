//! Reads the journal of moves: while a volume's object is deleted and not yet made again, the cluster knows it from here alone.
//! A run that was killed is completed by the next one.

use contract::Failure;
use k8s_openapi::api::core::v1::{ConfigMap, PersistentVolume};
use kube::Api;
use kube::api::ListParams;
use kube_session::Session;

use crate::reasons::JOURNAL_INVALID;

/// Label of the journal's entries.
pub const LABEL: &str = "dev.openshell.volume-move";

/// A move that was begun: written down before the old object is deleted.
#[derive(Clone, Debug, PartialEq)]
pub struct Begun {
    /// The uid of the old object.
    pub uid: String,
    /// The old object, with its reclaim policy already `Retain`.
    pub volume: PersistentVolume,
}

/// The journal's entries.
pub fn entries(session: &Session) -> Api<ConfigMap> {
    Api::namespaced(session.client.clone(), "kube-system")
}

impl Begun {
    /// The name of its entry, which carries the uid.
    pub fn entry_name(&self) -> String {
        format!("openshell-move-{}", self.uid)
    }

    /// The claim that the volume belongs to: namespace/name.
    pub fn claim(&self) -> Option<String> {
        let claim = self.volume.spec.as_ref()?.claim_ref.as_ref()?;
        Some(format!("{}/{}", claim.namespace.as_ref()?, claim.name.as_ref()?))
    }
}

/// The moves that earlier runs began.
pub async fn begun(session: &Session) -> Result<Vec<Begun>, Failure> {
    let selection = ListParams::default().labels(LABEL);
    let listed = session.list(&entries(session), &selection).await?;
    listed.into_iter().map(read).collect()
}

fn read(entry: ConfigMap) -> Result<Begun, Failure> {
    let data = entry.data.unwrap_or_default();
    let volume = data
        .get("volume")
        .and_then(|text| serde_json::from_str::<PersistentVolume>(text).ok());
    match (data.get("uid"), volume) {
        (Some(uid), Some(volume)) => Ok(Begun {
            uid: uid.clone(),
            volume,
        }),
        _ => {
            let name = entry.metadata.name.unwrap_or_default();
            Err(JOURNAL_INVALID.failure(
                format!("ConfigMap kube-system/{name} does not say which volume was being moved"),
                format!("kubectl -n kube-system describe configmap {name}"),
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn an_entry_that_says_nothing_is_named() {
        let entry: ConfigMap = serde_json::from_value(json!({
            "metadata": {"name": "openshell-move-1"}, "data": {"uid": "1", "volume": "{"},
        }))
        .unwrap();
        let failure = read(entry).unwrap_err();
        assert_eq!(failure.reason, "journal_invalid");
        assert!(failure.message.contains("kube-system/openshell-move-1"));
    }
}
