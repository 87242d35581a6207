//! Every gateway on a Docker: by the names of containers and volumes, and by our label.

use std::collections::{BTreeSet, HashMap};

use bollard::models::ContainerSummary;
use bollard::query_parameters::{ListContainersOptionsBuilder, ListVolumesOptionsBuilder};
use contract::Failure;
use docker_session::{DockerSession, docker_failure};
use gateway_names::GatewayName;

/// The names of all gateways, sorted. Containers and volumes are listed side by side.
pub async fn all_gateways(session: &DockerSession) -> Result<Vec<GatewayName>, Failure> {
    let filters = HashMap::from([("name".to_owned(), vec![PREFIX.to_owned()])]);
    let containers = ListContainersOptionsBuilder::new()
        .all(true)
        .filters(&filters)
        .build();
    let volumes = ListVolumesOptionsBuilder::new().filters(&filters).build();
    let (containers, volumes) = tokio::join!(
        session.api().list_containers(Some(containers)),
        session.api().list_volumes(Some(volumes)),
    );
    let containers = containers.map_err(|error| docker_failure("list containers", &error))?;
    let volumes = volumes.map_err(|error| docker_failure("list volumes", &error))?;
    let volumes = volumes.volumes.unwrap_or_default();
    let names = containers
        .iter()
        .filter_map(name_of)
        .chain(volumes.iter().map(|volume| volume.name.as_str()));
    let found: BTreeSet<String> = names
        .filter_map(|name| name.strip_prefix(PREFIX))
        .map(str::to_owned)
        .collect();
    // What no gateway can be named is none, whoever made it.
    Ok(found.iter().filter_map(|name| name.parse().ok()).collect())
}

const PREFIX: &str = "openshell-cluster-";

fn name_of(entry: &ContainerSummary) -> Option<&str> {
    let names = entry.names.as_deref()?;
    // A name with a further slash is a link of another container.
    names
        .iter()
        .map(|name| name.trim_start_matches('/'))
        .find(|name| !name.contains('/'))
}
