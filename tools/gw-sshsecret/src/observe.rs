//! What there is: the Secret, and what live sandboxes carry.

use contract::Failure;
use gateway_names::{HANDSHAKE_KEY, HANDSHAKE_SECRET, SANDBOX_GROUP, SANDBOX_VERSION};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::Api;
use kube::api::{ApiResource, ListParams};
use kube_session::{HeldSecret, Session};

use crate::carried::{Group, group};
use crate::handshake::Handshake;
use crate::plan::Present;
use crate::sandbox::{Sandbox, custom_objects, pods};

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
    match served_version(session).await? {
        Some(version) => list(session, &custom_objects(&version), &ListParams::default()).await,
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

/// The version that sandboxes are served in, or `None` where the cluster has no such kind. Its definition is asked for by
/// name, because an API server that has just started answers 404 for every custom kind that it has not loaded yet, and
/// leaves it out of its list of kinds.
async fn served_version(session: &Session) -> Result<Option<String>, Failure> {
    let definitions = session.everywhere::<CustomResourceDefinition>();
    let name = format!("sandboxes.{SANDBOX_GROUP}");
    let Some(definition) = session.get(&definitions, &name).await? else {
        return Ok(None);
    };
    let served = || definition.spec.versions.iter().filter(|version| version.served);
    let version = served()
        .find(|version| version.name == SANDBOX_VERSION)
        .or_else(|| served().next())
        .map_or(SANDBOX_VERSION, |version| version.name.as_str());
    Ok(Some(version.to_owned()))
}
