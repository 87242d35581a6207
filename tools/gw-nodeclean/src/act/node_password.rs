//! Deletes the k3s node password of the kept node's former container.

use contract::{Context, Failure};
use kube_session::{Backoff, Session};

use super::delete::{delete, only};
use crate::describe::password_action;
use crate::observe::node_password::{NodePassword, PASSWORD_NAMESPACE, look, secrets};
use crate::report::Report;

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
