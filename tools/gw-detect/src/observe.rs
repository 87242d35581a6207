//! Observation: Docker, the client's files, and one connection to the gateway's port.

use client_files::GatewayFolder;
use contract::{Context, Failure};
use docker_session::{DockerSession, absent, docker_failure};
use gateway_facts::{Container, Facts, Spec, Status};
use gateway_names::GatewayName;
use gateway_probe::Outcome;

use crate::agreement::Gateway;
use crate::client_probe::probe;
use crate::report::{DockerField, PlaceField, ProbeField, RecommendedField, Report, SpecSource};
use crate::state::{Advice, InTheWay, Seen, State, advice_for, state_of};
use crate::{agreement, describe, ports};

/// Fills in the report and returns the state.
pub async fn run(
    context: &Context<Report>,
    gateway: &GatewayName,
    folder: &GatewayFolder,
    size: bool,
) -> Result<State, Failure> {
    let session = open(context).await?;
    let (facts, machine) = tokio::join!(
        gateway_facts::observe(&session, gateway),
        machine_address(&session),
    );
    let facts = facts?;
    let mut found = Found::conclude(&facts, gateway, folder, machine.as_deref())?;
    let (probe, digest, node, size) = tokio::join!(
        found.probe(folder),
        image_digest(&session, facts.container.as_ref()),
        describe::node_of_volume(&session, &facts),
        describe::size_of_volume(&session, &facts, size),
    );
    let state = found.state(probe?);
    let network = describe::network(&facts, gateway);
    let ports = ports::describe(&facts, found.spec.as_ref(), session.is_local());
    let in_the_way = InTheWay {
        network_stale: network.stale,
        port_taken: !ports.holders.is_empty(),
    };
    let (action, reason) = advice_for(state, in_the_way);
    let (digest, node, size) = (digest?, node?, size?);
    found.compare_node_names(&facts, node.as_deref());
    context.report.update(|report| {
        report.place = Some(PlaceField::Container);
        report.state = Some(state);
        report.container = facts.container.as_ref().map(|it| describe::container(it, digest));
        report.volume = describe::volume(&facts, node, size);
        report.network = network;
        report.ports = ports;
        agreement::fill_in(&mut report.client_files, folder, found.compared());
        report.endpoint = found.endpoint;
        report.spec = found.spec;
        report.spec_source = found.spec_source;
        report.probe = found.probe;
        report.conflicts = found.conflicts;
        report.recommended = RecommendedField {
            action,
            reason: reason.to_owned(),
        };
    });
    Ok(state)
}

/// How clients reach Docker's machine, where that is another one.
pub async fn machine_address(session: &DockerSession) -> Option<String> {
    session.machine().await.map(|machine| machine.address)
}

/// Opens the connection and says which Docker it is.
pub async fn open(context: &Context<Report>) -> Result<DockerSession, Failure> {
    let session = DockerSession::open(context).await?;
    if session.is_podman() {
        context.console.warning(
            "this is podman, which speaks Docker's API: what is said of the gateway is a best effort",
        );
    }
    context.report.update(|report| {
        report.docker = DockerField {
            host: Some(session.host().to_string()),
            api_version: Some(session.api_version()),
            engine: Some(if session.is_podman() { "podman" } else { "docker" }.to_owned()),
        };
    });
    Ok(session)
}

/// What is concluded of one gateway.
pub struct Found {
    /// What the container is made from.
    pub spec: Option<Spec>,
    /// Where that was read.
    pub spec_source: Option<SpecSource>,
    /// Where clients connect.
    pub endpoint: Option<String>,
    /// Docker is on this machine.
    pub local: bool,
    /// What a client sees there.
    pub probe: ProbeField,
    /// What does not fit together.
    pub conflicts: Vec<String>,
    seen: Seen,
}

