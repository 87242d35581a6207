//! Every gateway on this Docker and on clusters, each looked at as by itself, all side by side.

use client_files::ClientFiles;
use contract::{Context, Failure};
use docker_session::DockerSession;
use futures_util::future::try_join_all;
use gateway_facts::{Container, all_gateways};
use gateway_names::GatewayName;

use crate::cluster;
use crate::conclude::Found;
use crate::observe::{machine_address, open};
use crate::report::{GatewayField, PlaceField, Report};

/// Fills in the list. Who has no Docker may have gateways on clusters.
pub async fn run(context: &Context<Report>) -> Result<(), Failure> {
    let files = ClientFiles::of_user()?;
    let (in_containers, on_clusters) =
        tokio::join!(in_containers(context, &files), cluster::every(context, &files));
    let on_clusters = on_clusters?;
    let mut gateways = match in_containers {
        Ok(gateways) => gateways,
        Err(failure) if !on_clusters.is_empty() => {
            context.console.warning(&format!(
                "gateways in containers are not listed: {}",
                failure.message
            ));
            Vec::new()
        }
        Err(failure) => return Err(failure),
    };
    gateways.extend(on_clusters);
    context.report.update(|report| report.gateways = gateways);
    Ok(())
}

async fn in_containers(context: &Context<Report>, files: &ClientFiles) -> Result<Vec<GatewayField>, Failure> {
    let session = open(context).await?;
    let (names, machine) = tokio::join!(all_gateways(&session), machine_address(&session));
    let (names, machine) = (names?, machine.as_deref());
    try_join_all(names.iter().map(|name| look(&session, files, name, machine))).await
}

async fn look(
    session: &DockerSession,
    files: &ClientFiles,
    gateway: &GatewayName,
    machine: Option<&str>,
) -> Result<GatewayField, Failure> {
    let folder = files.gateway(gateway);
    let facts = gateway_facts::observe(session, gateway).await?;
    let mut found = Found::conclude(&facts, gateway, &folder, machine)?;
    let probe = found.probe(&folder).await?;
    let state = found.state(probe);
    let label = match (&facts.container, &facts.volume) {
        (Some(Container { label, .. }), _) => label.as_ref(),
        (None, volume) => volume.as_ref().and_then(|volume| volume.label.as_ref()),
    };
    Ok(GatewayField {
        gateway: gateway.to_string(),
        place: PlaceField::Container,
        state,
        ours: label.is_some(),
        recommended: found.advice(&facts, gateway),
        endpoint: found.endpoint,
        image: found.spec.as_ref().map(|spec| spec.image.clone()),
        node_name: found.spec.map(|spec| spec.node_name),
        cluster: None,
    })
}
