//! All that Docker knows of one gateway.

use std::net::Ipv4Addr;

use bollard::query_parameters::{
    InspectContainerOptionsBuilder, ListContainersOptionsBuilder, ListNetworksOptionsBuilder,
};
use contract::Failure;
use docker_session::{DockerSession, absent, docker_failure};
use gateway_names::{GATEWAY_LABEL, GatewayName};

use crate::network::subnets;
use crate::{Container, Neighbour, Network};

/// The gateway's volume.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Volume {
    /// Its name.
    pub name: String,
    /// The gateway that our label names; `None` without the label.
    pub label: Option<String>,
}

/// What Docker knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// The gateway's container.
    pub container: Option<Container>,
    /// The container that a replacement set aside, where the replacement did not end.
    pub aside: Option<Container>,
    /// The gateway's volume.
    pub volume: Option<Volume>,
    /// All networks of the gateway's name, the oldest first.
    pub networks: Vec<Network>,
    /// IPv4 subnets of all networks.
    pub subnets: Vec<(Ipv4Addr, u8)>,
    /// All other containers.
    pub neighbours: Vec<Neighbour>,
}

/// The name of a container that is being replaced: one that no gateway's own container can have.
pub fn aside_name(gateway: &GatewayName) -> String {
    format!("openshell-replaced-{gateway}")
}

/// Asks Docker, all questions side by side. Absent is only what Docker answers 404 for.
pub async fn observe(session: &DockerSession, gateway: &GatewayName) -> Result<Facts, Failure> {
    let name = gateway.resource();
    let aside = aside_name(gateway);
    let api = session.api();
    let networks = ListNetworksOptionsBuilder::new().build();
    let all = ListContainersOptionsBuilder::new().all(true).build();
    let (container, aside, volume, networks, containers) = tokio::join!(
        inspect(session, &name),
        inspect(session, &aside),
        api.inspect_volume(&name),
        api.list_networks(Some(networks)),
        api.list_containers(Some(all)),
    );
    let volume = absent(volume).map_err(|error| docker_failure(&format!("inspect volume {name}"), &error))?;
    let mut networks = networks.map_err(|error| docker_failure("list networks", &error))?;
    networks.sort_by(|one, other| (&one.created, &one.id).cmp(&(&other.created, &other.id)));
    let (container, aside) = (container?, aside?);
    let own: Vec<&str> = [&container, &aside]
        .into_iter()
        .flatten()
        .map(|container| container.id.as_str())
        .collect();
    let neighbours = containers
        .map_err(|error| docker_failure("list containers", &error))?
        .iter()
        .filter(|entry| !own.contains(&entry.id.as_deref().unwrap_or_default()))
        .map(Neighbour::of)
        .collect();
    Ok(Facts {
        volume: volume.map(|volume| Volume {
            label: volume.labels.get(GATEWAY_LABEL).cloned(),
            name: volume.name,
        }),
        subnets: networks.iter().flat_map(subnets).collect(),
        networks: networks
            .iter()
            .filter(|network| network.name.as_deref() == Some(&name))
            .map(Network::of)
            .collect(),
        container,
        aside,
        neighbours,
    })
}

/// One container by its name. Docker also finds containers by the beginning of their id: only one of that very name counts.
pub async fn inspect(session: &DockerSession, name: &str) -> Result<Option<Container>, Failure> {
    let options = InspectContainerOptionsBuilder::new().build();
    let answer = session.api().inspect_container(name, Some(options)).await;
    let found =
        absent(answer).map_err(|error| docker_failure(&format!("inspect container {name}"), &error))?;
    Ok(found
        .map(Container::of)
        .filter(|container| container.name == name))
}
