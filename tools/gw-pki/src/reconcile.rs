//! `reconcile`: observes, plans and carries out, until there is nothing left to do.

use std::collections::BTreeSet;
use std::time::Duration;

use client_files::{GatewayFolder, Lock};
use contract::{Action, Answer, Context, Failure};
use kube_session::{Session, Written};

use crate::carry_out::{Workplace, issue_failed};
use crate::content::Material;
use crate::examine::examine;
use crate::examined::Examined;
use crate::finding::Finding;
use crate::flags::{ReconcileFlags, seconds};
use crate::gateway::{Gateway, bundle_folder, seconds_since_1970};
use crate::observe::{is_still_current, observe};
use crate::observed::{Demand, Observed};
use crate::plan::{Planned, Wish, plan, this_round};
use crate::reasons::CONTENDED;
use crate::refused::refused;
use crate::report::{Phase, Report};
use crate::step::Step;
use crate::{describe, server_names};

/// An undisturbed change of the CA needs nine rounds; each time that others are faster costs one more.
const ROUNDS: usize = 24;
/// Restarts of one run: one for the new CA, one to forget the old one; once more each where a pod is as old as a Secret, to
/// the second.
const RESTARTS: usize = 4;

/// Every round looks at the cluster anew, so that what is written rests on what the cluster has, and the last one proves
/// that all is as it should be.
pub async fn run(flags: ReconcileFlags, context: Context<Report>) -> Result<Answer, Failure> {
    let flags = flags.validated()?;
    let Gateway { session, folder } = Gateway::open(&context, &flags.workload).await?;
    let _lock = if context.common.dry_run {
        None
    } else {
        let (patience, held) = (context.common.lock_timeout, context.common.lock_fd);
        Some(Lock::acquire(&folder, "pki reconcile", patience, held, &context.console).await?)
    };
    session.wait_for_namespace().await?;
    let run = Run {
        sans: server_names::wanted(&session.namespace, &flags.san),
        flags,
        session,
        folder,
        context,
    };
    run.until_nothing_is_left().await
}

struct Run {
    flags: ReconcileFlags,
    session: Session,
    folder: GatewayFolder,
    context: Context<Report>,
    sans: BTreeSet<String>,
}

impl Run {
    async fn until_nothing_is_left(&self) -> Result<Answer, Failure> {
        let mut wish = self.flags.rotate.unwrap_or_default();
        let (mut rounds, mut restarts) = (0, 0);
        while rounds < ROUNDS {
            let observed = observe(&self.session, &self.folder).await?;
            let examined = self.examine_and_show(&observed);
            // A change of the CA that is under way is the one that was asked for.
            wish.authority &= examined.phase == Phase::Steady;
            if self.context.common.dry_run {
                return self.tell(observed, wish);
            }
            let steps = self.plan(&examined, wish)?;
            if !steps.is_empty() {
                rounds += 1;
                if is_still_current(&self.session, &observed).await? {
                    self.round(&observed, &examined, &steps, &mut wish).await?;
                }
                continue;
            }
            if self.flags.restart && examined.restart_needed && restarts < RESTARTS {
                restarts += 1;
                if self.restart().await? {
                    continue;
                }
            }
            let waits_for_kubelet = examined.phase == Phase::Rolling && !examined.restart_needed;
            if self.flags.restart && waits_for_kubelet {
                self.context.console.waiting(
                    "the server to read its TLS files again (the kubelet brings them within 2 minutes)",
                );
                tokio::time::sleep(Duration::from_secs(1)).await;
                continue;
            }
            self.context.console.ended_waiting();
            self.say_what_is_left(&examined);
            return Ok(Answer::Done);
        }
        Err(CONTENDED.failure(
            format!(
                "others changed the TLS Secrets again and again in namespace {}",
                self.session.namespace
            ),
            "see who writes them, then run it again",
        ))
    }

