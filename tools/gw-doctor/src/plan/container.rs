//! What keeps the container from running.

use gw_detect::report::{HolderField, HolderKind, PlaceField};
use gw_detect::state::State;

use crate::cause::Cause;
use crate::finding::Finding;
use crate::observe::{Observed, known, last_line};

/// Exit codes of a container that was asked to end: 0, and by signal 2, 9 and 15.
const ASKED_TO_END: [i64; 4] = [0, 130, 137, 143];

/// What is wrong.
pub fn findings(observed: &Observed<'_>) -> Vec<Finding> {
    let mut found = ports(observed);
    let more = [
        out_of_memory(observed),
        wrong_architecture(observed),
        image_unavailable(observed),
        network_stale(observed),
        network_duplicate(observed),
        name_conflict(observed),
    ];
    found.extend(more.into_iter().flatten());
    found.extend(of_state(observed));
    found
}

fn ports(observed: &Observed<'_>) -> Vec<Finding> {
    let Some(detected) = observed.detected() else {
        return Vec::new();
    };
    let port = detected.ports.wanted.map(|port| port.to_string());
    let holders = detected.ports.holders.iter();
    holders
        .map(|holder| port_taken(observed, holder, known(port.as_deref())))
        .collect()
}

fn port_taken(observed: &Observed<'_>, holder: &HolderField, port: &str) -> Finding {
    let name = known(holder.name.as_deref());
    let (cause, who, next) = match (holder.kind, holder.pid) {
        (HolderKind::Container, _) => (
            Cause::PortTakenByContainer,
            format!("container {name}"),
            format!("docker stop {name}"),
        ),
        (HolderKind::Process, Some(pid)) => (
            Cause::PortTakenByProcess,
            format!("process {pid} ({name})"),
            format!("kill {pid}"),
        ),
        (HolderKind::Process, None) => (
            Cause::PortTakenByProcess,
            "a process of another user".to_owned(),
            "sudo ss --listening --tcp --processes".to_owned(),
        ),
    };
    Finding::new(
        cause,
        format!("port {port}"),
        format!("{who} has the gateway's port {port}"),
        format!(
            "{next} # or take another port: {} --port PORT",
            observed.verb("start")
        ),
    )
}

fn out_of_memory(observed: &Observed<'_>) -> Option<Finding> {
    let was_killed = observed.container()?.oom_killed && observed.state() != Some(State::Serving);
    was_killed.then(|| {
        Finding::new(
            Cause::OutOfMemory,
            format!("container {}", observed.resource()),
            "the kernel ended the container for lack of memory",
            format!(
                "docker stats --no-stream # free memory on Docker's host, or raise the container's limit; then: {}",
                observed.again()
            ),
        )
    })
}

fn wrong_architecture(observed: &Observed<'_>) -> Option<Finding> {
    let diagnosis = observed.diagnosis()?;
    let of_image = diagnosis.image_architecture.as_deref()?;
    let of_host = diagnosis.host_architecture.as_deref()?;
    if observed.state()? == State::Serving || of_image == of_host {
        return None;
    }
    Some(Finding::new(
        Cause::WrongArchitecture,
        format!("image {}", known(diagnosis.image.as_deref())),
        format!("the image is built for {of_image}, and Docker's host is {of_host}"),
        format!("{} --image IMAGE # one for {of_host}", observed.verb("start")),
    ))
}

fn image_unavailable(observed: &Observed<'_>) -> Option<Finding> {
    let diagnosis = observed.diagnosis()?;
    let image = diagnosis.image.as_deref()?;
    let why = diagnosis.image_unavailable.as_deref()?;
    let is_absent = diagnosis.image_present == Some(false) && observed.state() == Some(State::VolumeOnly);
    // The driver builds its own image.
    if !is_absent || image.starts_with("openshell/cluster:") {
        return None;
    }
    Some(Finding::new(
        Cause::ImageUnavailable,
        format!("image {image}"),
        format!("Docker does not have the image, and cannot pull it: {why}"),
        format!(
            "{} --image IMAGE # or get it: docker pull {image}",
            observed.verb("start")
        ),
    ))
}

fn network_stale(observed: &Observed<'_>) -> Option<Finding> {
    observed.detected()?.network.stale.then(|| {
        Finding::new(
            Cause::NetworkStale,
            format!("network {}", observed.resource()),
            "the container refers to a network of this name that is gone",
            observed.again(),
        )
    })
}

