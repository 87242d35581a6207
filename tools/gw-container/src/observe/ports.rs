//! Which ports of the host can be published.

use std::net::IpAddr;

use api_access::{API_BIND, api_ports};
use gateway_facts::{Facts, Spec};
use port_holder::{Port, processes_on, try_port};

use crate::plan::ports::{Ports, Use};

/// Tries the ports that `wanted` names. A port that the gateway's own container has at this moment counts as free.
/// Only the ports of this machine can be tried: on another one Docker says what is taken.
pub fn look(gateway: &str, facts: &Facts, wanted: &Spec, local: bool) -> Ports {
    let own = facts.container.iter().filter(|container| container.is_up());
    let held_by_us = |bind: IpAddr, port: u16| {
        own.clone()
            .flat_map(|container| container.bound.into_iter().chain(container.api_port))
            .any(|published| published.port == port && gateway_facts::covers(published.bind, bind))
    };
    let holder = |bind: IpAddr, port: u16| {
        if held_by_us(bind, port) {
            return Use::Free;
        }
        if let Some(neighbour) = facts.neighbours.iter().find(|other| other.holds(bind, port)) {
            return Use::Taken(format!("container {}", neighbour.name));
        }
        if local { try_here(bind, port) } else { Use::Free }
    };
    let reserved = |port: u16| {
        let by_others = facts
            .neighbours
            .iter()
            .any(|other| other.reserved.contains(&port));
        by_others || port == wanted.port
    };
    Ports {
        gateway: holder(wanted.bind, wanted.port),
        api_kept: wanted
            .api_port
            .is_some_and(|port| !reserved(port) && holder(API_BIND, port) == Use::Free),
        api_fresh: api_ports(gateway).find(|port| !reserved(*port) && holder(API_BIND, *port) == Use::Free),
    }
}

fn try_here(bind: IpAddr, port: u16) -> Use {
    match try_port(bind, port) {
        Port::Free | Port::Unknown => Use::Free,
        Port::NoSuchAddress => Use::NoSuchAddress,
        Port::Taken => {
            let named: Vec<String> = processes_on(bind, port)
                .iter()
                .map(|process| format!("process {} ({})", process.pid, process.command))
                .collect();
            Use::Taken(if named.is_empty() {
                "a process of another user".to_owned()
            } else {
                named.join(", ")
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use gateway_facts::{Container, Neighbour, Published, Status};
    use std::net::TcpListener;

    fn spec(port: u16, api_port: Option<u16>) -> Spec {
        let mut spec = Spec::parse(br#"{"image":"i","node_name":"n"}"#).unwrap();
        (spec.port, spec.api_port) = (port, api_port);
        spec
    }

    #[test]
    fn a_process_a_container_and_the_gateway_itself_are_told_apart() {
        let held = TcpListener::bind((API_BIND, 0)).unwrap();
        let port = held.local_addr().unwrap().port();
        let mut facts = Facts::default();
        let own_pid = std::process::id().to_string();
        match look("g", &facts, &spec(port, None), true).gateway {
            Use::Taken(by) => assert!(by.starts_with("process") && by.contains(&own_pid), "{by}"),
            other => panic!("{other:?}"),
        }
        assert_eq!(look("g", &facts, &spec(port, None), false).gateway, Use::Free);

        let published = Published { bind: API_BIND, port };
        facts.neighbours = vec![Neighbour {
            name: "web".into(),
            networks: Vec::new(),
            published: vec![published],
            reserved: Vec::new(),
        }];
        assert_eq!(
            look("g", &facts, &spec(port, None), true).gateway,
            Use::Taken("container web".into())
        );
        facts.neighbours.clear();
        facts.container = Some(Container {
            status: Status::Running,
            bound: Some(published),
            ..Container::default()
        });
        assert_eq!(look("g", &facts, &spec(port, None), true).gateway, Use::Free);
        facts.container.as_mut().unwrap().status = Status::Exited;
        assert!(matches!(
            look("g", &facts, &spec(port, None), true).gateway,
            Use::Taken(_)
        ));
    }

    #[test]
    fn the_api_port_is_none_that_another_gateway_will_need() {
        let mut order = api_ports("g");
        let (first_port, second_port, third_port, fourth_port) = (
            order.next().unwrap(),
            order.next().unwrap(),
            order.next().unwrap(),
            order.next().unwrap(),
        );
        let first = look("g", &Facts::default(), &spec(8080, None), false);
        assert_eq!((first.api_kept, first.api_fresh), (false, Some(first_port)));
        let facts = Facts {
            neighbours: vec![Neighbour {
                name: "openshell-cluster-stopped".into(),
                networks: Vec::new(),
                published: Vec::new(),
                reserved: vec![first_port, second_port],
            }],
            ..Facts::default()
        };
        assert_eq!(
            look("g", &facts, &spec(third_port, None), false).api_fresh,
            Some(fourth_port)
        );
        assert!(!look("g", &facts, &spec(8080, Some(first_port)), false).api_kept);
        assert!(look("g", &facts, &spec(8080, Some(fourth_port)), false).api_kept);
    }
}
