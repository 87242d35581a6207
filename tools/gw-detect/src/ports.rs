//! The gateway's port on the host, and who has it.

use gateway_facts::{Container, Facts, Spec};

use crate::report::{HolderField, HolderKind, PortsField};

/// What the container publishes, what is wanted, and who has the wanted port while the container does not.
/// Only a port of this machine can be looked at.
pub fn describe(facts: &Facts, spec: Option<&Spec>, local: bool) -> PortsField {
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
        holders.extend(neighbours.map(|neighbour| HolderField {
            kind: HolderKind::Container,
            name: Some(neighbour.name.clone()),
            pid: None,
        }));
        if holders.is_empty() && local && port_holder::try_port(bind, port) == port_holder::Port::Taken {
            let processes = port_holder::processes_on(bind, port);
            holders.extend(processes.into_iter().map(|process| HolderField {
                kind: HolderKind::Process,
                name: Some(process.command),
                pid: Some(process.pid),
            }));
            if holders.is_empty() {
                // /proc does not show it to this user.
                holders.push(HolderField {
                    kind: HolderKind::Process,
                    name: None,
                    pid: None,
                });
            }
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
