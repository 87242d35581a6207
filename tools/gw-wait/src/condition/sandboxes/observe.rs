//! The sandboxes of a gateway and their pods, in all namespaces that it has them in.

use std::collections::{BTreeMap, HashSet};

use contract::Failure;
use gateway_names::{GATEWAY_ID_LABEL, MANAGED_BY, MANAGED_BY_LABEL, SANDBOX_POD_LABEL};
use k8s_openapi::api::apps::v1::{Deployment, StatefulSet};
use k8s_openapi::api::core::v1;
use kube::api::{ApiResource, ListParams};
use kube::{Api, Resource};
use kube_session::Session;

use super::gateway::{APP_LABEL, Gateway};
use super::objects::{PodFacts, Sandbox, SandboxObject};
use super::phase::Pod;

/// What was seen.
#[derive(Debug, Default)]
pub struct Observed {
    /// The gateway's sandboxes.
    pub sandboxes: Vec<Sandbox>,
    /// Were those of other namespaces looked for, too?
    pub all_namespaces: bool,
    pods: Pods,
}

/// Pods of sandboxes by namespace and name, in the namespaces where they may be listed.
#[derive(Debug, Default)]
struct Pods {
    found: BTreeMap<(String, String), PodFacts>,
    known: Known,
}

#[derive(Clone, Debug, Default)]
enum Known {
    #[default]
    Nowhere,
    In(String),
    Everywhere,
}

/// Looks once. Which namespaces count is decided by rights: those of others are looked at if the user may list sandboxes there.
pub async fn look(session: &Session, gateway: &Gateway, resource: &ApiResource) -> Result<Observed, Failure> {
    let (own, elsewhere) = tokio::try_join!(
        own_sandboxes(session, resource),
        sandboxes_elsewhere(session, gateway, resource)
    )?;
    let all_namespaces = elsewhere.is_some();
    let elsewhere = elsewhere.unwrap_or_default();
    let pods = pods(session, !elsewhere.is_empty()).await?;
    let is_of_another = |sandbox: &Sandbox| {
        let (id, own) = (sandbox.gateway_id.as_ref(), gateway.id.as_ref());
        id.zip(own).is_some_and(|(id, own)| id != own)
    };
    let own = own.into_iter().filter(|sandbox| !is_of_another(sandbox));
    Ok(Observed {
        sandboxes: own.chain(elsewhere).collect(),
        all_namespaces,
        pods,
    })
}

/// Those of the gateway's own namespace. The objects of old servers do not say which gateway they are of.
async fn own_sandboxes(session: &Session, resource: &ApiResource) -> Result<Vec<Sandbox>, Failure> {
    let api: Api<SandboxObject> = Api::namespaced_with(session.client.clone(), &session.namespace, resource);
    let managed = ListParams::default().labels(&format!("{MANAGED_BY_LABEL}={MANAGED_BY}"));
    session
        .list_called("sandboxes", &api, &managed, Sandbox::from)
        .await
}

/// Those of other namespaces that carry the gateway's id; `None` if that is not known, or the user may not look there. Charts give every
/// gateway the same id by default: in a namespace with a server of its own they are that one's.
async fn sandboxes_elsewhere(
    session: &Session,
    gateway: &Gateway,
    resource: &ApiResource,
) -> Result<Option<Vec<Sandbox>>, Failure> {
    let Some(id) = &gateway.id else {
        return Ok(None);
    };
    let api: Api<SandboxObject> = Api::all_with(session.client.clone(), resource);
    let ours = format!("{MANAGED_BY_LABEL}={MANAGED_BY},{GATEWAY_ID_LABEL}={id}");
    // There may be thousands in the gateway's own namespace, which are asked for by themselves.
    let not_own = format!("metadata.namespace!={}", session.namespace);
    let ours = ListParams::default().labels(&ours).fields(&not_own);
    let kind = "sandboxes of all namespaces";
    let Some(mut found) = session.list_if_allowed(kind, &api, &ours, Sandbox::from).await? else {
        return Ok(None);
    };
    found.retain(|sandbox| sandbox.namespace != session.namespace);
    if found.is_empty() {
        return Ok(Some(found));
    }
    let (sets, deployments) = tokio::try_join!(
        namespaces_with::<StatefulSet>(session, "StatefulSets", gateway),
        namespaces_with::<Deployment>(session, "Deployments", gateway)
    )?;
    let (Some(sets), Some(deployments)) = (sets, deployments) else {
        return Ok(None);
    };
    found.retain(|sandbox| !sets.contains(&sandbox.namespace) && !deployments.contains(&sandbox.namespace));
    Ok(Some(found))
}

/// The namespaces that have a gateway server of this kind; `None` if the user may not know.
async fn namespaces_with<K>(
    session: &Session,
    kind: &str,
    gateway: &Gateway,
) -> Result<Option<HashSet<String>>, Failure>
where
    K: Resource<DynamicType = ()> + Clone + std::fmt::Debug + serde::de::DeserializeOwned,
{
    let servers = ListParams::default().labels(&format!("{APP_LABEL}={}", gateway.app));
    let namespace = |found: K| found.meta().namespace.clone().unwrap_or_default();
    let kind = format!("{kind} of all namespaces");
    let found = session
        .list_if_allowed(&kind, &session.everywhere::<K>(), &servers, namespace)
        .await?;
    Ok(found.map(HashSet::from_iter))
}

async fn pods(session: &Session, everywhere: bool) -> Result<Pods, Failure> {
    let of_sandboxes = ListParams::default().labels(SANDBOX_POD_LABEL);
    let own = (
        session.namespaced::<v1::Pod>(),
        Known::In(session.namespace.clone()),
    );
    let all = (session.everywhere::<v1::Pod>(), Known::Everywhere);
    for (api, known) in everywhere.then_some(all).into_iter().chain([own]) {
        let found = session
            .list_if_allowed("pods", &api, &of_sandboxes, PodFacts::from)
            .await?;
        if let Some(found) = found {
            let by_name = found
                .into_iter()
                .map(|pod| ((pod.namespace.clone(), pod.name.clone()), pod));
            return Ok(Pods {
                found: by_name.collect(),
                known,
            });
        }
    }
    Ok(Pods::default())
}

impl Observed {
    /// A sandbox's pod.
    pub fn pod_of(&self, sandbox: &Sandbox) -> Pod<'_> {
        let is_known = match &self.pods.known {
            Known::Nowhere => false,
            Known::In(namespace) => *namespace == sandbox.namespace,
            Known::Everywhere => true,
        };
        let place = (sandbox.namespace.clone(), sandbox.pod.clone());
        match self.pods.found.get(&place).filter(|pod| pod.is_of(sandbox)) {
            Some(pod) => Pod::Found(pod),
            None if is_known => Pod::Missing,
            None => Pod::Unknown,
        }
    }
}
