//! A gateway on a Kubernetes cluster of somebody's own: what its namespace has, and whether a client reaches its server.

mod endpoint;
mod observe;
mod state;

use std::time::{Duration, Instant};

use client_files::{ClientFiles, GatewayFolder};
use contract::{Context, Failure};
use futures_util::future::try_join_all;
use gateway_names::GatewayName;
use gateway_place::Place;
use gateway_probe::Outcome;
use kube_session::{Cluster, Session};

use crate::client_probe::probe;
use crate::report::{ClusterField, GatewayField, PlaceField, ProbeField, RecommendedField, Report};
use crate::state::{Advice, State};
use endpoint::Endpoint;
use observe::Observed;
use state::{Server, Signs};

/// An API server that takes longer does not answer, for somebody who only looks.
const API_LIMIT: Duration = Duration::from_secs(5);

/// What there is of one gateway.
struct Look {
    state: State,
    endpoint: Option<String>,
    probe: ProbeField,
    cluster: ClusterField,
    conflicts: Vec<String>,
    advice: (Advice, &'static str),
}

/// Fills in the report and returns the state.
pub async fn run(context: &Context<Report>, place: &Place, folder: &GatewayFolder) -> Result<State, Failure> {
    let look = look(context, place, folder).await?;
    let state = look.state;
    context.report.update(|report| {
        report.place = Some(PlaceField::Cluster);
        report.state = Some(look.state);
        let metadata = folder.read_metadata();
        report.client_files.metadata.agrees = metadata.map_or(Some(false), |metadata| {
            let endpoint = look.endpoint.as_ref();
            metadata
                .zip(endpoint)
                .map(|(metadata, endpoint)| metadata.gateway_endpoint == *endpoint)
        });
        report.endpoint = look.endpoint;
        report.probe = look.probe;
        report.cluster = Some(look.cluster);
        report.conflicts = look.conflicts;
        report.recommended = RecommendedField {
            action: look.advice.0,
            reason: look.advice.1.to_owned(),
        };
    });
    Ok(state)
}

/// Every gateway that this user has on a cluster, by the files that were kept of it.
pub async fn every(context: &Context<Report>, files: &ClientFiles) -> Result<Vec<GatewayField>, Failure> {
    let mut places = Vec::new();
    for gateway in files.gateways()? {
        let folder = files.gateway(&gateway);
        if let Some(place) = Place::kept(&folder)? {
            places.push((gateway, place, folder));
        }
    }
    let looks = places
        .iter()
        .map(|(gateway, place, folder)| entry(context, gateway, place, folder));
    try_join_all(looks).await
}

async fn entry(
    context: &Context<Report>,
    gateway: &GatewayName,
    place: &Place,
    folder: &GatewayFolder,
) -> Result<GatewayField, Failure> {
    let look = look(context, place, folder).await?;
    Ok(GatewayField {
        gateway: gateway.to_string(),
        place: PlaceField::Cluster,
        state: look.state,
        ours: true,
        endpoint: look.endpoint,
        image: look
            .cluster
            .server
            .as_ref()
            .and_then(|server| server.image.clone()),
        node_name: None,
        recommended: look.advice.0,
        cluster: Some(look.cluster),
    })
}

async fn look(context: &Context<Report>, place: &Place, folder: &GatewayFolder) -> Result<Look, Failure> {
    let deadline = context.deadline.min(Instant::now() + API_LIMIT);
    let answer = async {
        let session = Session::open_on(&place.cluster, context, deadline).await?;
        observe::look(&session, place).await
    };
    let answer = answer.await;
    let mut conflicts = Vec::new();
    let found = match &answer {
        Ok(observed) => endpoint::find(place, observed),
        Err(failure) => {
            conflicts.push(failure.message.clone());
            // What clients were told at the last start.
            let metadata = folder.read_metadata()?;
            Endpoint::kept(place, metadata.map(|metadata| metadata.gateway_endpoint))
        }
    };
    let probed = match &found.endpoint {
        Some(endpoint) => probe(endpoint, None, folder).await?,
        None => ProbeField::default(),
    };
    let observed = answer.ok();
    let another = observed
        .as_ref()
        .is_some_and(|observed| observed.is_another_than(place));
    if another {
        conflicts.push(format!(
            "namespace {} of this cluster is not the one that the gateway was made in",
            place.cluster.namespace
        ));
    }
    let state = state::state_of(&Signs {
        serving: probed.outcome.as_deref() == Some(Outcome::Serving.word()),
        another,
        server: server(observed.as_ref()),
    });
    let advice = state::advice(state, found.is_forwarded());
    Ok(Look {
        state,
        probe: probed,
        cluster: describe(place, observed, &found),
        endpoint: found.endpoint,
        conflicts,
        advice,
    })
}

/// `observed` is `None` if the API server does not answer.
fn server(observed: Option<&Observed>) -> Server {
    let Some(observed) = observed else {
        return Server::Unknown;
    };
    match &observed.server {
        None => Server::Absent,
        Some(server) if server.ready > 0 => Server::Ready,
        Some(_) => Server::Unready,
    }
}

fn describe(place: &Place, observed: Option<Observed>, found: &Endpoint) -> ClusterField {
    let Cluster {
        kubeconfig,
        context,
        namespace,
    } = &place.cluster;
    ClusterField {
        kubeconfig: kubeconfig.as_ref().map(|file| file.display().to_string()),
        context: context.clone(),
        namespace: namespace.clone(),
        answers: observed.is_some(),
        namespace_exists: observed.as_ref().and_then(|observed| observed.namespace.exists()),
        server: observed.and_then(|observed| observed.server),
        service: place.service.clone(),
        endpoint_of: found.of.clone(),
        endpoint_pending: found.is_pending,
        is_forwarded: found.is_forwarded(),
    }
}
