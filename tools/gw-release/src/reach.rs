//! The cluster of a gateway that exists: the kept place with what flags say over it, else what flags name.

use client_files::GatewayFolder;
use contract::{Context, Failure};
use gateway_place::PlaceFile;
use gw_release::report::Report;
use kube_session::{Cluster, Session};

use crate::namespace;
use crate::prepare::over;

/// A cluster that is the gateway's.
pub struct Reached {
    /// Which one, and the namespace there.
    pub cluster: Cluster,
    /// The namespace's uid, if it is kept.
    pub uid: Option<String>,
    /// A connection to it.
    pub session: Session,
}

/// Connects to it.
///
/// # Errors
/// `another_cluster` if a place is kept and the namespace there has another uid, or is gone.
pub async fn reach(folder: &GatewayFolder, context: &Context<Report>) -> Result<Reached, Failure> {
    let kept = PlaceFile::read(folder)?;
    let cluster = match &kept {
        Some(kept) => over(kept, &context.common, folder)?.cluster(),
        None => Cluster::from(&context.common),
    };
    context
        .report
        .update(|report| report.namespace = Some(cluster.namespace.clone()));
    let session = Session::open_on(&cluster, context, context.deadline).await?;
    let uid = kept.and_then(|kept| kept.namespace_uid);
    if let Some(uid) = &uid {
        let found = namespace::find(&session).await?;
        if found.as_ref().is_none_or(|found| found.uid != *uid) {
            return Err(namespace::another(&session, folder, found.as_ref()));
        }
    }
    Ok(Reached {
        cluster,
        uid,
        session,
    })
}
