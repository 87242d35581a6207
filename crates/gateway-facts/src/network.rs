//! A network of the gateway's name. Docker allows several of one name: they are told apart by id.

use std::net::Ipv4Addr;

use bollard::models::Network as DockerNetwork;
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
        }
    }

    /// The address that the gateway's container is fixed to: the second host of the subnet, behind Docker's bridge.
    /// Only on a network of ours, which has an explicit subnet: on another one Docker refuses a fixed address.
    pub fn address_to_pin(&self) -> Option<Ipv4Addr> {
        self.label.as_ref()?;
        let (first, prefix) = self.subnet?;
        (prefix <= 29).then(|| Ipv4Addr::from(u32::from(first) + 2))
    }
}

/// The IPv4 subnets of a network.
pub fn subnets(answer: &DockerNetwork) -> Vec<(Ipv4Addr, u8)> {
    let configs = answer.ipam.as_ref().and_then(|ipam| ipam.config.as_ref());
    configs
        .into_iter()
        .flatten()
        .filter_map(|config| {
            let (address, prefix) = config.subnet.as_deref()?.split_once('/')?;
            Some((address.parse().ok()?, prefix.parse().ok()?))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(label: bool, subnet: &str) -> Network {
        let mut json = serde_json::json!({"Id": "1", "IPAM": {"Config": [{"Subnet": subnet}]}});
        if label {
            json["Labels"] = serde_json::json!({GATEWAY_LABEL: "g"});
        }
        Network::of(&serde_json::from_value(json).unwrap())
    }

    #[test]
    fn an_address_is_fixed_only_on_a_network_of_ours() {
        let pinned = network(true, "10.87.3.0/24").address_to_pin();
        assert_eq!(pinned, Some(Ipv4Addr::new(10, 87, 3, 2)));
        assert_eq!(network(false, "10.87.3.0/24").address_to_pin(), None);
        assert_eq!(network(true, "10.87.3.0/30").address_to_pin(), None);
        assert_eq!(network(true, "fd00::/64").address_to_pin(), None);
    }
}
