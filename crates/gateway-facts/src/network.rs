//! A network of the gateway's name. Docker allows several of one name: they are told apart by id.

use std::net::Ipv4Addr;

use bollard::models::{IpamConfig, Network as DockerNetwork};
use gateway_names::GATEWAY_LABEL;

/// The network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Network {
    /// Its id.
    pub id: String,
    /// The gateway that our label names; `None` without the label.
    pub label: Option<String>,
    /// First address and prefix length of its first IPv4 subnet.
    pub subnet: Option<(Ipv4Addr, u8)>,
    /// The part of that subnet that Docker itself gives addresses of; `None` where that is all of it.
    pub range: Option<(Ipv4Addr, u8)>,
}

impl Network {
    /// From Docker's answer.
    pub fn of(answer: &DockerNetwork) -> Self {
        Self {
            id: answer.id.clone().unwrap_or_default(),
            label: answer
                .labels
                .as_ref()
                .and_then(|labels| labels.get(GATEWAY_LABEL))
                .cloned(),
            subnet: subnets(answer).first().copied(),
            range: configs(answer).find_map(|config| parsed(config.ip_range.as_deref()?)),
        }
    }

    /// The address that the gateway's container is fixed to: the second host of the subnet, behind Docker's bridge.
    /// Only on a network of ours whose subnet was chosen together with a range that leaves the address out: elsewhere Docker
    /// refuses a fixed address, or gives it to another container while the gateway is down, which then cannot start.
    pub fn address_to_pin(&self) -> Option<Ipv4Addr> {
        self.label.as_ref()?;
        let ((first, prefix), (range, length)) = (self.subnet?, self.range?);
        let address = u32::from(first) + 2;
        let mask = u32::MAX.checked_shl(32 - u32::from(length)).unwrap_or(0);
        let given_away = address & mask == u32::from(range) & mask;
        (prefix <= 29 && !given_away).then(|| Ipv4Addr::from(address))
    }
}

/// The IPv4 subnets of a network.
pub fn subnets(answer: &DockerNetwork) -> Vec<(Ipv4Addr, u8)> {
    configs(answer)
        .filter_map(|config| parsed(config.subnet.as_deref()?))
        .collect()
}

fn configs(answer: &DockerNetwork) -> impl Iterator<Item = &IpamConfig> {
    let ipam = answer.ipam.as_ref();
    ipam.and_then(|ipam| ipam.config.as_ref()).into_iter().flatten()
}

fn parsed(subnet: &str) -> Option<(Ipv4Addr, u8)> {
    let (address, prefix) = subnet.split_once('/')?;
    Some((
        address.parse().ok()?,
        prefix.parse().ok().filter(|prefix| *prefix <= 32)?,
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(label: bool, subnet: &str, range: Option<&str>) -> Network {
        let mut json =
            serde_json::json!({"Id": "1", "IPAM": {"Config": [{"Subnet": subnet, "IPRange": range}]}});
        if label {
            json["Labels"] = serde_json::json!({GATEWAY_LABEL: "g"});
        }
        Network::of(&serde_json::from_value(json).unwrap())
    }

    #[test]
    fn an_address_is_fixed_only_where_docker_gives_it_to_nobody_else() {
        let upper = Some("10.87.3.128/25");
        let pinned = network(true, "10.87.3.0/24", upper).address_to_pin();
        assert_eq!(pinned, Some(Ipv4Addr::new(10, 87, 3, 2)));
        for (label, subnet, range) in [
            (false, "10.87.3.0/24", upper),
            (true, "10.87.3.0/24", None),
            (true, "10.87.3.0/24", Some("10.87.3.0/25")),
            (true, "10.87.3.0/30", Some("10.87.3.3/32")),
            (true, "fd00::/64", None),
        ] {
            let pinned = network(label, subnet, range).address_to_pin();
            assert_eq!(pinned, None, "{label} {subnet} {range:?}");
        }
    }
}
