//! `remove --with-data`: all that a gateway has on a cluster, and nothing else there.

mod act;
mod observe;
mod plan;

use client_files::GatewayFolder;
use contract::{Answer, Context, Failure, quoted, typed};
use gw_release::report::Report;
use kube_session::Session;

use crate::deployment::Deployment;
use crate::flags::RemoveFlags;
use crate::gateway;
use crate::namespace;
use crate::place::Place;
use crate::prepare::over;
use gateway_place::PlaceFile;
use plan::{is_another, plan};

/// Removes it. What is gone already is fine.
pub async fn remove(flags: &RemoveFlags, context: &Context<Report>) -> Result<Answer, Failure> {
    let is_dry = context.common.dry_run;
    if !flags.yes && !is_dry {
        return Err(Failure::usage(
            "--with-data destroys the gateway's sandboxes, volumes and secrets: it needs --yes",
            "add --yes if that is meant; --dry-run shows what it would remove",
        ));
    }
    let (files, folder) = gateway::open(context)?;
    let lock = gateway::lock(&folder, "remove", context).await?;
    let Some(kept) = PlaceFile::read(&folder)? else {
        return without_cluster(&folder, context);
    };
    let mut there = over(&kept, &context.common, &folder)?;
    gateway::show(&there, None, context);
    let session = Session::open_on(&there.cluster(), context, context.deadline).await?;
    let mut place = Place::on(folder.clone(), there.cluster(), context, &flags.helm)?;
    if let Some(lock) = &lock {
        place.share(lock)?;
    }
    let found = namespace::find(&session).await?;
    if is_another(&kept, &there, found.as_ref()) {
        return Err(namespace::another(&session, &folder, found.as_ref()));
    }
    there.namespace_uid = found.as_ref().map(|found| found.uid.clone());
    let is_own = found.as_ref().map(|found| found.is_of(folder.gateway()));
    gateway::show(&there, is_own, context);
    let mut deployment = Deployment::read(&folder, None)?;
    let observed = match found {
        Some(found) => Some(observe::look(&session, found, &deployment, context).await?),
        None => None,
    };
    if !is_dry && observed.as_ref().is_some_and(|observed| observed.has_release) {
        // Not found out when half of it is gone.
        place.helm.require_fit().await?;
    }
    for step in plan(observed.as_ref(), folder.gateway()) {
        if !is_dry {
            act::act(&step, &session, &place, &mut deployment, context).await?;
        }
        step.told(context);
    }
    act::forget(&files, &folder, context)?;
    Ok(Answer::Done)
}

/// Nothing is known of a cluster: there is no such gateway, or all of it is gone but what a run that was killed had no time for.
fn without_cluster(folder: &GatewayFolder, context: &Context<Report>) -> Result<Answer, Failure> {
    if gateway::is_in_container(folder) {
        let name = quoted(folder.gateway().as_str());
        let remove = typed(&format!("gw-container remove --gateway {name} --volume"));
        return Err(gateway::in_container(folder, remove));
    }
    if !context.common.dry_run {
        folder.finish_removal()?;
    }
    Ok(Answer::Done)
}
