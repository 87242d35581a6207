//! What there is: the Secret, and what live sandboxes carry.

pub mod carried;
mod sandbox;

use contract::{Context, Failure};
use gateway_names::{HANDSHAKE_KEY, HANDSHAKE_SECRET};
use kube::Api;
use kube::api::{ApiResource, ListParams};
use kube_session::{HeldSecret, Session};

use crate::handshake::Handshake;
use crate::report::Report;
use carried::{Group, group};
use sandbox::{Sandbox, pods};

/// Pods of sandboxes.
const PODS_OF_SANDBOXES: &str = "openshell.ai/managed-by=openshell";

/// What the Secret holds.
#[derive(Debug)]
pub enum Present {
    /// It is proven absent.
    Absent,
    /// It holds a valid secret.
    Valid(Handshake),
    /// It holds no valid secret; the text says why.
    Invalid(String),
}

/// What was observed.
pub struct Observed {
    /// The Secret's object, if there is one.
    pub object: Option<HeldSecret>,
    /// What it holds.
    pub present: Present,
    /// What live sandboxes carry; none unless that was asked for.
    pub groups: Vec<Group>,
}

/// Opens the connection, and begins the report of a run that asks the cluster.
pub async fn open(context: &Context<Report>) -> Result<Session, Failure> {
    let session = Session::open(context).await?;
    context.report.update(|report| {
        report.namespace = Some(session.namespace.clone());
        report.secret = Some(HANDSHAKE_SECRET.to_owned());
    });
    Ok(session)
}

/// Reads the Secret and what live sandboxes carry, side by side.
pub async fn observe(session: &Session) -> Result<Observed, Failure> {
    let (observed, groups) = tokio::try_join!(observe_secret(session), carried(session))?;
    Ok(Observed { groups, ..observed })
}

/// Reads the Secret alone, and what is in it.
pub async fn observe_secret(session: &Session) -> Result<Observed, Failure> {
    let object = session.read_secret(HANDSHAKE_SECRET).await?;
    let present = match &object {
        None => Present::Absent,
        Some(secret) => match secret.value(HANDSHAKE_KEY) {
            None => Present::Invalid(format!("it has no key {HANDSHAKE_KEY}")),
            Some(value) => Handshake::read(value).map_or_else(Present::Invalid, Present::Valid),
        },
    };
    Ok(Observed {
        object,
        present,
        groups: Vec::new(),
    })
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
