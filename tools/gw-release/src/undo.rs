//! `remove` and `rollback`.

use std::path::PathBuf;

use contract::{Answer, Context, Failure, Reason};
use gw_release::facts::objects;
use gw_release::report::Report;
use kube_session::Session;

use crate::act::{acted, clear_the_way};
use crate::deployment::Deployment;
use crate::gateway;
use crate::observe::{Observed, revisions};
use crate::place::Place;
use crate::plan::{self, DESCRIPTION};
use crate::reach::{Reached, reach};
use crate::reasons::{
    NOTHING_TO_GO_BACK_TO, RELEASE_FAILED, RELEASE_INVALID, RELEASE_OF_OTHERS, UNINSTALL_FAILED,
};

/// Removes the release.
pub async fn remove(helm: &[PathBuf], context: Context<Report>) -> Result<Answer, Failure> {
    let (_, folder) = gateway::open(&context)?;
    let Reached {
        cluster,
        uid,
        session,
    } = reach(&folder, &context).await?;
    let mut place = Place::on(folder, cluster, &context, helm)?;
    let _lock = place.lock("remove", &context).await?;
    let mut deployment = Deployment::read(&place.gateway, uid.as_deref())?;
    if !is_there(&session, &deployment, &context).await? {
        return Ok(Answer::Done);
    }
    if !context.common.dry_run {
        uninstall(&place, &mut deployment).await?;
    }
    acted(&context, "remove", "release openshell", "its gateway is removed");
    Ok(Answer::Done)
}

/// Is there a release, and is it one to remove?
///
/// # Errors
/// `release_of_others` if somebody else deployed it.
pub async fn is_there(
    session: &Session,
    deployment: &Deployment,
    context: &Context<Report>,
) -> Result<bool, Failure> {
    let found = revisions(session).await?;
    let Some(last) = found.first() else {
        return Ok(false);
    };
    context.report.update(|report| report.last = Some(last.shown()));
    require_ours(last, deployment, session)?;
    Ok(true)
}

/// helm uninstalls the release.
pub async fn uninstall(place: &Place, deployment: &mut Deployment) -> Result<(), Failure> {
    deployment.deployed(None)?;
    run(place, &["uninstall"], &[], UNINSTALL_FAILED, "remove the release").await
}

/// Goes back to the revision before.
pub async fn rollback(helm: &[PathBuf], context: Context<Report>) -> Result<Answer, Failure> {
    let (_, folder) = gateway::open(&context)?;
    let Reached {
        cluster,
        uid,
        session,
    } = reach(&folder, &context).await?;
    let mut place = Place::on(folder, cluster, &context, helm)?;
    let _lock = place.lock("rollback", &context).await?;
    let mut deployment = Deployment::read(&place.gateway, uid.as_deref())?;
    let found = revisions(&session).await?;
    let (Some(last), Some(before)) = (found.first(), plan::before(&found)) else {
        return Err(NOTHING_TO_GO_BACK_TO.failure(
            "no revision of release openshell before the last one was deployed",
            format!("helm history openshell --namespace {}", session.namespace),
        ));
    };
    context.report.update(|report| report.last = Some(last.shown()));
    require_ours(last, &deployment, &session)?;
    let number = before.revision.number;
    let deployed = objects(&before.manifest).map_err(|why| {
        RELEASE_INVALID.failure(
            format!("helm's record of revision {number} cannot be read: {why}"),
            format!(
                "helm get manifest openshell --revision {number} --namespace {}",
                session.namespace
            ),
        )
    })?;
    clear_the_way(&deployed, None, &mut deployment, &session, &context).await?;
    if !context.common.dry_run {
        deployment.begins(last.revision.number + 1)?;
        run(
            &place,
            &["rollback"],
            &[&number.to_string()],
            RELEASE_FAILED,
            "go back",
        )
        .await?;
        deployment.deployed(before.description.strip_prefix(DESCRIPTION))?;
    }
    let why = format!("revision {number} was deployed before");
    acted(&context, "rollback", "release openshell", &why);
    Ok(Answer::Done)
}

/// What this host deployed may have been changed by somebody since; what it never deployed is left alone.
fn require_ours(last: &Observed, deployment: &Deployment, session: &Session) -> Result<(), Failure> {
    if deployment.begun() > 0 || plan::is_ours(last, 0) {
        return Ok(());
    }
    Err(RELEASE_OF_OTHERS.failure(
        format!(
            "revision {} of release openshell in namespace {} was deployed by somebody else",
            last.revision.number, session.namespace
        ),
        format!(
            "see whose it is: helm history openshell --namespace {}",
            session.namespace
        ),
    ))
}

async fn run(place: &Place, verb: &[&str], more: &[&str], reason: Reason, what: &str) -> Result<(), Failure> {
    place.helm.require_fit().await?;
    let words = verb.iter().chain([&gateway_names::WORKLOAD]).chain(more);
    let mut words: Vec<String> = words.map(|word| (*word).to_owned()).collect();
    words.extend(place.helm.on_cluster());
    words.extend(place.helm.time_limit());
    let ended = place.helm.run(&words, &place.scratch().join("helm.out")).await?;
    if ended.is_well {
        return Ok(());
    }
    Err(reason.failure(
        format!("helm could not {what}: {}", ended.said.trim()),
        "the same command, once what helm says is solved",
    ))
}
