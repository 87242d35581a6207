//! The condition `exited`: the gateway's container does not run.

use std::time::Duration;

use client_files::ClientFiles;
use contract::{Context, Failure};
use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};

use crate::condition::gateway_exit::ended;
use crate::flags::ExitedFlags;
use crate::reasons::PROCESS_GONE;
use crate::report::{Report, begin, holds};

/// A process is looked for this often.
const AGAIN: Duration = Duration::from_secs(1);

/// Waits for it, no longer than the process of `--pid` is there.
///
/// # Errors
/// As [`ended`], and there is no such process.
pub async fn wait(flags: &ExitedFlags, context: &Context<Report>) -> Result<(), Failure> {
    let gateway = ClientFiles::of_user()?.resolve(context.common.gateway.as_deref())?;
    begin(context, "exited", gateway.resource());
    let ended = tokio::select! {
        ended = ended(context) => ended?,
        failure = gone(flags.pid) => return Err(failure),
    };
    holds(context, ended.to_string());
    Ok(())
}

/// Returns once there is no such process; never without one to look for.
async fn gone(pid: Option<Pid>) -> Failure {
    let Some(pid) = pid else {
        return std::future::pending().await;
    };
    while test_kill_process(pid) != Err(Errno::SRCH) {
        tokio::time::sleep(AGAIN).await;
    }
    PROCESS_GONE.failure(
        format!(
            "process {pid}, of --pid, is not there",
            pid = pid.as_raw_nonzero()
        ),
        "leave --pid out, to wait without it".to_owned(),
    )
}
