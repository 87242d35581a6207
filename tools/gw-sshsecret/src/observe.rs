//! What there is: the Secret and, where it is absent, what live sandboxes carry.

use contract::Failure;
use gateway_names::{HANDSHAKE_KEY, HANDSHAKE_SECRET, SANDBOX_GROUP, SANDBOX_VERSION};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::Api;
use kube::api::{ApiResource, ListParams};
use kube_session::Session;

use crate::carried::group;
use crate::handshake::Handshake;
use crate::plan::Present;
use crate::sandbox::{Sandbox, custom_objects, pods};

/// Pods of sandboxes.
const PODS_OF_SANDBOXES: &str = "openshell.ai/managed-by=openshell";

/// Reads the Secret and, where its absence is proven, the sandboxes.
pub async fn observe(session: &Session) -> Result<Present, Failure> {
    let Some(secret) = session.read_secret(HANDSHAKE_SECRET).await? else {
        return Ok(Present::Absent(group(&sandboxes(session).await?)));
    };
    let Some(value) = secret.value(HANDSHAKE_KEY) else {
        return Ok(Present::Invalid(format!("it has no key {HANDSHAKE_KEY}")));
    };
    Ok(Handshake::read(value).map_or_else(Present::Invalid, Present::Valid))
}

async fn sandboxes(session: &Session) -> Result<Vec<Sandbox>, Failure> {
    let mut found = match served_version(session).await? {
        Some(version) => list(session, &custom_objects(&version), &ListParams::default()).await?,
        None => Vec::new(),
    };
    let of_sandboxes = ListParams::default().labels(PODS_OF_SANDBOXES);
    found.extend(list(session, &pods(), &of_sandboxes).await?);
    Ok(found)
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
