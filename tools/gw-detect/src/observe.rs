//! Observation: Docker, the client's files, and one connection to the gateway's port.

use std::path::Path;
use std::time::Duration;

use client_files::{ClientFiles, GatewayFolder};
use contract::{Context, Failure};
use docker_session::DockerSession;
use gateway_facts::{Container, Facts, Spec, Status};
use gateway_names::GatewayName;
use gateway_probe::Outcome;

use crate::report::{
    ClientFilesField, ContainerField, FileField, HealthField, NetworkField, PortsField, ProbeField,
    RecommendedField, Report, SpecSource, VolumeField,
};
use crate::state::{Seen, State, advice_for, state_of};

/// One connection to a port of this machine takes milliseconds; a gateway that takes longer does not serve.
const PROBE_LIMIT: Duration = Duration::from_secs(3);

/// Fills in the report and returns the state.
pub async fn run(context: &Context<Report>) -> Result<State, Failure> {
    let files = ClientFiles::of_user()?;
    let gateway = files.resolve(context.common.gateway.as_deref())?;
    let folder = files.gateway(&gateway);
    context.report.update(|report| {
        report.gateway = Some(gateway.to_string());
        report.client_files = client_files_field(&folder);
    });
    let session = DockerSession::open(context).await?;
    let facts = gateway_facts::observe(&session, &gateway).await?;

    let mut conflicts = strangers(&facts, &gateway);
    let conflict = !conflicts.is_empty();
    let (spec, spec_source) = persisted(&facts, &folder, &mut conflicts)?;
    let endpoint = endpoint(&facts, spec.as_ref(), &folder, &mut conflicts);
    if facts.networks.len() > 1 {
        conflicts.push(format!(
            "{} networks have the name {}",
            facts.networks.len(),
            gateway.resource()
        ));
    }
    let running = facts
        .container
        .as_ref()
        .filter(|container| container.status == Status::Running);
    let probe = match (running, &endpoint) {
        (Some(_), Some(endpoint)) if !conflict => probe(endpoint, &folder).await?,
        _ => ProbeField::default(),
    };

    let state = state_of(&Seen {
        container: facts.container.as_ref().map(|container| container.status),
        volume: facts.volume.is_some(),
        serving: probe.outcome == Some(Outcome::Serving.word()),
        health_starting: running
            .and_then(|container| container.health.as_ref())
            .is_some_and(|health| health.status == "starting"),
        conflict,
    });
    let network = network_field(&facts, &gateway);
    let ports = ports_field(&facts, spec.as_ref(), session.is_local());
    let (action, reason) = advice_for(state, network.stale, !ports.holders.is_empty());
    context.report.update(|report| {
        report.state = Some(state);
        report.endpoint = endpoint;
        report.container = facts.container.as_ref().map(container_field);
        report.volume = VolumeField {
            exists: facts.volume.is_some(),
            name: facts.volume.as_ref().map(|volume| volume.name.clone()),
            labelled: facts.volume.as_ref().is_some_and(|volume| volume.label.is_some()),
        };
        report.network = network;
        report.ports = ports;
        report.spec = spec;
        report.spec_source = spec_source;
        report.probe = probe;
        report.conflicts = conflicts;
        report.recommended = RecommendedField {
            action,
            reason: reason.to_owned(),
        };
    });
    Ok(state)
}

/// What has the gateway's name and is not the gateway's.
fn strangers(facts: &Facts, gateway: &GatewayName) -> Vec<String> {
    let name = gateway.resource();
    let mut found = Vec::new();
    if let Some(container) = facts.container.as_ref().filter(|it| !it.belongs_to(gateway)) {
        found.push(match &container.label {
            Some(label) if label != gateway.as_str() => {
                format!("container {name} belongs to gateway {label}")
            }
            _ => format!("container {name} is no gateway: it does not hold volume {name}"),
        });
    }
    let label = facts.volume.as_ref().and_then(|volume| volume.label.as_deref());
    if let Some(label) = label.filter(|label| *label != gateway.as_str()) {
        found.push(format!("volume {name} belongs to gateway {label}"));
    }
    found
}

/// What the container was made from, as its label says or, without one, as it shows itself; with a volume alone the
/// copy beside the client's files. A gateway of which nothing is left has no specification.
fn persisted(
    facts: &Facts,
    folder: &GatewayFolder,
    conflicts: &mut Vec<String>,
) -> Result<(Option<Spec>, Option<SpecSource>), Failure> {
    if let Some(container) = &facts.container {
        let source = match &container.spec {
            Some(Ok(_)) => SpecSource::Label,
            Some(Err(error)) => {
                conflicts.push(format!(
                    "the specification on the container cannot be read: {error}"
                ));
                SpecSource::Container
            }
            None => SpecSource::Container,
        };
        return Ok((Some(container.effective_spec()), Some(source)));
    }
    if facts.volume.is_none() {
        return Ok((None, None));
    }
    let Some(text) = folder.read_private("spec.json")? else {
        return Ok((None, None));
    };
    match Spec::parse(&text) {
        Ok(spec) => Ok((Some(spec), Some(SpecSource::ClientFiles))),
        Err(error) => {
            conflicts.push(format!(
                "{} cannot be read: {error}",
                folder.spec_copy().display()
            ));
            Ok((None, None))
        }
    }
}

