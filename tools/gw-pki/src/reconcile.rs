//! `reconcile`: observes, plans and carries out, until there is nothing left to do.

use std::time::{SystemTime, UNIX_EPOCH};

use client_files::{ClientFiles, GatewayFolder, Lock};
use contract::{Action, Answer, Context, Exit, Failure};
use gateway_names::WORKLOAD;
use kube_session::{Session, Written};

use crate::carry_out::Workplace;
use crate::content::Material;
use crate::examine::{Examined, examine};
use crate::finding::Finding;
use crate::flags::ReconcileFlags;
use crate::observe::observe;
use crate::plan::{Planned, Step, plan};
use crate::refused::refused;
use crate::report::Report;
use crate::server_names;

/// An undisturbed run needs four rounds at most; each time that others are faster costs one more.
const ROUNDS: usize = 12;

/// Every round looks at the cluster anew, so that what is written rests on what the cluster has, and the last one proves
/// that all is as it should be.
pub async fn run(flags: ReconcileFlags, context: Context<Report>) -> Result<Answer, Failure> {
    let session = Session::open(&context).await?;
    let files = ClientFiles::of_user()?;
    let folder = files.gateway(&files.resolve(context.common.gateway.as_deref())?);
    let dry_run = context.common.dry_run;
    context.report.update(|report| {
        report.gateway = Some(folder.gateway().to_string());
        report.namespace = Some(session.namespace.clone());
        report.dry_run = dry_run;
    });
    let _lock = if dry_run {
        None
    } else {
        Some(
            Lock::acquire(
                &folder,
                "pki reconcile",
                flags.lock_timeout,
                flags.lock_fd,
                &context.console,
            )
            .await?,
        )
    };
    session.wait_for_namespace().await?;
    let wanted = server_names::wanted(&session.namespace, &flags.san);
    for _ in 0..ROUNDS {
        let observed = observe(&session, &folder).await?;
        let now = seconds_since_1970();
        let examined = examine(&observed, &wanted, now);
        context
            .report
            .update(|report| report.show(&examined, bundle_folder(&folder), now));
        let steps = plan(&examined).map_err(|refusal| refused(refusal, &session.namespace))?;
        if steps.is_empty() || dry_run {
            let actions = steps.iter().map(|planned| action(planned, &folder));
            context.report.update(|report| report.actions.extend(actions));
            warn_of_what_is_late(&context, &examined);
            return Ok(Answer::Done);
        }
        let material = Material {
            observed: &observed,
            examined: &examined,
            wanted: &wanted,
            now,
        };
        let workplace = Workplace {
            session: &session,
            folder: &folder,
            material,
        };
        round(&workplace, &steps, &context).await?;
    }
    Err(Failure::new(
        Exit::Retry,
        "contended",
        format!(
            "others changed the TLS Secrets again and again in namespace {}",
            session.namespace
        ),
        "see who writes them, then run it again",
    ))
}

/// Carries out what rests on this round's observation: a new CA ends the round, and so does a Secret that was written
/// before the bundle.
async fn round(
    workplace: &Workplace<'_>,
    steps: &[Planned],
    context: &Context<Report>,
) -> Result<(), Failure> {
    for (number, planned) in steps.iter().enumerate() {
        if planned.step == Step::WriteBundle && number > 0 {
            return Ok(());
        }
        if workplace.carry_out(planned.step).await? == Written::Overtaken {
            return Ok(());
        }
        let action = action(planned, workplace.folder);
        context
            .console
            .progress(&format!("{}: {} ({})", action.verb, action.object, action.reason));
        context.report.update(|report| done(report, planned, action));
        if planned.step == Step::CreateAuthority {
            return Ok(());
        }
    }
    Ok(())
}

fn done(report: &mut Report, planned: &Planned, action: Action) {
    report.changed = true;
    report.actions.push(action);
    let workload = format!("statefulset/{WORKLOAD}");
    let is_served = matches!(planned.step, Step::IssueServer | Step::WriteClientCa);
    if is_served && planned.replaces && !report.restart_required.contains(&workload) {
        report.restart_required.push(workload);
    }
    if let Some(bundle) = report
        .bundle
        .as_mut()
        .filter(|_| planned.step == Step::WriteBundle)
    {
        bundle.changed = true;
    }
}

fn action(planned: &Planned, folder: &GatewayFolder) -> Action {
    let object = match planned.step.secret() {
        Some(secret) => format!("secret {secret}"),
        None => format!("bundle {}", bundle_folder(folder)),
    };
    let verb = if planned.replaces { "replace" } else { "create" };
    Action::new(verb, object, planned.why.clone())
}

fn bundle_folder(folder: &GatewayFolder) -> String {
    let ca = folder.bundle().ca;
    ca.parent().unwrap_or(&ca).display().to_string()
}

/// What is only late is no failure: without the CA's key it cannot be renewed, and it serves for now.
fn warn_of_what_is_late(context: &Context<Report>, examined: &Examined) {
    let parts = [
        &examined.authority,
        &examined.server,
        &examined.client_ca,
        &examined.client,
    ];
    let late = parts
        .into_iter()
        .filter(|part| part.findings().contains(&Finding::Expiring));
    for certificate in late.filter_map(|part| part.certificate.as_ref()) {
        context.console.warning(&format!(
            "the certificate {} is in the last third of its time, and nothing here can renew it",
            certificate.subject
        ));
    }
}

fn seconds_since_1970() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}
