//! `restart`: new pods for the server.

use contract::{Answer, Context, Failure, typed, typed_by_driver};
use gw_release::report::Report;
use kube_session::Workload;

use crate::act::acted;
use crate::deployment::Deployment;
use crate::gateway;
use crate::reach::{Reached, reach};
use crate::reasons::NO_SERVER;

/// Changes the template of the server's workload as `kubectl rollout restart` does, and does not wait for what follows from it.
pub async fn restart(context: &Context<Report>) -> Result<Answer, Failure> {
    let (_, folder) = gateway::open(context)?;
    let Reached { uid, session, .. } = reach(&folder, context).await?;
    let _lock = gateway::lock(&folder, "restart", context).await?;
    let deployed = Deployment::read(&folder, uid.as_deref())?.deployed_facts();
    let workload = deployed.and_then(|facts| Workload::parse(&facts.workload?).ok());
    let session = session.of_workload(&workload.unwrap_or_default());
    let no_server = || {
        NO_SERVER.failure(
            format!(
                "there is no {} in namespace {}",
                session.workload, session.namespace
            ),
            typed_by_driver("start").unwrap_or_else(|| typed("gw-release apply"))
                + &format!(" --gateway {}", folder.gateway()),
        )
    };
    let server = session.server_workload().await?.ok_or_else(no_server)?;
    if !context.common.dry_run && !session.renew_pods(&server).await? {
        return Err(no_server());
    }
    acted(context, "restart", &server.to_string(), "it was asked for");
    Ok(Answer::Done)
}
