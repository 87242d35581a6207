//! The steps of a plan that are about the gateway's network.

use std::net::Ipv4Addr;

use bollard::errors::Error;
use bollard::models::{
    EndpointIpamConfig, EndpointSettings, Ipam, IpamConfig, NetworkConnectRequest, NetworkCreateRequest,
    NetworkDisconnectRequest,
};
use contract::Failure;
use docker_session::{absent, docker_failure, is_status};
use gateway_facts::Network;
use gateway_work::Work;

use crate::act::refusals::is_about_address;
use crate::plan::steps::NetworkInUse;
use crate::plan::subnet::{Subnet, free_subnet};

/// An address of a /24.
fn host(network: Ipv4Addr, number: u8) -> Ipv4Addr {
    Ipv4Addr::from(u32::from(network) + u32::from(number))
}

/// Makes the network. Somebody else may take the subnet in between: Docker then refuses it, and the next one is tried.
pub async fn create(work: &Work, used: &[Subnet], first: Subnet) -> Result<NetworkInUse, Failure> {
    let name = work.gateway.resource();
    let mut used = used.to_vec();
    let mut subnet = first;
    loop {
        let (address, length) = subnet;
        // Docker gives other containers addresses of the upper half alone: one that starts while the gateway is down, as
        // after a restart of Docker itself, never has the gateway's. podman would fix no address outside of that half.
        let range = (!work.session.is_podman()).then(|| (host(address, 128), length + 1));
        let request = NetworkCreateRequest {
            name: name.clone(),
            driver: Some("bridge".to_owned()),
            ipam: Some(Ipam {
                config: Some(vec![IpamConfig {
                    subnet: Some(format!("{address}/{length}")),
                    ip_range: range.map(|(address, length)| format!("{address}/{length}")),
                    gateway: Some(host(address, 1).to_string()),
                    ..IpamConfig::default()
                }]),
                ..Ipam::default()
            }),
            labels: Some(work.label()),
            ..NetworkCreateRequest::default()
        };
        let made = work.session.api().create_network(request).await;
        used.push(subnet);
        let next = free_subnet(work.gateway.as_str(), &used);
        match (made, next) {
            (Ok(made), _) => {
                let network = Network {
                    id: made.id.clone(),
                    label: Some(work.gateway.to_string()),
                    subnet: Some(subnet),
                    range,
                };
                return Ok(NetworkInUse {
                    pinned: network.address_to_pin(),
                    id: made.id.clone(),
                    reference: made.id,
                });
            }
            (Err(error), Some(next)) if error.to_string().contains("overlaps") => subnet = next,
            (Err(error), _) => return Err(docker_failure(&format!("create network {name}"), &error)),
        }
    }
}

/// Removes one. One that a container was attached to in between stays: Docker refuses to remove it with 403.
pub async fn remove(work: &Work, id: &str) -> Result<(), Failure> {
    match absent(work.session.api().remove_network(id).await, id) {
        Ok(_) => Ok(()),
        Err(error) if is_status(&error, 403) => {
            work.warn(format!("network {id} stays: a container is on it"));
            Ok(())
        }
        Err(error) => Err(docker_failure(&format!("remove network {id}"), &error)),
    }
}

/// Leaves the network that the container refers to by name, which may be gone, and joins the one that exists.
pub async fn reattach(
    work: &Work,
    container: &str,
    network: &NetworkInUse,
    attached: bool,
) -> Result<(), Failure> {
    if attached {
        detach(work, container, network).await?;
    }
    match attach(work, container, network, network.pinned).await {
        Err(error) if network.pinned.is_some() && is_about_address(&error) => {
            warn_of_address(work, &error);
            attach(work, container, network, None).await
        }
        ended => ended,
    }
    .map_err(|error| attach_failure(container, &error))
}

/// Lets the network choose the container's address, after Docker refused the one that it is fixed to.
pub async fn take_another_address(
    work: &Work,
    container: &str,
    network: &NetworkInUse,
    refused: &Error,
) -> Result<(), Failure> {
    warn_of_address(work, refused);
    detach(work, container, network).await?;
    let attached = attach(work, container, network, None).await;
    attached.map_err(|error| attach_failure(container, &error))
}

fn warn_of_address(work: &Work, refused: &Error) {
    work.warn(format!(
        "the gateway does not get the address that it is fixed to, and takes another one ({refused})"
    ));
}

fn attach_failure(container: &str, error: &Error) -> Failure {
    docker_failure(&format!("attach container {container} to its network"), error)
}

async fn detach(work: &Work, container: &str, network: &NetworkInUse) -> Result<(), Failure> {
    let request = NetworkDisconnectRequest {
        container: container.to_owned(),
        force: Some(true),
    };
    let api = work.session.api();
    let detached = api.disconnect_network(&network.reference, request).await;
    absent(detached, container)
        .map(drop)
        .map_err(|error| docker_failure(&format!("detach container {container}"), &error))
}

async fn attach(
    work: &Work,
    container: &str,
    network: &NetworkInUse,
    pinned: Option<Ipv4Addr>,
) -> Result<(), Error> {
    let request = NetworkConnectRequest {
        container: container.to_owned(),
        endpoint_config: Some(EndpointSettings {
            ipam_config: pinned.map(|address| EndpointIpamConfig {
                ipv4_address: Some(address.to_string()),
                ..EndpointIpamConfig::default()
            }),
            ..EndpointSettings::default()
        }),
    };
    let api = work.session.api();
    api.connect_network(&network.reference, request).await
}
