//! `reconcile`: observes, plans and acts, until there is nothing left to do.

use std::collections::BTreeSet;
use std::time::Duration;

use client_files::Lock;
use contract::{Action, Answer, Context, Failure};
use kube_session::Written;

use crate::act::content::Material;
use crate::act::{Actor, issue_failed};
use crate::examine::{Demand, Examined, examine, server_names};
use crate::finding::Finding;
use crate::flags::{ReconcileFlags, seconds};
use crate::gateway::{Gateway, seconds_since_1970};
use crate::observe::{Observed, is_still_current, observe};
use crate::plan::step::Step;
use crate::plan::{Planned, Wish, plan, this_round};
use crate::reasons::CONTENDED;
use crate::refused::refused;
use crate::report::{Phase, Report};

/// An undisturbed change of the CA needs nine rounds; each time that others are faster costs one more.
const ROUNDS: usize = 24;
/// Restarts of one run: one for the new CA, one to forget the old one; once more each where a pod is as old as a Secret, to
/// the second.
const RESTARTS: usize = 4;

/// Every round looks at the cluster anew, so that what is written rests on what the cluster has, and the last one proves
/// that all is as it should be.
pub async fn run(flags: ReconcileFlags, context: Context<Report>) -> Result<Answer, Failure> {
    let flags = flags.validated()?;
    let gateway = Gateway::open(&context, &flags.workload).await?;
    let _lock = if context.common.dry_run {
        None
    } else {
        let (patience, held) = (context.common.lock_timeout, context.common.lock_fd);
        Some(Lock::acquire(&gateway.folder, "pki reconcile", patience, held, &context.console).await?)
    };
    gateway.session.wait_for_namespace().await?;
    let run = Run {
        sans: server_names::wanted(&gateway.session.namespace, &flags.san),
        flags,
        gateway,
        context,
    };
    run.until_nothing_is_left().await
}

struct Run {
    flags: ReconcileFlags,
    gateway: Gateway,
    context: Context<Report>,
    sans: BTreeSet<String>,
}

impl Run {
    async fn until_nothing_is_left(&self) -> Result<Answer, Failure> {
        let mut wish = self.flags.rotate.unwrap_or_default();
        let (mut rounds, mut restarts) = (0, 0);
        while rounds < ROUNDS {
            let observed = observe(&self.gateway.session, &self.gateway.folder).await?;
            let examined = self.examine_and_show(&observed);
            // A change of the CA that is under way is the one that was asked for.
            wish.authority &= examined.phase == Phase::Steady;
            if self.context.common.dry_run {
                return self.tell(observed, wish);
            }
            let steps = self.plan(&examined, wish)?;
            if !steps.is_empty() {
                rounds += 1;
                if is_still_current(&self.gateway.session, &observed).await? {
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
                self.gateway.session.namespace
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
        self.context
            .report
            .update(|report| self.gateway.show(report, &examined, demand.now));
        examined
    }

    fn plan(&self, examined: &Examined, wish: Wish) -> Result<Vec<Planned>, Failure> {
        plan(examined, wish).map_err(|refusal| refused(refusal, &self.gateway.session.namespace))
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
        let actor = Actor {
            session: &self.gateway.session,
            folder: &self.gateway.folder,
            material: self.material(observed, examined),
        };
        for planned in this_round(steps) {
            if actor.act(planned.step).await? == Written::Overtaken {
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
        let Some(restarted) = self.gateway.session.restart_server().await? else {
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
                    actions.push(restart_action(self.gateway.session.workload.to_string()));
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
            None => format!("bundle {}", self.gateway.bundle_folder()),
        };
        let verb = if planned.replaces { "replace" } else { "create" };
        Action::new(verb, object, planned.why.clone())
    }

    /// What is no failure, and what the user should know.
    fn say_what_is_left(&self, examined: &Examined) {
        let console = &self.context.console;
        let namespace = &self.gateway.session.namespace;
        let restart = contract::typed("gw-pki reconcile --restart");
        if examined.phase == Phase::Rolling {
            console.warning(&format!(
                "the CA changes, and goes on once the server has the new one; next: {restart}"
            ));
        } else if examined.restart_needed {
            console.warning(&format!(
                "the server uses the old material until it restarts; next: {restart}, or \
                 kubectl -n {namespace} rollout restart {}",
                self.gateway.session.workload
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