    fn demand(&self) -> Demand<'_> {
        Demand {
            sans: &self.sans,
            renew_before: self.flags.renew_before.map(seconds),
            now: seconds_since_1970(),
        }
    }

    fn examine_and_show(&self, observed: &Observed) -> Examined {
        let demand = self.demand();
        let examined = examine(observed, demand);
        let folder = bundle_folder(&self.folder);
        self.context
            .report
            .update(|report| describe::show(report, &examined, &self.session.workload, folder, demand.now));
        examined
    }

    fn plan(&self, examined: &Examined, wish: Wish) -> Result<Vec<Planned>, Failure> {
        plan(examined, wish).map_err(|refusal| refused(refusal, &self.session.namespace))
    }

    fn material<'a>(&'a self, observed: &'a Observed, examined: &'a Examined) -> Material<'a> {
        Material {
            observed,
            examined,
            demand: self.demand(),
            making: self.flags.making(),
        }
    }

    async fn round(
        &self,
        observed: &Observed,
        examined: &Examined,
        steps: &[Planned],
        wish: &mut Wish,
    ) -> Result<(), Failure> {
        let workplace = Workplace {
            session: &self.session,
            folder: &self.folder,
            material: self.material(observed, examined),
        };
        for planned in this_round(steps) {
            if workplace.carry_out(planned.step).await? == Written::Overtaken {
                return Ok(());
            }
            wish.is_granted_by(planned.step);
            let action = self.action(planned);
            self.context
                .console
                .progress(&format!("{}: {} ({})", action.verb, action.object, action.reason));
            if planned.step == Step::MakeAuthority && planned.replaces || !examined.others.is_empty() {
                self.context.console.warning(&format!(
                    "the CA changes: clients on other machines need the new bundle ({})",
                    contract::typed("gw-pki export --output -")
                ));
            }
            self.context.report.update(|report| done(report, planned, action));
        }
        Ok(())
    }

    /// False where there is no server.
    async fn restart(&self) -> Result<bool, Failure> {
        let Some(restarted) = self.session.restart_server().await? else {
            return Ok(false);
        };
        self.context.console.progress(&format!("restarted {restarted}"));
        self.context.report.update(|report| {
            report.changed = true;
            report.actions.push(restart_action(restarted.clone()));
            if !report.restarted.contains(&restarted) {
                report.restarted.push(restarted);
            }
        });
        Ok(true)
    }

    /// The same rounds in memory.
    fn tell(&self, mut observed: Observed, mut wish: Wish) -> Result<Answer, Failure> {
        let mut restarts = 0;
        let mut actions = Vec::new();
        for _ in 0..ROUNDS {
            let examined = examine(&observed, self.demand());
            let steps = self.plan(&examined, wish)?;
            if steps.is_empty() {
                if self.flags.restart && examined.restart_needed && restarts < RESTARTS {
                    restarts += 1;
                    actions.push(restart_action(self.session.workload.to_string()));
                }
                if !self.flags.restart || examined.server_is_ready {
                    break;
                }
                // Whoever restarts, or reads the files again, has read all of them.
                observed.serving.clear();
                continue;
            }
            for planned in this_round(&steps) {
                let examined = examine(&observed, self.demand());
                let material = self.material(&observed, &examined);
                let values = material.values(planned.step).map_err(issue_failed)?;
                observed.after(planned.step, &values, self.demand().now);
                wish.is_granted_by(planned.step);
                actions.push(self.action(planned));
            }
        }
        self.context.report.update(|report| report.actions = actions);
        Ok(Answer::Done)
    }

    fn action(&self, planned: &Planned) -> Action {
        let object = match planned.step.secret() {
            Some(secret) => format!("secret {secret}"),
            None => format!("bundle {}", bundle_folder(&self.folder)),
        };
        let verb = if planned.replaces { "replace" } else { "create" };
        Action::new(verb, object, planned.why.clone())
    }

    /// What is no failure, and what the user should know.
    fn say_what_is_left(&self, examined: &Examined) {
        let console = &self.context.console;
        let namespace = &self.session.namespace;
        let restart = contract::typed("gw-pki reconcile --restart");
        if examined.phase == Phase::Rolling {
            console.warning(&format!(
                "the CA changes, and goes on once the server has the new one; next: {restart}"
            ));
        } else if examined.restart_needed {
            console.warning(&format!(
                "the server uses the old material until it restarts; next: {restart}, or \
                 kubectl -n {namespace} rollout restart {}",
                self.session.workload
            ));
        }
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
            console.warning(&format!(
                "the certificate {} is late in its time, and only a new CA could renew it; next: {}",
                certificate.subject,
                contract::typed("gw-pki reconcile --rotate ca")
            ));
        }
    }
}

fn restart_action(workload: String) -> Action {
    Action::new(
        "restart",
        workload,
        "it serves other material than the Secrets hold",
    )
}

fn done(report: &mut Report, planned: &Planned, action: Action) {
    report.changed = true;
    report.actions.push(action);
    let is_bundle = planned.step == Step::WriteBundle;
    if let Some(bundle) = report.bundle.as_mut().filter(|_| is_bundle) {
        bundle.changed = true;
    }
}
