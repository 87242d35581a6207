//! The report that the main process ended: repeated until the server says that it knows.

use std::time::Duration;

use anyhow::Context;
use reference_base::api::ReportMainProcessExitRequest;
use tokio::time::{sleep, timeout};

use crate::dial;
use crate::settings::Server;

/// How long one report may take.
const ANSWER_TIME: Duration = Duration::from_secs(3);
/// Between two reports.
const PAUSE: Duration = Duration::from_millis(500);

/// Reports `exit_code`. Without a server there is nobody to tell.
pub async fn until_acknowledged(server: Option<&Server>, exit_code: i32) {
    let Some(server) = server else {
        return;
    };
    loop {
        match report(server, exit_code).await {
            Ok(()) => return,
            Err(error) => eprintln!("openshell-sandbox: exit report: {error:#}"),
        }
        sleep(PAUSE).await;
    }
}

async fn report(server: &Server, exit_code: i32) -> anyhow::Result<()> {
    let mut client = dial::connect(server).await?;
    let report = ReportMainProcessExitRequest {
        sandbox_id: server.sandbox_id.clone(),
        instance_id: server.instance_id.clone(),
        exit_code,
    };
    let answer = timeout(ANSWER_TIME, client.report_main_process_exit(report));
    answer.await.context("no answer")??;
    Ok(())
}
