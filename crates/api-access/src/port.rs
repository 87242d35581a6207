//! The port of this machine that a gateway's API is published on.

use std::net::{IpAddr, Ipv4Addr};

use port_holder::{Port, try_port};

/// Below the ports that the kernel gives to outgoing connections: a chosen port stays free while the gateway is stopped.
const API_PORTS: std::ops::Range<u16> = 16443..17443;
/// The API is published for this machine alone.
pub const API_BIND: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// The ports for the API in the order in which this gateway tries them: each begins elsewhere, so that gateways which are
/// started at the same moment seldom want the same one.
pub fn api_ports(gateway: &str) -> impl Iterator<Item = u16> {
    let start = gateway.bytes().fold(0u16, |hash, byte| {
        hash.wrapping_mul(31).wrapping_add(u16::from(byte))
    });
    let count = API_PORTS.end - API_PORTS.start;
    (0..count).map(move |step| API_PORTS.start + (start % count + step) % count)
}

/// Can this port of the machine be bound for the API at this moment?
pub fn is_free_here(port: u16) -> bool {
    matches!(try_port(API_BIND, port), Port::Free | Port::Unknown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_port_is_tried_once() {
        let mut all: Vec<u16> = api_ports("openshell").collect();
        all.sort_unstable();
        assert!(all.iter().copied().eq(API_PORTS));
    }
}