fn network_duplicate(observed: &Observed<'_>) -> Option<Finding> {
    let duplicates = &observed.detected()?.network.duplicates;
    let short = duplicates.iter().map(|id| id.get(..12).unwrap_or(id));
    (!duplicates.is_empty()).then(|| {
        Finding::new(
            Cause::NetworkDuplicate,
            format!("network {}", observed.resource()),
            format!(
                "{} networks have this name, and the gateway needs one",
                duplicates.len() + 1
            ),
            format!("docker network rm {}", short.collect::<Vec<_>>().join(" ")),
        )
    })
}

fn name_conflict(observed: &Observed<'_>) -> Option<Finding> {
    let detected = observed.detected()?;
    let other_name = observed.driver("start --gateway NAME");
    let (object, next) = match detected.place {
        Some(PlaceField::Cluster) => (
            format!("namespace {}", observed.namespace),
            format!("{other_name} # or see which cluster the kubeconfig's context leads to"),
        ),
        _ => {
            let resource = observed.resource();
            let inspect = format!(
                "docker inspect {resource} # rename or remove it, or choose another name: {other_name}"
            );
            (format!("container {resource}"), inspect)
        }
    };
    (observed.state()? == State::Conflict)
        .then(|| Finding::new(Cause::NameConflict, object, detected.conflicts.join("; "), next))
}

/// What a state that is not the wanted one says by itself.
fn of_state(observed: &Observed<'_>) -> Vec<Finding> {
    let Some(state) = observed.state() else {
        return Vec::new();
    };
    let again = observed.again();
    let of_container = |cause, message: &str, next: &str| {
        Finding::new(cause, format!("container {}", observed.resource()), message, next)
    };
    let simple = |cause, message| vec![of_container(cause, message, &again)];
    match state {
        State::Dead => simple(Cause::ContainerDead, "Docker could not remove the container"),
        State::Stopped => {
            let mut found = ended(observed, of_container);
            found.extend(simple(Cause::Stopped, "the container is stopped"));
            found
        }
        State::Paused => simple(Cause::Paused, "the container is paused"),
        State::Restarting => {
            let line = last_line(log(observed));
            let message = format!("Docker starts the container again and again; its last line: {line}");
            vec![of_container(Cause::Restarting, &message, &logs_then(observed))]
        }
        State::VolumeOnly => simple(
            Cause::ContainerMissing,
            "the volume is there, and its container is gone",
        ),
        State::Absent if is_known(observed) => vec![Finding::new(
            Cause::VolumeMissing,
            format!("volume {}", observed.resource()),
            "clients of this host know the gateway, and this Docker has neither its container nor its volume",
            format!(
                "{} --docker-host URL # its Docker, if it is another one; or {} FILE --gateway {}; or, for an empty one: {} --yes",
                observed.verb("start"),
                observed.driver("restore"),
                observed.gateway,
                observed.verb("start")
            ),
        )],
        State::Absent => vec![Finding::new(
            Cause::NoGateway,
            format!("gateway {}", observed.gateway),
            match observed.detected().and_then(|detected| detected.place) {
                Some(PlaceField::Cluster) => "its namespace has no gateway server",
                _ => "there is neither a container nor a volume of this gateway",
            },
            again,
        )],
        // Whether the API server answers is gw-wait's answer.
        State::Starting | State::Running | State::Serving | State::Conflict | State::Unreachable => {
            Vec::new()
        }
    }
}

/// Do client files know it, and its settings?
fn is_known(observed: &Observed<'_>) -> bool {
    observed
        .detected()
        .is_some_and(|detected| detected.spec.is_some() && detected.client_files.metadata.present)
}

/// Why it is stopped.
fn ended(observed: &Observed<'_>, of_container: impl Fn(Cause, &str, &str) -> Finding) -> Vec<Finding> {
    let mut found = Vec::new();
    let container = observed.container();
    if let Some(error) = container.and_then(|container| container.start_error.as_deref()) {
        let message = format!("Docker could not start the container: {error}");
        found.push(of_container(Cause::StartFailed, &message, &observed.again()));
    }
    let code = container.and_then(|container| container.exit_code);
    if let Some(code) = code.filter(|code| !ASKED_TO_END.contains(code)) {
        let line = last_line(log(observed));
        let message = format!("the container ended with exit code {code}; its last line: {line}");
        found.push(of_container(
            Cause::ContainerExited,
            &message,
            &logs_then(observed),
        ));
    }
    found
}

fn log<'a>(observed: &'a Observed<'_>) -> &'a [String] {
    observed
        .diagnosis()
        .map_or(&[], |diagnosis| diagnosis.log.as_slice())
}

fn logs_then(observed: &Observed<'_>) -> String {
    format!("{} # then: {}", observed.verb("logs"), observed.again())
}
