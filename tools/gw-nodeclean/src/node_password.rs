//! The k3s node password of the node that is kept. k3s makes it in the container, keeps its hash in a Secret of the cluster, and
//! refuses a node of the same name that comes with another one: a container that is new is not let in before that Secret is gone.
//! k3s makes the Secret after the container, and never changes it: one that is older than the container is a former one's.

use contract::{Context, Failure};
use k8s_openapi::api::core::v1::Secret;
use kube::Api;
use kube_session::{Backoff, Session, Trouble};

use crate::actions::password_action;
use crate::delete::{delete, only};
use crate::doomed::{NodePassword, PASSWORD_NAMESPACE};
use crate::flags::Flags;
use crate::report::Report;

/// The end of their names.
const ENDING: &str = ".node-password.k3s";

/// The name of the Secret of a node.
pub fn name_of(node: &str) -> String {
    format!("{node}{ENDING}")
}

/// Is this the name of such a Secret?
pub fn is_one(name: &str) -> bool {
    name.ends_with(ENDING)
}

/// The Secret of --keep's node, where its container is newer.
pub async fn of_former_container(session: &Session, flags: &Flags) -> Result<Option<NodePassword>, Failure> {
    let (Some(created), Some(node)) = (flags.container_created, &flags.keep) else {
        return Ok(None);
    };
    let found = look(session, &name_of(node)).await?;
    Ok(found.filter(|password| password.created.is_some_and(|before| before < created)))
}

/// Deletes it; with `--dry-run` it is only reported. What has its name by then is of the new container, and stays.
pub async fn forget(
    session: &Session,
    password: Option<&NodePassword>,
    context: &Context<Report>,
) -> Result<(), Failure> {
    let Some(password) = password else { return Ok(()) };
    let dry_run = context.common.dry_run;
    let mut backoff = Backoff::default();
    while !dry_run && !delete(session, &secrets(session), &password.name, &only(&password.uid)).await? {
        if look(session, &password.name).await?.as_ref() != Some(password) {
            return Ok(());
        }
        tokio::time::sleep(backoff.next_wait()).await;
    }
    if !dry_run {
        let done = format!("deleted secret {PASSWORD_NAMESPACE}/{}", password.name);
        context.console.progress(&done);
    }
    context.report.update(|report| {
        report.changed |= !dry_run;
        report.actions.push(password_action(password));
    });
    Ok(())
}

/// The hash stays with the API server.
async fn look(session: &Session, name: &str) -> Result<Option<NodePassword>, Failure> {
    let secrets = secrets(session);
    let what = format!("the API server to return Secret {name}");
    let absent = |trouble| (trouble == Trouble::Absent).then_some(());
    let answer = session
        .request(&what, name, || secrets.get_metadata(name), absent)
        .await?;
    Ok(answer.ok().map(|found| NodePassword {
        name: name.to_owned(),
        uid: found.metadata.uid.unwrap_or_default(),
        created: found.metadata.creation_timestamp.map(|time| time.0),
    }))
}

fn secrets(session: &Session) -> Api<Secret> {
    Api::namespaced(session.client.clone(), PASSWORD_NAMESPACE)
}
