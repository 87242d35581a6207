//! What the cluster has of the gateway, read at once.

use contract::Failure;
use gateway_place::Place;
use k8s_openapi::api::apps::v1::{Deployment, StatefulSet};
use k8s_openapi::api::core::v1::{self, Node, PodSpec, Service};
use k8s_openapi::api::networking::v1::Ingress;
use kube::Api;
use kube::api::ListParams;
use kube_session::{Session, Trouble, WorkloadKind};

use crate::report::ServerField;

/// What was seen.
#[derive(Debug, Default)]
pub struct Observed {
    /// The gateway's namespace.
    pub namespace: Namespace,
    /// The server's workload; `None` if there is none.
    pub server: Option<ServerField>,
    /// The server's Service; `None` if there is none.
    pub service: Option<Service>,
    /// The namespace's Ingresses; none if this user may not list them.
    pub ingresses: Vec<Ingress>,
    /// The cluster's nodes; none if this user may not list them.
    pub nodes: Vec<Node>,
}

/// A namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Namespace {
    /// There is none.
    Absent,
    /// There is one, with this uid.
    Exists(String),
    /// This user may not read it: who owns a namespace alone.
    #[default]
    Unknown,
}

impl Observed {
    /// Is the namespace another one than the gateway was made in?
    pub fn is_another_than(&self, place: &Place) -> bool {
        match (&place.namespace_uid, &self.namespace) {
            (Some(kept), Namespace::Exists(uid)) => kept != uid,
            _ => false,
        }
    }
}

impl Namespace {
    /// `None` if that is not known.
    pub fn exists(&self) -> Option<bool> {
        match self {
            Self::Absent => Some(false),
            Self::Exists(_) => Some(true),
            Self::Unknown => None,
        }
    }
}

/// Asks for all of it side by side.
pub async fn look(session: &Session, place: &Place) -> Result<Observed, Failure> {
    let services: Api<Service> = session.namespaced();
    let ingresses: Api<Ingress> = session.namespaced();
    let nodes: Api<Node> = session.everywhere();
    let all = ListParams::default();
    let (namespace, server, service, ingresses, nodes) = tokio::try_join!(
        namespace(session),
        server(session, place),
        session.get(&services, &place.service),
        session.list_if_allowed("Ingresses", &ingresses, &all, |it| it),
        session.list_if_allowed("Nodes", &nodes, &all, |it| it),
    )?;
    Ok(Observed {
        namespace,
        server,
        service,
        ingresses: ingresses.unwrap_or_default(),
        nodes: nodes.unwrap_or_default(),
    })
}

async fn namespace(session: &Session) -> Result<Namespace, Failure> {
    let api: Api<v1::Namespace> = session.everywhere();
    let name = &session.namespace;
    let what = format!("the API server to return namespace {name}");
    let answer = session.request(
        &what,
        name,
        || api.get(name),
        |trouble| match trouble {
            Trouble::Absent => Some(Namespace::Absent),
            Trouble::Forbidden => Some(Namespace::Unknown),
            _ => None,
        },
    );
    Ok(match answer.await? {
        Ok(found) => Namespace::Exists(found.metadata.uid.unwrap_or_default()),
        Err(other) => other,
    })
}

async fn server(session: &Session, place: &Place) -> Result<Option<ServerField>, Failure> {
    for kind in place.workload.kinds() {
        let found = match kind {
            WorkloadKind::StatefulSet => stateful_set(session, &place.workload.name).await?,
            WorkloadKind::Deployment => deployment(session, &place.workload.name).await?,
        };
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

async fn stateful_set(session: &Session, name: &str) -> Result<Option<ServerField>, Failure> {
    let api: Api<StatefulSet> = session.namespaced();
    let found = session.get(&api, name).await?;
    Ok(found.map(|found| {
        let spec = found.spec.unwrap_or_default();
        ServerField {
            workload: format!("statefulset/{name}"),
            image: image_of(spec.template.spec),
            ready: found.status.and_then(|status| status.ready_replicas).unwrap_or(0),
            replicas: spec.replicas.unwrap_or(1),
        }
    }))
}

async fn deployment(session: &Session, name: &str) -> Result<Option<ServerField>, Failure> {
    let api: Api<Deployment> = session.namespaced();
    let found = session.get(&api, name).await?;
    Ok(found.map(|found| {
        let spec = found.spec.unwrap_or_default();
        ServerField {
            workload: format!("deployment/{name}"),
            image: image_of(spec.template.spec),
            ready: found.status.and_then(|status| status.ready_replicas).unwrap_or(0),
            replicas: spec.replicas.unwrap_or(1),
        }
    }))
}

fn image_of(pod: Option<PodSpec>) -> Option<String> {
    pod?.containers.into_iter().next()?.image
}
