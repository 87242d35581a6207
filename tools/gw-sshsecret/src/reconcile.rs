//! `reconcile`: makes sure that the secret exists.

use contract::{Action, Answer, Context, Failure};
use gateway_names::{HANDSHAKE_KEY, HANDSHAKE_SECRET};
use jiff::Timestamp;
use kube_session::{HeldSecret, ServerPod, Session, Written};

use crate::flags::ReconcileFlags;
use crate::handshake::Handshake;
use crate::observe::{carried, read_secret};
use crate::plan::{Plan, Wish, lost, plan};
use crate::reasons::{CONTENDED, NO_RANDOM};
use crate::refused::{immutable, refused, unconfirmed};
use crate::report::{Carried, Report, Source};

/// How often the Secret may change under this run's hands before it gives up.
const ATTEMPTS: usize = 5;

/// Observes, decides, and writes the Secret where that was decided. Where somebody else writes it first, theirs is looked at.
pub async fn run(flags: ReconcileFlags, context: Context<Report>) -> Result<Answer, Failure> {
    let session = Session::open(&context).await?.of_workload(&flags.workload);
    context.report.update(|report| {
        report.namespace = Some(session.namespace.clone());
        report.secret = Some(HANDSHAKE_SECRET.to_owned());
        report.dry_run = context.common.dry_run;
    });
    session.wait_for_namespace().await?;
    for _ in 0..ATTEMPTS {
        if attempt(&session, &context, &flags).await? == Written::Done {
            return Ok(Answer::Done);
        }
    }
    Err(CONTENDED.failure(
        format!("others changed Secret {HANDSHAKE_SECRET} {ATTEMPTS} times while it was worked on"),
        "see who writes it, then run it again",
    ))
}

async fn attempt(
    session: &Session,
    context: &Context<Report>,
    flags: &ReconcileFlags,
) -> Result<Written, Failure> {
    let wish = Wish {
        adopt: flags.adopt.as_deref(),
        replace_invalid: flags.replace_invalid,
        rotate: flags.rotate,
    };
    let (stored, present) = read_secret(session).await?;
    let groups = if wish.needs_carried(&present) {
        carried(session).await?
    } else {
        Vec::new()
    };
    let shown: Vec<Carried> = groups.iter().map(Carried::from).collect();
    context.report.update(|report| report.carried.clone_from(&shown));
    let plan = plan(present, &groups, wish).map_err(|refusal| refused(refusal, &shown))?;
    let lost: Vec<String> = lost(&plan, &groups).into_iter().collect();
    context
        .report
        .update(|report| report.lost_sandboxes.clone_from(&lost));
    let (secret, source, replaces) = match plan {
        Plan::Keep(secret) => {
            context.report.update(|report| {
                report.fingerprint = Some(secret.fingerprint());
                report.source = Some(Source::Existing);
            });
            // A run that was killed after its write may have left the server with the old secret.
            if flags.restart && !context.common.dry_run {
                let written_at = stored.as_ref().and_then(HeldSecret::changed_at);
                follow(session, context, true, |started| Some(started) < written_at).await?;
            }
            return Ok(Written::Done);
        }
        Plan::Recover { secret, replaces } => (Some(secret), Source::Recovered, replaces),
        Plan::Generate { replaces } => (None, Source::Generated, replaces),
    };
    let why = match source {
        _ if flags.rotate => "it was asked for with --rotate",
        Source::Recovered => "live sandboxes carry it",
        _ if replaces => "it held no handshake secret, and no sandbox carries one",
        _ => "it does not exist, and no sandbox carries one",
    };
    let verb = if replaces { "replace" } else { "create" };
    let action = Action::new(verb, format!("secret {HANDSHAKE_SECRET}"), why);
    if stored.as_ref().is_some_and(HeldSecret::is_immutable) {
        return Err(immutable(&session.namespace));
    }
    if context.common.dry_run {
        context.report.update(|report| {
            report.fingerprint = secret.as_ref().map(Handshake::fingerprint);
            report.source = Some(source);
            report.actions = vec![action];
        });
        return Ok(Written::Done);
    }
    if flags.rotate && !flags.yes {
        return Err(unconfirmed(&lost));
    }
    let secret = secret.map_or_else(generate, Ok)?;
    let values = [(HANDSHAKE_KEY, secret.expose())];
    let written = match &stored {
        Some(stored) => session.replace_secret(stored, &values).await?,
        None => session.create_secret(HANDSHAKE_SECRET, "Opaque", &values).await?,
    };
    if written == Written::Overtaken {
        return Ok(written);
    }
    context.report.update(|report| {
        report.fingerprint = Some(secret.fingerprint());
        report.source = Some(source);
        report.changed = true;
        report.actions = vec![action];
    });
    context
        .console
        .progress(&format!("{verb}d Secret {HANDSHAKE_SECRET}: {why}"));
    // What was lost and recovered is what the server has, too.
    if source == Source::Generated || replaces {
        follow(session, context, flags.restart, |_| true).await?;
    }
    Ok(written)
}

/// A server whose container runs already read the Secret when it started, and keeps that until it restarts.
async fn follow(
    session: &Session,
    context: &Context<Report>,
    restart: bool,
    is_outdated: impl Fn(Timestamp) -> bool,
) -> Result<(), Failure> {
    let pods = session.server_pods().await?;
    if !pods.iter().filter_map(ServerPod::started_at).any(is_outdated) {
        return Ok(());
    }
    let workload = session.workload.to_string();
    if !restart {
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

fn generate() -> Result<Handshake, Failure> {
    Handshake::generate().map_err(|cause| {
        NO_RANDOM.failure(
            format!("the operating system gives no random numbers: {cause}"),
            "run it again",
        )
    })
}
