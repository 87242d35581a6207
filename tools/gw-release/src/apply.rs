//! `choose`, `facts`, `recall`, `plan` and `apply`.

use std::time::Duration;

use contract::{Answer, Context, Failure};
use gw_release::facts::Facts;
use gw_release::report::{Report, Step};
use kube_session::Session;

use crate::act::{self, clear_the_way};
use crate::choose::{self, Taken};
use crate::cluster;
use crate::deployment::Deployment;
use crate::flags::{Choice, RecallFlags};
use crate::kept::{BUNDLED, Kept};
use crate::observe::{Observed, revisions};
use crate::place::Place;
use crate::plan::{self, Own};
use crate::reasons::{RELEASE_OF_OTHERS, RELEASE_PENDING};
use crate::resolve::{Chosen, resolve};

/// How often a node's own helm is looked at.
const AGAIN: Duration = Duration::from_secs(1);

/// Keeps the choice for the next `apply`.
pub async fn choose(choice: &Choice, context: &Context<Report>) -> Result<Answer, Failure> {
    let mut place = Place::open(context, &choice.helm)?;
    let _lock = place.lock("choose", context).await?;
    let kept = Kept::open(&place.gateway, place.scratch())?;
    choose::take(choice, &kept, &place.helm, place.scratch()).await?;
    let source = kept.source()?;
    context.report.update(|report| report.source = Some(source));
    if context.common.dry_run || kept.save(&place.gateway)? {
        act::acted(context, "keep", "release.tar", "it is what was chosen");
    }
    Ok(Answer::Done)
}

/// Says what must be known of the chart. Under the lock it is remembered.
pub async fn facts(choice: &Choice, context: &Context<Report>) -> Result<Answer, Failure> {
    let mut place = Place::open(context, &choice.helm)?;
    let is_locked = context.common.lock_fd.is_some();
    if is_locked {
        place.lock("facts", context).await?;
    }
    let (_, chosen, _) = chosen(choice, &place, context).await?;
    let mut deployment = Deployment::read(&place.gateway, choice.cluster_id.as_deref())?;
    context
        .report
        .update(|report| report.deployed = deployment.release().map(str::to_owned));
    place
        .facts(choice, &chosen, &mut deployment, is_locked, context)
        .await?;
    Ok(Answer::Done)
}

/// Says what is known of what was deployed last.
pub fn recall(flags: &RecallFlags, context: &Context<Report>) -> Result<Answer, Failure> {
    let place = Place::open(context, &[])?;
    let deployment = Deployment::read(&place.gateway, flags.cluster_id.as_deref())?;
    context.report.update(|report| {
        report.deployed = deployment.release().map(str::to_owned);
        report.facts = deployment.deployed_facts();
    });
    Ok(Answer::Done)
}

/// What is kept with what the flags choose in its place, as helm gets it.
async fn chosen(
    choice: &Choice,
    place: &Place,
    context: &Context<Report>,
) -> Result<(Kept, Chosen, Taken), Failure> {
    let kept = Kept::open(&place.gateway, place.scratch())?;
    let taken = choose::take(choice, &kept, &place.helm, place.scratch()).await?;
    let chosen = resolve(choice, &kept, place.scratch())?;
    context.report.update(|report| {
        report.source = Some(chosen.source.clone());
        report.fingerprint = Some(chosen.fingerprint.clone());
    });
    Ok((kept, chosen, taken))
}

/// Says what apply would do.
pub async fn plan(choice: Choice, context: Context<Report>) -> Result<Answer, Failure> {
    let place = Place::open(&context, &choice.helm)?;
    let session = Session::open(&context).await?;
    let (_, chosen, _) = chosen(&choice, &place, &context).await?;
    let deployment = Deployment::read(&place.gateway, choice.cluster_id.as_deref())?;
    let (last, step) = look(&session, &chosen, &deployment, &context).await?;
    require_ours(&choice, last.as_ref(), &deployment, &session)?;
    if step == Step::Ask {
        return Err(pending(&place));
    }
    Ok(Answer::Done)
}

/// The last revision, and what is to be done about it.
async fn look(
    session: &Session,
    chosen: &Chosen,
    deployment: &Deployment,
    context: &Context<Report>,
) -> Result<(Option<Observed>, Step), Failure> {
    let last = revisions(session).await?.into_iter().next();
    let own = Own {
        fingerprint: &chosen.fingerprint,
        begun: deployment.begun(),
        is_unmade: deployment.is_unmade(),
        now: jiff::Timestamp::now().as_second(),
    };
    let step = plan::step(last.as_ref(), &own);
    context.report.update(|report| {
        report.step = Some(step);
        report.last = last.as_ref().map(Observed::shown);
    });
    Ok((last, step))
}

