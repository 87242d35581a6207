//! All that Docker knows of one gateway.

use std::collections::BTreeMap;
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
    /// All labels.
    pub labels: BTreeMap<String, String>,
    /// Where Docker's own host keeps it; empty where Docker does not say.
    pub mountpoint: String,
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
    /// Ids of containers that a killed run made to read the volume, and left.
    pub helpers: Vec<String>,
}

impl Facts {
    /// The container that the gateway has, wherever an interrupted replacement left it.
    pub fn present(&self) -> Option<&Container> {
        self.container.as_ref().or(self.aside.as_ref())
    }
}

/// The name of a container that is being replaced: one that no gateway's own container can have.
pub fn aside_name(gateway: &GatewayName) -> String {
    format!("openshell-replaced-{gateway}")
}

/// The name of a container that is made to read or write the volume, and never started.
pub fn helper_name(gateway: &GatewayName) -> String {
    format!("openshell-helper-{gateway}")
}

/// The name of such a container that a dry run makes: it holds no lock, and must not be in the way of a run that does.
pub fn look_name(gateway: &GatewayName) -> String {
    format!("openshell-look-{gateway}")
}

/// Asks Docker, all questions side by side. Absent is only what Docker answers 404 for.
pub async fn observe(session: &DockerSession, gateway: &GatewayName) -> Result<Facts, Failure> {
    let name = gateway.resource();
    let aside_name = aside_name(gateway);
    let helper_names = [helper_name(gateway), look_name(gateway)];
    let api = session.api();
    let networks = ListNetworksOptionsBuilder::new().build();
    let all = ListContainersOptionsBuilder::new().all(true).build();
    let (container, volume, networks, containers) = tokio::join!(
        inspect(session, &name),
        api.inspect_volume(&name),
        api.list_networks(Some(networks)),
        api.list_containers(Some(all)),
    );
    let container = container?;
    let volume =
        absent(volume, &name).map_err(|error| docker_failure(&format!("inspect volume {name}"), &error))?;
    let mut networks = networks.map_err(|error| docker_failure("list networks", &error))?;
    networks.sort_by(|one, other| (&one.created, &one.id).cmp(&(&other.created, &other.id)));
    let containers = containers.map_err(|error| docker_failure("list containers", &error))?;
    let mut others: Vec<(String, Neighbour)> = containers
        .iter()
        .map(|entry| (entry.id.clone().unwrap_or_default(), Neighbour::of(entry)))
        .filter(|(_, entry)| entry.name != name)
        .collect();
    // Seldom there, and then worth a further question.
    let aside = if others.iter().any(|(_, entry)| entry.name == aside_name) {
        inspect(session, &aside_name).await?
    } else {
        None
    };
    let helpers = others
        .iter()
        .filter(|(_, entry)| helper_names.contains(&entry.name));
    let helpers = helpers.map(|(id, _)| id.clone()).collect();
    others.retain(|(_, entry)| entry.name != aside_name && !helper_names.contains(&entry.name));
    Ok(Facts {
        volume: volume.map(|volume| Volume {
            label: volume.labels.get(GATEWAY_LABEL).cloned(),
            labels: volume.labels.into_iter().collect(),
            mountpoint: volume.mountpoint,
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
        neighbours: others.into_iter().map(|(_, entry)| entry).collect(),
        helpers,
    })
}

/// One container by its name. Docker also finds containers by the beginning of their id: only one of that very name counts.
pub async fn inspect(session: &DockerSession, name: &str) -> Result<Option<Container>, Failure> {
    let options = InspectContainerOptionsBuilder::new().build();
    let answer = session.api().inspect_container(name, Some(options)).await;
    let found =
        absent(answer, name).map_err(|error| docker_failure(&format!("inspect container {name}"), &error))?;
    Ok(found
        .map(Container::of)
        .filter(|container| container.name == name))
}
