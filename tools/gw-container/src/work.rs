//! What every verb works with.

use std::collections::HashMap;
use std::sync::Arc;

use client_files::{ClientFiles, GatewayFolder, Lock};
use contract::{Action, Console, Context, Draft, Failure};
use docker_session::{DockerSession, Machine};
use gateway_facts::{Container, Facts, observe};
use gateway_names::{GATEWAY_LABEL, GatewayName};

use crate::describe;
use crate::report::Report;

/// One run of a verb on one gateway.
pub struct Work {
    /// Docker.
    pub session: DockerSession,
    /// The client's files.
    pub files: ClientFiles,
    /// The client's files of this gateway.
    pub folder: GatewayFolder,
    /// The gateway.
    pub gateway: GatewayName,
    /// Standard error.
    pub console: Arc<Console>,
    /// The report.
    pub report: Draft<Report>,
    /// Nothing may be changed.
    pub dry_run: bool,
    /// The machine that Docker runs on, where that is another one.
    pub machine: Option<Machine>,
    _lock: Option<Lock>,
}

/// What a verb does with the gateway.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// It only reads, and takes no lock.
    Reading,
    /// It changes something, under the gateway's lock.
    Changing,
}

impl Work {
    /// Finds gateway and Docker, takes the lock, then looks at what there is. A dry run needs no lock.
    pub async fn begin(
        context: &Context<Report>,
        verb: &str,
        access: Access,
    ) -> Result<(Self, Facts), Failure> {
        let common = &context.common;
        let dry_run = common.dry_run;
        context.report.update(|report| report.dry_run = dry_run);
        let files = ClientFiles::of_user()?;
        let gateway = files.resolve(common.gateway.as_deref())?;
        context
            .report
            .update(|report| report.gateway = Some(gateway.to_string()));
        let session = DockerSession::open(context).await?;
        if session.is_podman() {
            let message = "this is podman, which speaks Docker's API: gateways on it are a best effort";
            context.console.warning(message);
            context
                .report
                .update(|report| report.warnings.push(message.to_owned()));
        }
        let machine = session.machine().await;
        let folder = files.gateway(&gateway);
        let lock = if dry_run || access == Access::Reading {
            None
        } else {
            let (patience, held) = (common.lock_timeout, common.lock_fd);
            Some(Lock::acquire(&folder, verb, patience, held, &context.console).await?)
        };
        let facts = observe(&session, &gateway).await?;
        context
            .report
            .update(|report| report.state_before = Some(describe::state_before(&facts)));
        let work = Self {
            session,
            files,
            folder,
            gateway,
            console: Arc::clone(&context.console),
            report: context.report.clone(),
            dry_run,
            machine,
            _lock: lock,
        };
        Ok((work, facts))
    }

    /// How clients reach Docker's machine, where that is another one.
    pub fn machine_address(&self) -> Option<&str> {
        self.machine.as_ref().map(|machine| machine.address.as_str())
    }

    /// What marks a volume or a network as this gateway's.
    pub fn label(&self) -> HashMap<String, String> {
        HashMap::from([(GATEWAY_LABEL.to_owned(), self.gateway.to_string())])
    }

    /// Something is about to be done.
    pub fn announce(&self, action: &Action) {
        let word = if self.dry_run { "would " } else { "" };
        self.console.progress(&format!(
            "{word}{} {}: {}",
            action.verb, action.object, action.reason
        ));
    }

    /// Something was done, or with `--dry-run` would be.
    pub fn did(&self, action: Action) {
        self.report.update(|report| {
            report.changed |= !report.dry_run;
            report.actions.push(action);
        });
    }

    /// Shows what a container is.
    pub fn show(&self, container: &Container) {
        let machine = self.machine_address();
        self.report
            .update(|report| describe::container(report, container, machine));
    }

    /// Something that does not stop the run and should be known.
    pub fn warn(&self, message: String) {
        self.console.warning(&message);
        self.report.update(|report| report.warnings.push(message));
    }
}
