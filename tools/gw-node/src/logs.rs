//! The verb `logs`: the log of the gateway's server or of a sandbox, as the container wrote it.

mod pods;

use std::io::ErrorKind;

use contract::{Answer, Context, Failure};
use futures_util::{AsyncRead, AsyncReadExt};
use gateway_names::SANDBOX_CONTAINER;
use gw_node::report::Report;
use k8s_openapi::api::apps::v1::{Deployment, StatefulSet};
use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;
use kube::api::{ListParams, LogParams};
use kube::core::Selector;
use kube_session::{API_UNREACHABLE, Trouble, WorkloadKind, classify};
use tokio::io::AsyncWriteExt;

use crate::flags::{Log, LogsFlags};
use crate::reach::Reach;
use crate::reasons::{LOG_NOT_WRITTEN, NO_POD};
use crate::since::Since;

/// What is read of a log at once.
const PART: usize = 64 * 1024;

/// A container whose log is wanted.
struct Source {
    pod: String,
    container: String,
}

/// Copies the log to standard output. One that is followed ends with its container.
pub async fn run(flags: &LogsFlags, context: Context<Report>) -> Result<Answer, Failure> {
    let sandbox = sandbox_of(flags)?;
    context.data_goes_to_stdout();
    let reach = Reach::begin(&context).await?;
    let source = match sandbox {
        Some(name) => of_sandbox(&reach, name).await?,
        None => of_server(&reach, &context).await?,
    };
    context
        .report
        .update(|report| report.pod = Some(source.pod.clone()));
    if flags.follow {
        context.lasts_from_now_on();
    }
    let (since_seconds, since_time) = flags.since.map_or((None, None), Since::parameters);
    let wanted = LogParams {
        container: Some(source.container.clone()),
        follow: flags.follow,
        since_seconds,
        since_time,
        ..LogParams::default()
    };
    let pods = reach.session.namespaced::<Pod>();
    // The answer to one that is followed begins with its first line, however late that comes: no limit here.
    let opened = pods.log_stream(&source.pod, &wanted).await;
    let log = opened.map_err(|error| match classify(&error, &source.pod) {
        Trouble::Absent => no_pod(&reach, &source.pod),
        _ => {
            let what = format!("return the log of pod {}", source.pod);
            reach.session.failed(&what, &source.pod, &error)
        }
    })?;
    copy(std::pin::pin!(log), &source).await.map(|()| Answer::Done)
}

/// The sandbox that is meant; `None`: the server.
fn sandbox_of(flags: &LogsFlags) -> Result<Option<&str>, Failure> {
    let wrong = |message: &str| {
        let how = contract::typed("gw-node logs sandbox NAME");
        Err(Failure::usage(message, format!("{how}, or logs gateway")))
    };
    match (flags.log, &flags.name) {
        (Log::Gateway, None) => Ok(None),
        (Log::Sandbox, Some(name)) => Ok(Some(name)),
        (Log::Sandbox, None) => wrong("which sandbox?"),
        (Log::Gateway, Some(_)) => wrong("a gateway's log takes no name"),
    }
}

async fn of_sandbox(reach: &Reach, name: &str) -> Result<Source, Failure> {
    let pods = reach.session.namespaced::<Pod>();
    if reach.session.get(&pods, name).await?.is_none() {
        return Err(no_pod(reach, name));
    }
    Ok(Source {
        pod: name.to_owned(),
        container: SANDBOX_CONTAINER.to_owned(),
    })
}

/// A pod of the server's workload.
async fn of_server(reach: &Reach, context: &Context<Report>) -> Result<Source, Failure> {
    let workload = &reach.place.workload;
    let none = || {
        let message = format!("{workload} has no pod in namespace {}", reach.session.namespace);
        NO_POD.failure(
            message,
            format!("{} get statefulsets,deployments,pods", reach.kubectl()),
        )
    };
    let selector = selector(reach).await?.ok_or_else(none)?;
    let selection = ListParams::default().labels(&selector);
    let found = reach
        .session
        .list(&reach.session.namespaced::<Pod>(), &selection)
        .await?;
    let pod = pods::most_telling(&found).ok_or_else(none)?;
    let source = Source {
        pod: pod.metadata.name.clone().unwrap_or_default(),
        container: pods::main_container(pod),
    };
    if found.len() > 1 {
        context.console.progress(&format!(
            "{workload} has {} pods: this is the log of {}",
            found.len(),
            source.pod
        ));
    }
    Ok(source)
}

/// The selector of the workload's pods; `None` if there is no workload.
async fn selector(reach: &Reach) -> Result<Option<String>, Failure> {
    let (session, name) = (&reach.session, reach.place.workload.name.as_str());
    for kind in reach.place.workload.kinds() {
        let found: Option<LabelSelector> = match kind {
            WorkloadKind::StatefulSet => {
                let found = session.get(&session.namespaced::<StatefulSet>(), name).await?;
                found.and_then(|set| Some(set.spec?.selector))
            }
            WorkloadKind::Deployment => {
                let found = session.get(&session.namespaced::<Deployment>(), name).await?;
                found.and_then(|deployment| Some(deployment.spec?.selector))
            }
        };
        // The API server takes no workload whose selector it cannot read.
        if let Some(selector) = found.and_then(|found| Selector::try_from(found).ok()) {
            return Ok(Some(selector.to_string()));
        }
    }
    Ok(None)
}

fn no_pod(reach: &Reach, name: &str) -> Failure {
    NO_POD.failure(
        format!("there is no pod {name} in namespace {}", reach.session.namespace),
        format!("{} get pods", reach.kubectl()),
    )
}

/// A reader that went away is no failure.
async fn copy(mut log: impl AsyncRead + Unpin, source: &Source) -> Result<(), Failure> {
    let mut part = vec![0; PART];
    let mut stdout = tokio::io::stdout();
    loop {
        let count = log.read(&mut part).await.map_err(|error| {
            API_UNREACHABLE.failure(
                format!("the log of pod {} was cut off: {error}", source.pod),
                "run it again; --since leaves out what was read already",
            )
        })?;
        if count == 0 {
            return Ok(());
        }
        let written = async {
            stdout.write_all(&part[..count]).await?;
            stdout.flush().await
        };
        match written.await {
            Ok(()) => {}
            Err(error) if error.kind() == ErrorKind::BrokenPipe => return Ok(()),
            Err(error) => {
                return Err(LOG_NOT_WRITTEN.failure(
                    format!("cannot write the log to standard output: {error}"),
                    "make room for it, and run it again",
                ));
            }
        }
    }
}
