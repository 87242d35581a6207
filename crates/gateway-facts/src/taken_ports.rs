//! Ports of the host that other containers have, or will have when they start.

use std::net::{IpAddr, Ipv4Addr};

use bollard::models::ContainerSummary;
use gateway_names::SPEC_LABEL;

use crate::{Published, Spec};

/// Another container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Neighbour {
    /// Its name.
    pub name: String,
    /// Ids of the networks that it refers to.
    pub networks: Vec<String>,
    /// What it publishes at this moment.
    pub published: Vec<Published>,
    /// What another gateway has for itself, also while it is stopped.
    pub reserved: Vec<u16>,
}

impl Neighbour {
    /// From an entry of Docker's list.
    pub fn of(entry: &ContainerSummary) -> Self {
        let names = entry.names.as_deref().unwrap_or_default();
        let ports = entry.ports.as_deref().unwrap_or_default();
        let published = ports
            .iter()
            .filter_map(|port| {
                let host = port.ip.as_deref().filter(|text| !text.is_empty());
                Some(Published {
                    bind: host.map_or(Ok(Ipv4Addr::UNSPECIFIED.into()), str::parse).ok()?,
                    port: port.public_port?,
                })
            })
            .collect();
        let spec = entry
            .labels
            .as_ref()
            .and_then(|labels| labels.get(SPEC_LABEL))
            .and_then(|text| Spec::parse(text.as_bytes()).ok());
        Self {
            name: names
                .first()
                .map(|name| name.trim_start_matches('/').to_owned())
                .unwrap_or_default(),
            networks: networks_of(entry),
            published,
            reserved: spec
                .into_iter()
                .flat_map(|spec| std::iter::once(spec.port).chain(spec.api_port))
                .collect(),
        }
    }

    /// Does it have this port of the host at this moment?
    pub fn holds(&self, bind: IpAddr, port: u16) -> bool {
        self.published
            .iter()
            .any(|published| published.port == port && covers(published.bind, bind))
    }
}

/// Ids of the networks that a container refers to, whether it runs or not.
fn networks_of(entry: &ContainerSummary) -> Vec<String> {
    let settings = entry.network_settings.as_ref();
    let networks = settings.and_then(|settings| settings.networks.as_ref());
    networks
        .into_iter()
        .flat_map(|networks| networks.values())
        .filter_map(|endpoint| endpoint.network_id.clone())
        .collect()
}

/// Can only one of two listeners on these addresses have a port?
pub fn covers(one: IpAddr, other: IpAddr) -> bool {
    one == other || one.is_unspecified() || other.is_unspecified()
}
