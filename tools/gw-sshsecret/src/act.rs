//! Writes the Secret, and restarts the server that carries another one.

use contract::{Action, Context, Failure};
use gateway_names::{HANDSHAKE_KEY, HANDSHAKE_SECRET};
use jiff::Timestamp;
use kube_session::{HeldSecret, ServerPod, Session, Written};

use crate::handshake::Handshake;
use crate::reasons::NO_RANDOM;
use crate::report::Report;

/// What becomes of a server that carries the secret of before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outdated {
    /// It is restarted.
    Restart,
    /// The user is told to restart it.
    Tell,
}

/// Writes the value into the Secret: into the one that was observed, else into a new one. [`Written::Overtaken`] where somebody else was faster.
pub async fn write(
    session: &Session,
    observed: Option<&HeldSecret>,
    secret: &Handshake,
) -> Result<Written, Failure> {
    let values = [(HANDSHAKE_KEY, secret.expose())];
    match observed {
        Some(object) => session.replace_secret(object, &values).await,
        None => session.create_secret(HANDSHAKE_SECRET, "Opaque", &values).await,
    }
}

/// A server whose container runs already read the Secret when it started, and keeps that until it restarts.
pub async fn follow(
    session: &Session,
    context: &Context<Report>,
    outdated: Outdated,
    is_outdated: impl Fn(Timestamp) -> bool,
) -> Result<(), Failure> {
    let pods = session.server_pods().await?;
    if !pods.iter().filter_map(ServerPod::started_at).any(is_outdated) {
        return Ok(());
    }
    let workload = session.workload.to_string();
    if outdated == Outdated::Tell {
        context.console.warning(&format!(
            "the gateway server uses the old secret until it restarts: kubectl -n {} rollout restart {workload}",
            session.namespace
        ));
        context
            .report
            .update(|report| report.restart_required = vec![workload]);
        return Ok(());
    }
    if let Some(restarted) = session.restart_server().await? {
        context.console.progress(&format!("restarted {restarted}"));
        context.report.update(|report| {
            let why = "it carries the secret that was there before";
            report
                .actions
                .push(Action::new("restart", restarted.clone(), why));
            report.changed = true;
            report.restarted = vec![restarted];
        });
    }
    Ok(())
}

/// A new value.
pub fn generate() -> Result<Handshake, Failure> {
    Handshake::generate().map_err(|cause| {
        NO_RANDOM.failure(
            format!("the operating system gives no random numbers: {cause}"),
            "run it again",
        )
    })
}