/// Where a client connects: what is known of the container, else what the client wrote down of the volume's gateway.
fn endpoint(
    facts: &Facts,
    spec: Option<&Spec>,
    folder: &GatewayFolder,
    conflicts: &mut Vec<String>,
) -> Option<String> {
    if let Some(spec) = spec {
        return Some(spec.endpoint());
    }
    facts.volume.as_ref()?;
    match folder.read_metadata() {
        Ok(metadata) => metadata.map(|metadata| metadata.gateway_endpoint),
        Err(failure) => {
            conflicts.push(failure.message);
            None
        }
    }
}

async fn probe(endpoint: &str, folder: &GatewayFolder) -> Result<ProbeField, Failure> {
    let (scheme, address) = endpoint.split_once("://").unwrap_or(("https", endpoint));
    let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
    let tls = if scheme == "http" {
        None
    } else {
        let Some(bundle) = folder.read_bundle()? else {
            return Ok(no_bundle("there is no client bundle"));
        };
        match gateway_probe::client_config(&bundle.ca, Some((&bundle.certificate, &bundle.key))) {
            Ok(config) => Some(config),
            Err(error) => return Ok(no_bundle(&format!("the client bundle is none: {error}"))),
        }
    };
    let name = host.trim_start_matches('[').trim_end_matches(']');
    let outcome = gateway_probe::probe(address, name, tls.as_ref(), PROBE_LIMIT).await;
    Ok(ProbeField {
        outcome: Some(outcome.word()),
        detail: Some(outcome.detail()),
    })
}

fn no_bundle(detail: &str) -> ProbeField {
    ProbeField {
        outcome: Some("no_bundle"),
        detail: Some(detail.to_owned()),
    }
}

fn container_field(container: &Container) -> ContainerField {
    ContainerField {
        id: container.id.clone(),
        name: container.name.clone(),
        image: container.image.clone(),
        image_id: container.image_id.clone(),
        started_at: container.started_at.clone(),
        finished_at: container.finished_at.clone(),
        exit_code: container.exit_code,
        oom_killed: container.oom_killed,
        restart_policy: container.restart_policy.clone(),
        node_name: container.hostname.clone(),
        labelled: container.label.is_some(),
        privileged: container.privileged,
        health: container.health.as_ref().map(|health| HealthField {
            status: health.status.clone(),
            last_line: health.last_line.clone(),
        }),
    }
}

fn network_field(facts: &Facts, gateway: &GatewayName) -> NetworkField {
    let name = gateway.resource();
    let attachment = facts.container.as_ref().and_then(|container| {
        container
            .attachments
            .iter()
            .find(|attachment| attachment.name == name)
    });
    let exists = |id: &str| facts.networks.iter().any(|network| network.id == id);
    let attached = attachment.is_some_and(|attachment| exists(&attachment.network_id));
    let network = facts
        .networks
        .iter()
        .find(|network| attachment.is_some_and(|attachment| attachment.network_id == network.id))
        .or(facts.networks.first());
    NetworkField {
        exists: network.is_some(),
        name: network.map(|_| name),
        id: network.map(|network| network.id.clone()),
        attached,
        // An attachment without an id was never started: Docker resolves it by name.
        stale: attachment
            .is_some_and(|attachment| !attachment.network_id.is_empty() && !exists(&attachment.network_id)),
    }
}

fn ports_field(facts: &Facts, spec: Option<&Spec>, local: bool) -> PortsField {
    let container = facts.container.as_ref();
    let bound = container.and_then(|container| container.bound);
    let is_up = container.is_some_and(Container::is_up);
    let wanted = spec.map(|spec| (spec.bind, spec.port));
    let mut holders = Vec::new();
    if let Some((bind, port)) = wanted.filter(|_| !is_up) {
        let neighbours = facts
            .neighbours
            .iter()
            .filter(|neighbour| neighbour.holds(bind, port));
        holders.extend(neighbours.map(|neighbour| format!("container {}", neighbour.name)));
        if holders.is_empty() && local {
            let processes = port_holder::processes_on(bind, port);
            holders.extend(
                processes
                    .iter()
                    .map(|process| format!("process {} ({})", process.pid, process.command)),
            );
        }
    }
    PortsField {
        wanted: wanted.map(|(_, port)| port),
        published: bound.map(|published| published.port),
        bind: bound
            .map(|published| published.bind)
            .or(wanted.map(|(bind, _)| bind))
            .map(|bind| bind.to_string()),
        holders,
    }
}

fn client_files_field(folder: &GatewayFolder) -> ClientFilesField {
    let file = |path: &Path| {
        let mode = folder.mode_of(path);
        FileField {
            present: mode.is_some(),
            mode: mode.map(|mode| format!("{mode:04o}")),
        }
    };
    ClientFilesField {
        folder: Some(folder.path().display().to_string()),
        metadata: file(&folder.metadata_file()),
        bundle: file(&folder.bundle().key),
        kubeconfig: file(&folder.kubeconfig()),
    }
}
