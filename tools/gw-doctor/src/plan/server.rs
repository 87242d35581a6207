//! The gateway server: is it rolled out, and does it answer?

use crate::cause::Cause;
use crate::finding::Finding;
use crate::observe::{Observed, known, last_line};
use crate::plan::wait::{failed, last_cause};
use crate::question::Place;

/// What is wrong.
pub fn findings(observed: &Observed<'_>) -> Vec<Finding> {
    let found = [rollout(observed), grpc(observed)];
    found.into_iter().flatten().collect()
}

fn rollout(observed: &Observed<'_>) -> Option<Finding> {
    let (waited, error) = failed(observed.answers.rollout.as_ref())?;
    let pod = waited.report.last_pod.as_ref();
    let workload = observed.workload.rsplit('/').next().unwrap_or_default();
    let object = pod.map_or_else(
        || format!("workload {workload}"),
        |pod| format!("pod {}", pod.name),
    );
    let describe = format!(
        "{} --namespace {} describe pods",
        observed.spelling.kubectl, observed.namespace
    );
    Some(match error.reason.as_str() {
        "image_pull_back_off" => {
            let image = pod.and_then(|pod| pod.image.as_deref());
            let next = match (observed.place, image) {
                (Place::Container, Some(image)) => {
                    observed.tool(&format!("gw-node load {image} --gateway {}", observed.gateway))
                }
                _ => describe,
            };
            Finding::new(Cause::ImagePullBackOff, object, error.message.clone(), next)
        }
        "crash_loop_back_off" | "container_exited" => {
            let log = observed
                .diagnosis()
                .map(|diagnosis| last_line(&diagnosis.server_log));
            let message = match log {
                Some(line) if !line.is_empty() => format!("{}; its last line: {line}", error.message),
                _ => error.message.clone(),
            };
            Finding::new(
                Cause::ServerCrashes,
                object,
                message,
                observed.verb("logs gateway"),
            )
        }
        _ => Finding::new(Cause::ServerNotReady, object, last_cause(waited, error), describe),
    })
}

fn grpc(observed: &Observed<'_>) -> Option<Finding> {
    let (waited, error) = failed(observed.answers.grpc.as_ref())?;
    Some(Finding::new(
        Cause::NotServing,
        format!("endpoint {}", known(observed.endpoint)),
        format!("it does not answer gRPC: {}", last_cause(waited, error)),
        format!("{} # then: {}", observed.verb("logs gateway"), observed.again()),
    ))
}
