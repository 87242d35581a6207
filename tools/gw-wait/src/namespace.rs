//! The gateway's namespace exists.

use std::time::{Duration, Instant};

use contract::{Context, Exit, Failure};
use k8s_openapi::api::core::v1::Namespace;
use kube_session::{Backoff, Session};

use crate::report::{CauseField, Report, end_of, failed, holds, timed_out};

/// Asks for the namespace until it is there and active.
pub async fn wait(context: &Context<Report>) -> Result<(), Failure> {
    let session = Session::open(context).await?;
    let name = session.namespace.clone();
    context.report.update(|report| {
        report.condition = Some("namespace");
        report.target = Some(name.clone());
    });
    let namespaces = session.everywhere::<Namespace>();
    let mut backoff = Backoff::new(Duration::from_millis(20), Duration::from_secs(1));
    let end = end_of(context);
    loop {
        let found = session.get(&namespaces, &name).await?;
        let phase = found.and_then(|found| found.status?.phase);
        let cause = match phase.as_deref() {
            Some("Active") => {
                holds(context, "it is Active");
                return Ok(());
            }
            Some("Terminating") => {
                return Err(Failure::new(
                    Exit::Failed,
                    "namespace_terminating",
                    format!("namespace {name} is being deleted"),
                    format!("wait until it is gone: kubectl wait --for=delete namespace/{name}"),
                ));
            }
            _ => CauseField {
                word: "absent",
                detail: "it does not exist".to_owned(),
            },
        };
        context
            .console
            .waiting(&format!("namespace {name}: {}", cause.detail));
        failed(context, cause);
        let pause = backoff.next_wait();
        if Instant::now() + pause >= end {
            let what = format!("namespace {name} was not there");
            return Err(timed_out(
                context,
                &what,
                "kubectl get namespaces; --namespace names another one",
            ));
        }
        tokio::time::sleep(pause).await;
    }
}
