//! What the tests plan from.

use super::*;
use gateway_facts::{Attachment, Published};
use std::net::IpAddr;

pub const NAME: &str = "openshell-cluster-g";
pub const LOCAL: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

pub fn gateway() -> GatewayName {
    "g".parse().unwrap()
}

pub fn spec(port: u16) -> Spec {
    let mut spec = Spec::parse(br#"{"image":"i","node_name":"n"}"#).unwrap();
    (spec.port, spec.api_port) = (port, Some(16443));
    spec
}

pub fn wanted(port: u16, image: &str, image_named: bool) -> Wanted {
    Wanted {
        spec: Spec {
            image: image.into(),
            ..spec(port)
        },
        image_named,
    }
}

pub fn network(id: &str) -> Network {
    Network {
        id: id.into(),
        label: Some("g".into()),
        subnet: Some((Ipv4Addr::new(10, 87, 1, 0), 24)),
        range: Some((Ipv4Addr::new(10, 87, 1, 128), 25)),
    }
}

pub fn container(status: Status, network_id: &str) -> Container {
    Container {
        id: "1".into(),
        name: NAME.into(),
        image: "i".into(),
        image_id: "sha256:i".into(),
        status,
        label: Some("g".into()),
        spec: Some(Ok(spec(8080))),
        hostname: "n".into(),
        volume: Some(NAME.into()),
        gateway_port: Some(Published {
            bind: LOCAL,
            port: 8080,
        }),
        api_port: Some(Published {
            bind: LOCAL,
            port: 16443,
        }),
        attachments: vec![Attachment {
            name: NAME.into(),
            network_id: network_id.into(),
            address: None,
            pinned: None,
        }],
        ..Container::default()
    }
}

pub fn facts(container: Option<Container>, volume: bool, networks: &[&str]) -> Facts {
    Facts {
        container,
        volume: volume.then(|| Volume {
            name: NAME.into(),
            label: None,
            labels: Default::default(),
            mountpoint: String::new(),
        }),
        networks: networks.iter().map(|id| network(id)).collect(),
        ..Facts::default()
    }
}

pub fn image(id: &str) -> Image {
    Image {
        id: format!("sha256:{id}"),
        ..Image::default()
    }
}

pub fn free() -> Ports {
    Ports {
        gateway: Use::Free,
        api_kept: true,
        api_fresh: Some(16500),
    }
}

pub fn planned(
    facts: &Facts,
    wanted: &Wanted,
    image: Option<&Image>,
    ports: &Ports,
) -> Result<Plan, Failure> {
    plan(&Situation {
        gateway: &gateway(),
        facts,
        wanted,
        node_name: "n",
        image,
        image_to_come: false,
        ports,
        subnet: Some((Ipv4Addr::new(10, 87, 9, 0), 24)),
    })
}

/// The plan's steps as words, without their reasons.
pub fn words(plan: &Plan) -> Vec<String> {
    plan.steps
        .iter()
        .map(|step| {
            let text = format!("{step:?}");
            text.split('(').next().unwrap_or_default().to_owned()
        })
        .collect()
}
