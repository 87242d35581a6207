//! What every verb works with, and how it says what it does.

use std::collections::HashMap;
use std::sync::Arc;

use client_files::{ClientFiles, GatewayFolder, Lock};
use contract::{Action, Console, Context, Failure, Pledges};
use docker_session::{DockerSession, Machine};
use gateway_facts::{Facts, observe};
use gateway_names::{GATEWAY_LABEL, GatewayName};

use crate::held::Held;
use crate::record::{Record, StateBefore, WorkReport};

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
    /// Where the work is written down.
    pub record: Record,
    /// Nothing may be changed.
    pub dry_run: bool,
    /// What is done if the run is cut short.
    pub pledges: Pledges,
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
    pub async fn begin<R: WorkReport>(
        context: &Context<R>,
        verb: &str,
        access: Access,
    ) -> Result<(Self, Facts), Failure> {
        let common = &context.common;
        let dry_run = common.dry_run;
        let record = Record::of(context.report.clone());
        record.update(|fields| fields.dry_run = dry_run);
        let files = ClientFiles::of_user()?;
        let gateway = files.resolve(common.gateway.as_deref())?;
        record.update(|fields| fields.gateway = Some(gateway.to_string()));
        let session = DockerSession::open(context).await?;
        if session.is_podman() {
            let message = "this is podman, which speaks Docker's API: gateways on it are a best effort";
            context.console.warning(message);
            record.update(|fields| fields.warnings.push(message.to_owned()));
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
        record.update(|fields| fields.state_before = Some(StateBefore::of(&facts)));
        let work = Self {
            session,
            files,
            folder,
            gateway,
            console: Arc::clone(&context.console),
            record,
            dry_run,
            pledges: context.pledges.clone(),
            machine,
            _lock: lock,
        };
        if work._lock.is_some() && work.let_go(&facts).await? {
            let facts = observe(&work.session, &work.gateway).await?;
            return Ok((work, facts));
        }
        Ok((work, facts))
    }

    /// Lets go of a container that a killed run held. True where that changed it.
    async fn let_go(&self, facts: &Facts) -> Result<bool, Failure> {
        let container = facts.present();
        let (Some(container), Some(held)) = (container, Held::left(&self.folder, container)?) else {
            return Ok(false);
        };
        let is_held = held.is_on(container.status);
        if is_held {
            let object = format!("container {}", container.name);
            let action = Action::new(held.verb(), object, "a backup that was killed held it");
            self.announce(&action);
            self.did(action);
        }
        held.let_go(self.session.api(), &self.folder).await?;
        Ok(is_held)
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
        self.record.did(action);
    }

    /// Something that does not stop the run and should be known.
    pub fn warn(&self, message: String) {
        self.console.warning(&message);
        self.record.update(|fields| fields.warnings.push(message));
    }
}
