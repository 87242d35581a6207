//! A gateway in a container: what Docker knows of it, and whether a client reaches its server.

use client_files::GatewayFolder;
use contract::{Context, Failure};
use gateway_names::GatewayName;

use crate::conclude::Found;
use crate::observe::{image_digest, machine_address, node_of_volume, open, size_of_volume};
use crate::report::{PlaceField, RecommendedField, Report};
use crate::state::{InTheWay, State, advice_for};
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
        node_of_volume(&session, &facts),
        size_of_volume(&session, &facts, size),
    );
    let state = found.state(probe?);
    let network = describe::network(&facts, gateway);
    let ports = ports::describe(&facts, found.spec.as_ref(), session.is_local());
    let in_the_way = InTheWay {
        network_stale: network.stale,
        port_taken: !ports.holders.is_empty(),
        is_known: found.is_known(),
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
