//! The namespace of a gateway on a cluster: whether it is there, whose it is, making it and removing it.

use std::cell::RefCell;

use client_files::GatewayFolder;
use contract::{Context, Failure, quoted, typed_by_driver};
use gateway_names::{GATEWAY_LABEL, GatewayName};
use gw_release::report::Report;
use k8s_openapi::api::core::v1::Namespace;
use kube::api::{DeleteParams, PostParams, Preconditions};
use kube_session::{Backoff, Session, Trouble};
use serde_json::json;

use crate::reasons::ANOTHER_CLUSTER;

/// A namespace that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Its uid.
    pub uid: String,
    /// The gateway that it was made for; `None` if somebody else made it.
    pub owner: Option<String>,
    /// Is it being deleted?
    pub is_terminating: bool,
}

impl From<Namespace> for Found {
    fn from(namespace: Namespace) -> Self {
        let metadata = namespace.metadata;
        let phase = namespace.status.and_then(|status| status.phase);
        Self {
            is_terminating: metadata.deletion_timestamp.is_some() || phase.as_deref() == Some("Terminating"),
            owner: metadata
                .labels
                .and_then(|mut labels| labels.remove(GATEWAY_LABEL)),
            uid: metadata.uid.unwrap_or_default(),
        }
    }
}

impl Found {
    /// Was it made for this gateway?
    pub fn is_of(&self, gateway: &GatewayName) -> bool {
        self.owner.as_deref() == Some(gateway.as_str())
    }
}

/// The session's namespace; `None` only if the API server says that there is none.
pub async fn find(session: &Session) -> Result<Option<Found>, Failure> {
    let api = session.everywhere::<Namespace>();
    let found = session.get(&api, &session.namespace).await?;
    Ok(found.map(Found::from))
}

/// Makes the namespace, marked as this gateway's; `None` if there is one of that name by now, which may be that of an attempt whose
/// answer was lost.
///
/// # Errors
/// `forbidden` (77) if this user may not: who asked for a namespace waits for nothing that heals.
pub async fn create(session: &Session, gateway: &GatewayName) -> Result<Option<Found>, Failure> {
    let name = &session.namespace;
    let object = json!({ "metadata": { "name": name, "labels": { GATEWAY_LABEL: gateway.as_str() } } });
    let object: Namespace = serde_json::from_value(object).expect("a namespace");
    let (api, parameters) = (session.everywhere::<Namespace>(), PostParams::default());
    let what = format!("create namespace {name}");
    let expected = |trouble| matches!(trouble, Trouble::Exists | Trouble::Forbidden).then_some(trouble);
    let refusal = RefCell::new(None);
    let send = || async {
        let answer = api.create(&parameters, &object).await;
        if let Err(error) = &answer {
            refusal.replace(Some(session.failed(&what, name, error)));
        }
        answer
    };
    let waited_for = format!("the API server to {what}");
    match session.request(&waited_for, name, send, expected).await? {
        Ok(made) => Ok(Some(made.into())),
        Err(Trouble::Exists) => Ok(None),
        Err(_) => Err(Failure {
            hint: "ask the owner of the cluster for the namespace, then run the command again".to_owned(),
            ..refusal.take().expect("an answer that is refused has a cause")
        }),
    }
}

/// Deletes the namespace with this uid, and no other one of its name. Returns once it is gone.
pub async fn remove(session: &Session, uid: &str, context: &Context<Report>) -> Result<(), Failure> {
    let name = &session.namespace;
    let parameters = DeleteParams::default().preconditions(Preconditions {
        uid: Some(uid.to_owned()),
        resource_version: None,
    });
    let api = session.everywhere::<Namespace>();
    let what = format!("the API server to delete namespace {name}");
    let changed = |trouble| matches!(trouble, Trouble::Absent | Trouble::Conflict).then_some(());
    let mut backoff = Backoff::default();
    while let Some(found) = find(session).await?.filter(|found| found.uid == uid) {
        if !found.is_terminating {
            let send = || api.delete(name, &parameters);
            // What a conflict means is seen in the next round.
            let _ = session.request(&what, name, send, changed).await?;
        }
        let message = format!("namespace {name} to be deleted with all that is in it");
        context.console.waiting(&message);
        tokio::time::sleep(backoff.next_wait()).await;
    }
    context.console.ended_waiting();
    Ok(())
}

/// A gateway's files are about one namespace of one cluster, and this is not it; `found` is `None` if there is none of that name.
pub fn another(session: &Session, folder: &GatewayFolder, found: Option<&Found>) -> Failure {
    let (gateway, name) = (folder.gateway(), &session.namespace);
    let gone = match (found, typed_by_driver("destroy")) {
        (None, Some(destroy)) => format!("{destroy} --gateway {gateway}"),
        _ => format!("rm -r {}", quoted(&folder.path().to_string_lossy())),
    };
    let message = match found {
        Some(_) => format!(
            "gateway {gateway} is in another namespace than {name} of this cluster, or that was made anew"
        ),
        None => {
            format!("gateway {gateway} is in another namespace than {name} of this cluster, or that is gone")
        }
    };
    ANOTHER_CLUSTER.failure(
        message,
        format!(
            "use another name for a new gateway (--gateway NAME), or, if the old one is gone for good: {gone}"
        ),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_label_says_whose_it_is() {
        let found =
            |object: serde_json::Value| Found::from(serde_json::from_value::<Namespace>(object).unwrap());
        let (g, other) = ("g".parse().unwrap(), "other".parse().unwrap());
        let ours = found(json!({"metadata": {"uid": "u", "labels": {"dev.openshell.gateway": "g"}}}));
        assert_eq!(
            (
                ours.uid.as_str(),
                ours.is_of(&g),
                ours.is_of(&other),
                ours.is_terminating
            ),
            ("u", true, false, false)
        );
        assert!(!found(json!({"metadata": {"uid": "u", "labels": {"a": "g"}}})).is_of(&g));
        for ending in [
            json!({"metadata": {"deletionTimestamp": "2026-01-01T00:00:00Z"}}),
            json!({"metadata": {}, "status": {"phase": "Terminating"}}),
        ] {
            assert!(found(ending).is_terminating);
        }
    }
}
