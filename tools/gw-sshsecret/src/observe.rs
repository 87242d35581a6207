//! What there is: the Secret, and what live sandboxes carry.

use contract::Failure;
use gateway_names::{HANDSHAKE_KEY, HANDSHAKE_SECRET};
use kube::Api;
use kube::api::{ApiResource, ListParams};
use kube_session::{HeldSecret, Session};

use crate::carried::{Group, group};
use crate::handshake::Handshake;
use crate::plan::Present;
use crate::sandbox::{Sandbox, pods};

/// Pods of sandboxes.
const PODS_OF_SANDBOXES: &str = "openshell.ai/managed-by=openshell";

/// Reads the Secret, and what is in it.
pub async fn read_secret(session: &Session) -> Result<(Option<HeldSecret>, Present), Failure> {
    let secret = session.read_secret(HANDSHAKE_SECRET).await?;
    let present = match &secret {
        None => Present::Absent,
        Some(secret) => match secret.value(HANDSHAKE_KEY) {
            None => Present::Invalid(format!("it has no key {HANDSHAKE_KEY}")),
            Some(value) => Handshake::read(value).map_or_else(Present::Invalid, Present::Valid),
        },
    };
    Ok((secret, present))
}

/// What live sandboxes carry.
pub async fn carried(session: &Session) -> Result<Vec<Group>, Failure> {
    let of_sandboxes = ListParams::default().labels(PODS_OF_SANDBOXES);
    let kind_of_pods = pods();
    let (custom, pods) = tokio::try_join!(
        custom_sandboxes(session),
        list(session, &kind_of_pods, &of_sandboxes)
    )?;
    let found: Vec<Sandbox> = custom.into_iter().chain(pods).collect();
    Ok(group(&found))
}

async fn custom_sandboxes(session: &Session) -> Result<Vec<Sandbox>, Failure> {
    match session.sandboxes_served().await? {
        Some(kind) => list(session, &kind, &ListParams::default()).await,
        None => Ok(Vec::new()),
    }
}

async fn list(
    session: &Session,
    resource: &ApiResource,
    selection: &ListParams,
) -> Result<Vec<Sandbox>, Failure> {
    let api: Api<Sandbox> = Api::namespaced_with(session.client.clone(), &session.namespace, resource);
    session.list(&api, selection).await
}