/// In a gateway's container all that is named openshell is the gateway's. Elsewhere a release of somebody else is replaced only if a chart is
/// named.
fn require_ours(
    choice: &Choice,
    last: Option<&Observed>,
    deployment: &Deployment,
    session: &Session,
) -> Result<(), Failure> {
    let is_free = choice.in_container || choice.chart.is_some();
    if is_free || last.is_none_or(|last| plan::is_ours(last, deployment.begun())) {
        return Ok(());
    }
    let replace = contract::typed_by_driver("start").unwrap_or_else(|| contract::typed("gw-release apply"));
    Err(RELEASE_OF_OTHERS.failure(
        format!(
            "release openshell in namespace {} was deployed by somebody else, with a chart and values of its own",
            session.namespace
        ),
        format!("{replace} with --chart and --values to replace it, or --namespace NAME for another gateway"),
    ))
}

fn pending(place: &Place) -> Failure {
    RELEASE_PENDING.failure(
        "somebody else's helm is at work on release openshell, or was killed there",
        format!(
            "wait for it, or: helm rollback openshell {}",
            place.helm.on_cluster().join(" ")
        ),
    )
}

/// Brings the release to what is chosen.
pub async fn apply(choice: Choice, context: Context<Report>) -> Result<Answer, Failure> {
    let mut place = Place::open(&context, &choice.helm)?;
    let session = Session::open(&context).await?;
    let _lock = place.lock("apply", &context).await?;
    let is_dry = context.common.dry_run;
    let was_kept = place.gateway.read_private(crate::kept::FILE)?.is_some();
    let (kept, chosen, taken) = chosen(&choice, &place, &context).await?;
    if choice.in_container && chosen.source == BUNDLED && !was_kept && taken == Taken::Kept {
        // The node deploys its own chart.
        context.report.update(|report| report.step = Some(Step::Keep));
        return Ok(Answer::Done);
    }
    let mut deployment = Deployment::read(&place.gateway, choice.cluster_id.as_deref())?;
    let is_known = deployment.release() == Some(&chosen.fingerprint);
    if !is_known {
        let (last, _) = look(&session, &chosen, &deployment, &context).await?;
        require_ours(&choice, last.as_ref(), &deployment, &session)?;
    }
    let facts = place
        .facts(&choice, &chosen, &mut deployment, !is_dry, &context)
        .await?;
    if !is_dry && (taken == Taken::New || !was_kept) && kept.save(&place.gateway)? {
        act::acted(&context, "keep", "release.tar", "it is what was chosen");
    }
    if is_known {
        context.report.update(|report| report.step = Some(Step::Keep));
        return Ok(Answer::Done);
    }
    let run = Run {
        place,
        session,
        chosen,
        facts,
        choice,
        context,
    };
    run.bring(&mut deployment).await
}

struct Run {
    place: Place,
    session: Session,
    chosen: Chosen,
    facts: Facts,
    choice: Choice,
    context: Context<Report>,
}

impl Run {
    async fn bring(self, deployment: &mut Deployment) -> Result<Answer, Failure> {
        let is_dry = self.context.common.dry_run;
        let last = loop {
            let (last, step) = look(&self.session, &self.chosen, deployment, &self.context).await?;
            match (step, last) {
                (Step::Keep, _) => {
                    if !is_dry {
                        deployment.deployed(Some(&self.chosen.fingerprint))?;
                    }
                    return Ok(Answer::Done);
                }
                (Step::Wait, _) if is_dry => return Ok(Answer::Done),
                (Step::Wait, _) => {
                    self.context
                        .console
                        .waiting("the node, which deploys its own chart");
                    tokio::time::sleep(AGAIN).await;
                }
                (Step::Forget, Some(last)) => {
                    let why = format!("nobody will finish revision {}", last.revision.number);
                    act::acted(
                        &self.context,
                        "forget",
                        &format!("secret/{}", last.revision.secret),
                        &why,
                    );
                    if is_dry {
                        break Some(last);
                    }
                    cluster::forget(&self.session, &last.revision).await?;
                }
                (Step::Ask, _) => return Err(pending(&self.place)),
                (_, last) => break last,
            }
        };
        self.context.console.ended_waiting();
        self.place.helm.require_fit().await?;
        let objects = self.place.render(&self.chosen).await?;
        let published = self.choice.in_container.then_some(&self.facts);
        clear_the_way(&objects, published, deployment, &self.session, &self.context).await?;
        let verb = if last.is_none() { "install" } else { "upgrade" };
        if !is_dry {
            deployment.begins(last.map_or(0, |last| last.revision.number) + 1)?;
            act::upgrade(&self.place, &self.chosen).await?;
            deployment.deployed(Some(&self.chosen.fingerprint))?;
        }
        act::acted(&self.context, verb, "release openshell", "chart or values differ");
        Ok(Answer::Done)
    }
}
