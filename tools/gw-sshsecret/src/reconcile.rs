//! `reconcile`: makes sure that the secret exists.

use contract::{Action, Answer, Context, Failure};
use gateway_names::HANDSHAKE_SECRET;
use kube_session::{HeldSecret, Session, Written};

use crate::act::{self, Outdated};
use crate::flags::ReconcileFlags;
use crate::handshake::Handshake;
use crate::observe::{carried, observe_secret, open};
use crate::plan::{Plan, Wish, lost, plan};
use crate::reasons::CONTENDED;
use crate::refused::{immutable, refused, unconfirmed};
use crate::report::{Carried, Report, Source};

/// How often the Secret may change under this run's hands before it gives up.
const ATTEMPTS: usize = 5;

/// Observes, decides, and writes the Secret where that was decided. Where somebody else writes it first, theirs is looked at.
pub async fn run(flags: ReconcileFlags, context: Context<Report>) -> Result<Answer, Failure> {
    let session = open(&context).await?.of_workload(&flags.workload);
    context
        .report
        .update(|report| report.dry_run = context.common.dry_run);
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
    let mut observed = observe_secret(session).await?;
    if wish.needs_carried(&observed.present) {
        observed.groups = carried(session).await?;
    }
    let shown: Vec<Carried> = observed.groups.iter().map(Carried::from).collect();
    context.report.update(|report| report.carried.clone_from(&shown));
    let plan = plan(&observed, wish).map_err(|refusal| refused(refusal, &shown))?;
    let lost: Vec<String> = lost(&plan, &observed.groups).into_iter().collect();
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
                let written_at = observed.object.as_ref().and_then(HeldSecret::changed_at);
                let is_outdated = |started| Some(started) < written_at;
                act::follow(session, context, Outdated::Restart, is_outdated).await?;
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
    if observed.object.as_ref().is_some_and(HeldSecret::is_immutable) {
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
    let secret = secret.map_or_else(act::generate, Ok)?;
    let written = act::write(session, observed.object.as_ref(), &secret).await?;
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
        let outdated = if flags.restart {
            Outdated::Restart
        } else {
            Outdated::Tell
        };
        act::follow(session, context, outdated, |_| true).await?;
    }
    Ok(written)
}
