//! `remove --with-data`: all that a gateway has on a cluster, and nothing else there.

mod act;
mod observe;
mod plan;

use contract::{Answer, Context, Failure, quoted, typed};
use gw_release::report::Report;
use kube_session::Session;

use crate::deployment::Deployment;
use crate::flags::RemoveFlags;
use crate::gateway;
use crate::namespace;
use crate::place::Place;
use act::Client;
use gateway_place::{PlaceFile, named_over};
use plan::plan;

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
        return without_cluster(Client { files, folder }, context);
    };
    let cluster = named_over(Some(kept.cluster()), &context.common);
    let mut kept = PlaceFile {
        namespace: cluster.namespace.clone(),
        ..kept
    };
    gateway::show(&kept, None, context);
    let session = Session::open_on(&cluster, context, context.deadline).await?;
    let mut place = Place::on(folder.clone(), cluster, context, &flags.helm)?;
    if let Some(lock) = &lock {
        place.share(lock)?;
    }
    let found = namespace::find(&session).await?;
    if let (Some(uid), Some(found)) = (&kept.namespace_uid, &found)
        && found.uid != *uid
    {
        return Err(namespace::another(&session, &folder, Some(found)));
    }
    let is_own = found.as_ref().map(|found| found.is_of(folder.gateway()));
    kept.namespace_uid = found.as_ref().map(|found| found.uid.clone());
    gateway::show(&kept, is_own, context);
    let mut deployment = Deployment::read(&folder, None)?;
    let there = match found {
        Some(found) => Some(observe::look(&session, found, &deployment, context).await?),
        None => None,
    };
    let steps = plan(there.as_ref(), folder.gateway());
    if !is_dry && there.as_ref().is_some_and(|there| there.has_release) {
        // Not found out when half of it is gone.
        place.helm.require_fit().await?;
    }
    let client = Client { files, folder };
    for step in steps {
        if !is_dry {
            act::act(&step, &session, &place, &mut deployment, context).await?;
        }
        step.told(context);
    }
    client.forget(context)?;
    Ok(Answer::Done)
}

/// Nothing is known of a cluster: there is no such gateway, or all of it but files is gone.
fn without_cluster(client: Client, context: &Context<Report>) -> Result<Answer, Failure> {
    if gateway::is_in_container(&client.folder) {
        let name = quoted(client.folder.gateway().as_str());
        let remove = typed(&format!("gw-container remove --gateway {name} --volume"));
        return Err(gateway::in_container(&client.folder, remove));
    }
    client.forget(context)?;
    Ok(Answer::Done)
}
