//! What a namespace has of a gateway.

use contract::{Context, Failure};
use gateway_names::{CLIENT_CA_SECRET, CLIENT_TLS_SECRET, HANDSHAKE_SECRET, SERVER_TLS_SECRET};
use gw_release::report::Report;
use k8s_openapi::api::core::v1::{PersistentVolumeClaim, Secret};
use kube::Api;
use kube::api::{DynamicObject, ListParams, ObjectMeta};
use kube_session::{Session, Trouble};

use crate::deployment::Deployment;
use crate::namespace::Found;
use crate::undo;

/// The Secrets that the tools make.
const SECRETS: [&str; 5] = [
    SERVER_TLS_SECRET,
    CLIENT_CA_SECRET,
    CLIENT_TLS_SECRET,
    gateway_names::AUTHORITY_SECRET,
    HANDSHAKE_SECRET,
];
/// The annotation of Secrets that cert-manager makes and keeps.
const OF_CERT_MANAGER: &str = "cert-manager.io/certificate-name";

/// What is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Observed {
    /// The namespace.
    pub namespace: Found,
    /// How many sandboxes the gateway's server made.
    pub sandboxes: usize,
    /// Is there a release?
    pub has_release: bool,
    /// Secrets that a gateway's tools make, by their names there.
    pub secrets: Vec<Named>,
    /// Claims of the release's volumes.
    pub claims: Vec<Named>,
}

/// An object.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// Its name.
    pub name: String,
    /// Its uid.
    pub uid: String,
    /// Does another program make it and keep it?
    pub is_of_others: bool,
    /// Is it being deleted?
    pub is_ending: bool,
}

impl From<ObjectMeta> for Named {
    fn from(metadata: ObjectMeta) -> Self {
        let annotations = metadata.annotations.unwrap_or_default();
        Self {
            name: metadata.name.unwrap_or_default(),
            uid: metadata.uid.unwrap_or_default(),
            is_of_others: annotations.contains_key(OF_CERT_MANAGER),
            is_ending: metadata.deletion_timestamp.is_some(),
        }
    }
}

/// Asks for all of it.
pub async fn look(
    session: &Session,
    namespace: Found,
    deployment: &Deployment,
    context: &Context<Report>,
) -> Result<Observed, Failure> {
    let mut secrets = Vec::new();
    for name in SECRETS {
        secrets.extend(secret(session, name).await?);
    }
    Ok(Observed {
        namespace,
        sandboxes: sandboxes(session).await?.map_or(0, |(_, found)| found.len()),
        has_release: undo::is_there(session, deployment, context).await?,
        secrets,
        claims: claims(session).await?,
    })
}

/// The sandboxes that the gateway's server made; `None` if the cluster does not know their kind.
pub async fn sandboxes(session: &Session) -> Result<Option<(Api<DynamicObject>, Vec<Named>)>, Failure> {
    let Some(kind) = session.sandboxes_served_or_listed().await? else {
        return Ok(None);
    };
    let api = Api::namespaced_with(session.client.clone(), &session.namespace, &kind);
    let ours = format!(
        "{}={}",
        gateway_names::MANAGED_BY_LABEL,
        gateway_names::MANAGED_BY
    );
    let selection = ListParams::default().labels(&ours);
    let keep = |sandbox: DynamicObject| sandbox.metadata.into();
    let found = session.list_called("sandboxes", &api, &selection, keep).await?;
    Ok(Some((api, found)))
}

/// The claims of the release's volumes.
pub async fn claims(session: &Session) -> Result<Vec<Named>, Failure> {
    let api = session.namespaced::<PersistentVolumeClaim>();
    let of_release = format!("app.kubernetes.io/instance={}", gateway_names::WORKLOAD);
    let selection = ListParams::default().labels(&of_release);
    let keep = |claim: PersistentVolumeClaim| claim.metadata.into();
    session.list_as(&api, &selection, keep).await
}

/// A Secret, without its values.
pub async fn secret(session: &Session, name: &str) -> Result<Option<Named>, Failure> {
    let api = session.namespaced::<Secret>();
    let what = format!("the API server to return Secret {name}");
    let absent = |trouble| (trouble == Trouble::Absent).then_some(());
    let found = session
        .request(&what, name, || api.get_metadata(name), absent)
        .await?;
    Ok(found.ok().map(|secret| secret.metadata.into()))
}
