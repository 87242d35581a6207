//! What is concluded of one gateway in a container, from what Docker knows and the client's files.

use client_files::GatewayFolder;
use contract::Failure;
use gateway_facts::{Facts, Spec, Status};
use gateway_names::GatewayName;
use gateway_probe::Outcome;

use crate::agreement::Gateway;
use crate::client_probe::probe;
use crate::describe;
use crate::report::{ProbeField, SpecSource};
use crate::state::{Advice, InTheWay, Signs, State, advice_for, state_of};

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
    signs: Signs,
    is_known: bool,
}

impl Found {
    /// What the client's files are compared with.
    pub fn compared(&self) -> Gateway<'_> {
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
        let signs = Signs {
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
            signs,
            is_known: spec_source == Some(SpecSource::ClientFiles) && folder.metadata_file().exists(),
        })
    }

    /// A volume whose node has another name than the container gives its pods up.
    pub fn compare_node_names(&mut self, facts: &Facts, of_volume: Option<&str>) {
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
            Some(endpoint) if self.signs.container == Some(Status::Running) && !self.signs.conflict => {
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
        self.signs.serving = outcome == Some(Outcome::Serving.word());
        self.signs.disagreeing = outcome == Some("tls_failed");
        self.probe = probe;
        state_of(&self.signs)
    }

    /// Do clients of this host know the gateway, of which Docker may have nothing?
    pub fn is_known(&self) -> bool {
        self.is_known
    }

    /// What to do next, without a look at ports of the host.
    pub fn advice(&self, facts: &Facts, gateway: &GatewayName) -> Advice {
        let in_the_way = InTheWay {
            network_stale: describe::network(facts, gateway).stale,
            port_taken: false,
            is_known: self.is_known,
        };
        advice_for(state_of(&self.signs), in_the_way).0
    }
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
