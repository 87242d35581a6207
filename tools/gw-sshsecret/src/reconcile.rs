//! `reconcile`: makes sure that the secret exists.

use contract::{Action, Answer, Context, Exit, Failure};
use gateway_names::{HANDSHAKE_KEY, HANDSHAKE_SECRET};
use kube_session::{Session, Written};

use crate::flags::ReconcileFlags;
use crate::handshake::Handshake;
use crate::observe::observe;
use crate::plan::{Plan, Present, Refusal, plan};
use crate::report::{Carried, Report, Source};

/// How often the Secret may change under this run's hands before it gives up.
const ATTEMPTS: usize = 5;

/// Observes, decides, and creates the Secret where that was decided. Where somebody else creates it first, theirs counts.
pub async fn run(flags: ReconcileFlags, context: Context<Report>) -> Result<Answer, Failure> {
    let session = Session::open(&context).await?;
    context.report.update(|report| {
        report.namespace = Some(session.namespace.clone());
        report.secret = Some(HANDSHAKE_SECRET.to_owned());
        report.dry_run = context.common.dry_run;
    });
    session.wait_for_namespace().await?;
    for _ in 0..ATTEMPTS {
        if attempt(&session, &context, flags.adopt.as_deref()).await? == Written::Done {
            return Ok(Answer::Done);
        }
    }
    Err(Failure::new(
        Exit::Retry,
        "contended",
        format!("others changed Secret {HANDSHAKE_SECRET} {ATTEMPTS} times while it was worked on"),
        "see who writes it, then run it again",
    ))
}

async fn attempt(
    session: &Session,
    context: &Context<Report>,
    adopt: Option<&str>,
) -> Result<Written, Failure> {
    let present = observe(session).await?;
    let carried: Vec<Carried> = match &present {
        Present::Absent(groups) => groups.iter().map(Carried::from).collect(),
        _ => Vec::new(),
    };
    context
        .report
        .update(|report| report.carried.clone_from(&carried));
    let (secret, source, why) = match plan(present, adopt) {
        Ok(Plan::Keep(secret)) => {
            context.report.update(|report| {
                report.fingerprint = Some(secret.fingerprint());
                report.source = Some(Source::Existing);
            });
            return Ok(Written::Done);
        }
        Ok(Plan::Recover(secret)) => (Some(secret), Source::Recovered, "live sandboxes carry it"),
        Ok(Plan::Generate) => (
            None,
            Source::Generated,
            "it does not exist, and no sandbox carries one",
        ),
        Err(refusal) => return Err(refused(refusal, &session.namespace, &carried)),
    };
    let action = Action::new("create", format!("secret {HANDSHAKE_SECRET}"), why);
    if context.common.dry_run {
        context.report.update(|report| {
            report.fingerprint = secret.as_ref().map(Handshake::fingerprint);
            report.source = Some(source);
            report.actions = vec![action];
        });
        return Ok(Written::Done);
    }
    let secret = secret.map_or_else(generate, Ok)?;
    let values = [(HANDSHAKE_KEY, secret.expose())];
    let written = session.create_secret(HANDSHAKE_SECRET, "Opaque", &values).await?;
    if written == Written::Done {
        context.report.update(|report| {
            report.fingerprint = Some(secret.fingerprint());
            report.source = Some(source);
            report.changed = true;
            report.actions = vec![action];
        });
        context
            .console
            .progress(&format!("created Secret {HANDSHAKE_SECRET}: {why}"));
    }
    Ok(written)
}

fn generate() -> Result<Handshake, Failure> {
    Handshake::generate().map_err(|cause| {
        Failure::new(
            Exit::Failed,
            "no_random",
            format!("the operating system gives no random numbers: {cause}"),
            "run it again",
        )
    })
}

fn refused(refusal: Refusal, namespace: &str, carried: &[Carried]) -> Failure {
    let again = "gw-sshsecret reconcile";
    let (reason, message, hint) = match refusal {
        Refusal::Invalid(why) => (
            "handshake_invalid",
            format!("Secret {HANDSHAKE_SECRET} is no handshake secret: {why}"),
            format!(
                "put the right value back, or remove the Secret so that it is recovered from live sandboxes: \
                 kubectl -n {namespace} delete secret {HANDSHAKE_SECRET}, then {again}"
            ),
        ),
        Refusal::Disagree => (
            "sandboxes_disagree",
            format!(
                "Secret {HANDSHAKE_SECRET} does not exist, and live sandboxes carry different ones: {}",
                counted(carried)
            ),
            format!("choose the one to keep: {again} --adopt FINGERPRINT"),
        ),
        Refusal::CarriedInvalid(why) => (
            "sandbox_secret_invalid",
            format!(
                "Secret {HANDSHAKE_SECRET} does not exist, and what live sandboxes carry is no handshake secret: {why} ({})",
                counted(carried)
            ),
            format!("delete these sandboxes, then {again}"),
        ),
        Refusal::NotCarried => (
            "adopt_refused",
            format!(
                "no live sandbox carries the secret that --adopt names; there is: {}",
                counted(carried)
            ),
            format!("{again} --dry-run shows the fingerprints"),
        ),
        Refusal::AnotherExists => (
            "adopt_refused",
            format!(
                "Secret {HANDSHAKE_SECRET} exists and is another one than --adopt names; it was not changed"
            ),
            format!("use the one that exists: {again}"),
        ),
    };
    Failure::new(Exit::Failed, reason, message, hint)
}

fn counted(carried: &[Carried]) -> String {
    let each = carried.iter().map(|group| {
        let count = group.sandboxes.len();
        let noun = if count == 1 { "sandbox" } else { "sandboxes" };
        format!("{} in {count} {noun}", group.fingerprint)
    });
    let text = each.collect::<Vec<_>>().join(", ");
    if text.is_empty() { "none".to_owned() } else { text }
}
