//! What every verb works with.

use std::sync::Arc;
use std::time::Duration;

use client_files::{ClientFiles, GatewayFolder, Lock};
use contract::{Action, Console, Context, Draft, Failure};
use docker_session::DockerSession;
use gateway_names::GatewayName;

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
    _lock: Option<Lock>,
}

/// How a verb takes the gateway's lock.
pub struct Locking {
    /// The verb.
    pub verb: &'static str,
    /// `--lock-fd`.
    pub lock_fd: Option<i32>,
    /// `--lock-timeout`.
    pub patience: Duration,
    /// The verb changes something.
    pub needed: bool,
}

impl Work {
    /// Finds gateway and Docker, then takes the lock. A dry run needs none.
    pub async fn begin(context: &Context<Report>, locking: Locking) -> Result<Self, Failure> {
        let dry_run = context.common.dry_run;
        context.report.update(|report| report.dry_run = dry_run);
        let files = ClientFiles::of_user()?;
        let gateway = files.resolve(context.common.gateway.as_deref())?;
        context
            .report
            .update(|report| report.gateway = Some(gateway.to_string()));
        let session = DockerSession::open(context).await?;
        let folder = files.gateway(&gateway);
        let lock = if dry_run || !locking.needed {
            None
        } else {
            let Locking {
                verb,
                lock_fd,
                patience,
                ..
            } = locking;
            Some(Lock::acquire(&folder, verb, patience, lock_fd, &context.console).await?)
        };
        Ok(Self {
            session,
            files,
            folder,
            gateway,
            console: Arc::clone(&context.console),
            report: context.report.clone(),
            dry_run,
            _lock: lock,
        })
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

    /// Something that does not stop the run and should be known.
    pub fn warn(&self, message: String) {
        self.console.warning(&message);
        self.report.update(|report| report.warnings.push(message));
    }
}
