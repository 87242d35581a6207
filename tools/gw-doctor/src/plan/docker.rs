//! Docker itself, and other runs.

use crate::cause::Cause;
use crate::finding::Finding;
use crate::observe::Observed;
use crate::question::Question;

/// What is wrong, or on its way.
pub fn findings(observed: &Observed<'_>) -> Vec<Finding> {
    let found = [
        docker(observed),
        run_in_progress(observed),
        interrupted_run(observed),
    ];
    found.into_iter().flatten().collect()
}

fn docker(observed: &Observed<'_>) -> Option<Finding> {
    let detect = observed.answers.detect.as_ref();
    if let Some((document, error)) = detect.and_then(|document| Some((document, document.error.as_ref()?))) {
        let host = document.report.docker.host.as_deref();
        let object = host.map_or("docker".to_owned(), |host| format!("docker {host}"));
        let (message, next) = (error.message.clone(), error.hint.clone());
        return Some(match error.reason.as_str() {
            "docker_unreachable" => Finding::new(Cause::DockerDown, object, message, next),
            "docker_permission" => Finding::new(Cause::DockerPermission, object, message, next),
            _ => Finding::untold(Question::Detect, error, object, message, next),
        });
    }
    let error = observed.answers.container.as_ref()?.error.as_ref()?;
    if observed.diagnosis().is_some() {
        return None;
    }
    Some(Finding::untold(
        Question::Container,
        error,
        format!("container {}", observed.resource()),
        error.message.clone(),
        error.hint.clone(),
    ))
}

fn run_in_progress(observed: &Observed<'_>) -> Option<Finding> {
    let who = observed.diagnosis()?.locked_by.as_deref()?;
    Some(Finding::new(
        Cause::RunInProgress,
        format!("gateway {}", observed.gateway),
        format!("{who} works on the gateway at this moment: what is seen meanwhile may be on its way"),
        format!("{} # once it has ended", observed.verb("doctor")),
    ))
}

fn interrupted_run(observed: &Observed<'_>) -> Option<Finding> {
    let diagnosis = observed.diagnosis()?;
    let object = match (&diagnosis.journal, &diagnosis.set_aside) {
        (Some(journal), _) => format!("file {journal}"),
        (None, Some(container)) => format!("container {container}"),
        (None, None) => return None,
    };
    Some(Finding::new(
        Cause::InterruptedRun,
        object,
        "a replacement of the container was interrupted, and the next start carries it on",
        observed.again(),
    ))
}
