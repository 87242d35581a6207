//! Removes what a gateway has, in the cluster and on this host.

use client_files::{ClientFiles, GatewayFolder};
use contract::{Context, Failure};
use gw_release::report::Report;
use k8s_openapi::api::core::v1::{PersistentVolumeClaim, Secret};
use kube::Api;
use kube::api::{DeleteParams, Preconditions};
use kube_session::{Backoff, Session, Trouble};
use serde::de::DeserializeOwned;

use super::observe::{self, Named, claims, sandboxes};
use super::plan::Step;
use crate::act::acted;
use crate::deployment::Deployment;
use crate::namespace;
use crate::place::Place;
use crate::undo::uninstall;

/// Takes a step, and returns once what it removes is gone.
pub async fn act(
    step: &Step,
    session: &Session,
    place: &Place,
    deployment: &mut Deployment,
    context: &Context<Report>,
) -> Result<(), Failure> {
    match step {
        Step::Sandboxes(_) => {
            let mut rounds = Rounds::of("sandboxes", context);
            while let Some((api, left)) = sandboxes(session).await?
                && rounds.is_another(left.len()).await
            {
                delete(session, &api, "sandbox", &left).await?;
            }
            Ok(())
        }
        Step::Release => uninstall(place, deployment).await,
        Step::Secret(secret) => {
            let api = session.namespaced::<Secret>();
            let mut rounds = Rounds::of("a Secret", context);
            loop {
                let found = observe::secret(session, &secret.name).await?;
                let left = found.filter(|found| found.uid == secret.uid);
                if !rounds.is_another(left.iter().count()).await {
                    return Ok(());
                }
                delete(session, &api, "Secret", left.as_slice()).await?;
            }
        }
        Step::Claims(planned) => {
            let api = session.namespaced::<PersistentVolumeClaim>();
            let mut rounds = Rounds::of("volume claims", context);
            loop {
                let mut left = claims(session).await?;
                // What somebody makes meanwhile is not this gateway's.
                left.retain(|found| planned.iter().any(|claim| claim.uid == found.uid));
                if !rounds.is_another(left.len()).await {
                    return Ok(());
                }
                delete(session, &api, "PersistentVolumeClaim", &left).await?;
            }
        }
        Step::Namespace(uid) => namespace::remove(session, uid, context).await,
    }
}

/// Rounds of deleting until nothing is left: a finalizer keeps an object for a while, a server makes new ones until it is gone, and a
/// conflict says only that something changed.
struct Rounds<'a> {
    what: &'static str,
    backoff: Backoff,
    is_first: bool,
    context: &'a Context<Report>,
}

impl<'a> Rounds<'a> {
    fn of(what: &'static str, context: &'a Context<Report>) -> Self {
        Self {
            what,
            backoff: Backoff::default(),
            is_first: true,
            context,
        }
    }

    /// Is another round due? From the second one on it begins after a while.
    async fn is_another(&mut self, left: usize) -> bool {
        if left == 0 {
            self.context.console.ended_waiting();
            return false;
        }
        if !self.is_first {
            let message = format!("{} to be deleted ({left} left)", self.what);
            self.context.console.waiting(&message);
            tokio::time::sleep(self.backoff.next_wait()).await;
        }
        self.is_first = false;
        true
    }
}

/// Deletes these very objects, and none that has the name of one by now.
async fn delete<K>(session: &Session, api: &Api<K>, kind: &str, objects: &[Named]) -> Result<(), Failure>
where
    K: Clone + DeserializeOwned + std::fmt::Debug,
{
    for object in objects.iter().filter(|object| !object.is_ending) {
        let parameters = DeleteParams::default().preconditions(Preconditions {
            uid: Some(object.uid.clone()),
            resource_version: None,
        });
        let name = object.name.as_str();
        let gone = |trouble| matches!(trouble, Trouble::Absent | Trouble::Conflict).then_some(());
        let what = format!("the API server to delete {kind} {name}");
        let send = || api.delete(name, &parameters);
        let _ = session.request(&what, name, send, gone).await?;
    }
    Ok(())
}

/// Removes what clients have of the gateway.
pub fn forget(files: &ClientFiles, folder: &GatewayFolder, context: &Context<Report>) -> Result<(), Failure> {
    let (name, is_dry) = (folder.gateway(), context.common.dry_run);
    let was_active = if is_dry {
        files.active()?.as_ref() == Some(name)
    } else {
        files.clear_active(name)?
    };
    if was_active {
        acted(context, "deactivate", &format!("gateway {name}"), "it is removed");
    }
    if !is_dry {
        folder.remove()?;
    }
    let object = format!("folder {}", folder.path().display());
    acted(context, "delete", &object, "its gateway is removed");
    Ok(())
}