impl Found {
    /// What the client's files are compared with.
    fn compared(&self) -> Gateway<'_> {
        // The API of another machine is reached through a tunnel, whose port of this machine is any.
        let api_port = self.spec.as_ref().and_then(|spec| spec.api_port);
        Gateway {
            endpoint: self.endpoint.as_deref(),
            outcome: self.probe.outcome.as_deref(),
            api_port: api_port.filter(|_| self.local),
        }
    }

    /// From what Docker knows and the client's files, without the probe.
    pub fn conclude(
        facts: &Facts,
        gateway: &GatewayName,
        folder: &GatewayFolder,
        machine: Option<&str>,
    ) -> Result<Self, Failure> {
        let mut conflicts = strangers(facts, gateway);
        let conflict = !conflicts.is_empty();
        let persisted = persisted(facts, folder, &mut conflicts)?;
        let (spec, spec_source) = persisted.map(|it| (it.spec, it.source)).unzip();
        let endpoint = endpoint(facts, spec.as_ref(), folder, machine, &mut conflicts);
        if facts.networks.len() > 1 {
            let (count, name) = (facts.networks.len(), gateway.resource());
            conflicts.push(format!("{count} networks have the name {name}"));
        }
        if let Some(aside) = &facts.aside {
            conflicts.push(format!(
                "a replacement was interrupted: container {} is left of it",
                aside.name
            ));
        }
        let running = facts.container.as_ref().filter(|it| it.status == Status::Running);
        let seen = Seen {
            container: facts
                .container
                .as_ref()
                .or(facts.aside.as_ref())
                .map(|it| it.status),
            volume: facts.volume.is_some(),
            serving: false,
            disagreeing: false,
            health_starting: running
                .and_then(|container| container.health.as_ref())
                .is_some_and(|health| health.status == "starting"),
            conflict,
        };
        Ok(Self {
            spec,
            spec_source,
            endpoint,
            local: machine.is_none(),
            probe: ProbeField::default(),
            conflicts,
            seen,
        })
    }

    /// A volume whose node has another name than the container gives its pods up.
    fn compare_node_names(&mut self, facts: &Facts, of_volume: Option<&str>) {
        let of_container = facts
            .container
            .as_ref()
            .map(|container| container.hostname.as_str());
        if let (Some(of_container), Some(of_volume)) = (of_container, of_volume)
            && of_container != of_volume
        {
            self.conflicts.push(format!(
                "the volume knows node {of_volume}, and the container is node {of_container}"
            ));
        }
    }

    /// Connects to the port, where the container runs and is the gateway's.
    pub async fn probe(&self, folder: &GatewayFolder) -> Result<ProbeField, Failure> {
        match &self.endpoint {
            Some(endpoint) if self.seen.container == Some(Status::Running) && !self.seen.conflict => {
                // Only on this machine the gateway is also where its port is published.
                let published = self.spec.as_ref().filter(|_| self.local).map(Spec::published);
                probe(endpoint, published, folder).await
            }
            _ => Ok(ProbeField::default()),
        }
    }

    /// The state, with what the probe found.
    pub fn state(&mut self, probe: ProbeField) -> State {
        let outcome = probe.outcome.as_deref();
        self.seen.serving = outcome == Some(Outcome::Serving.word());
        self.seen.disagreeing = outcome == Some("tls_failed");
        self.probe = probe;
        state_of(&self.seen)
    }

    /// What to do next, without a look at ports of the host.
    pub fn advice(&self, facts: &Facts, gateway: &GatewayName) -> Advice {
        let in_the_way = InTheWay {
            network_stale: describe::network(facts, gateway).stale,
            port_taken: false,
        };
        advice_for(state_of(&self.seen), in_the_way).0
    }
}

/// The image's digest in its registry. An image that is gone has none.
async fn image_digest(
    session: &DockerSession,
    container: Option<&Container>,
) -> Result<Option<String>, Failure> {
    let Some(container) = container else {
        return Ok(None);
    };
    let answer = absent(
        session.api().inspect_image(&container.image_id).await,
        &container.image_id,
    );
    let image =
        answer.map_err(|error| docker_failure(&format!("inspect image {}", container.image_id), &error))?;
    let digests = image.and_then(|image| image.repo_digests).unwrap_or_default();
    Ok(digests.into_iter().next())
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

/// A specification that outlives a run.
struct Persisted {
    spec: Spec,
    source: SpecSource,
}

/// What the container was made from, as its label says or, without one, as it shows itself; without a
/// container the copy beside the client's files.
fn persisted(
    facts: &Facts,
    folder: &GatewayFolder,
    conflicts: &mut Vec<String>,
) -> Result<Option<Persisted>, Failure> {
    if let Some(container) = facts.container.as_ref().or(facts.aside.as_ref()) {
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
        return Ok(Some(Persisted {
            spec: container.effective_spec(),
            source,
        }));
    }
    let Some(text) = folder.read_private("spec.json")? else {
        return Ok(None);
    };
    match Spec::parse(&text) {
        Ok(spec) => Ok(Some(Persisted {
            spec,
            source: SpecSource::ClientFiles,
        })),
        Err(error) => {
            conflicts.push(format!(
                "{} cannot be read: {error}",
                folder.spec_copy().display()
            ));
            Ok(None)
        }
    }
}

/// Where a client connects: what is known of the container, else what the client wrote down of the volume's gateway;
/// settings that outlived the gateway are no address.
fn endpoint(
    facts: &Facts,
    spec: Option<&Spec>,
    folder: &GatewayFolder,
    machine: Option<&str>,
    conflicts: &mut Vec<String>,
) -> Option<String> {
    if facts.container.is_none() && facts.aside.is_none() {
        facts.volume.as_ref()?;
    }
    if let Some(spec) = spec {
        return Some(spec.endpoint_at(machine));
    }
    match folder.read_metadata() {
        Ok(metadata) => metadata.map(|metadata| metadata.gateway_endpoint),
        Err(failure) => {
            conflicts.push(failure.message);
            None
        }
    }
}
