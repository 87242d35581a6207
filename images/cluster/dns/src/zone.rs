//! The records that the cluster's objects ask for. Pure.
//!
//! Source: Kubernetes DNS-Based Service Discovery, version 1.1.0. Endpoints without a hostname are named for their address,
//! as CoreDNS names them.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use hickory_server::proto::ProtoError;
use hickory_server::proto::rr::rdata::{A, AAAA, CNAME, PTR, SOA, SRV, TXT};
use hickory_server::proto::rr::{Name, RData};
use k8s_openapi::api::core::v1::{EndpointAddress, EndpointSubset, Endpoints, Service};

/// How long a client may keep an answer, in seconds. Pods come and go.
pub const TTL: u32 = 5;
/// The specification's version that the names follow.
const SCHEMA_VERSION: &str = "1.1.0";

/// Every name of the cluster with its records. A name that has none exists all the same, because names below it do.
#[derive(Debug)]
pub struct Zone {
    names: HashMap<Name, Vec<RData>>,
    domain: Name,
}

impl Zone {
    /// The names of these objects. What Kubernetes would not accept as a name is left out.
    pub fn of(domain: &Name, services: &[Arc<Service>], endpoints: &[Arc<Endpoints>]) -> Self {
        let mut zone = Self {
            names: HashMap::new(),
            domain: domain.clone(),
        };
        zone.insert(domain, soa(domain));
        if let Ok(name) = domain.prepend_label("dns-version") {
            zone.insert(&name, RData::TXT(TXT::new(vec![SCHEMA_VERSION.to_owned()])));
        }
        let endpoints: HashMap<_, _> = endpoints
            .iter()
            .map(|found| ((&found.metadata.namespace, &found.metadata.name), found))
            .collect();
        for service in services {
            let key = (&service.metadata.namespace, &service.metadata.name);
            let subsets = endpoints
                .get(&key)
                .and_then(|found| found.subsets.as_deref())
                .unwrap_or_default();
            let _ = zone.insert_service(service, subsets);
        }
        zone
    }

    /// The records of a name; `None` where it does not exist.
    pub fn records(&self, name: &Name) -> Option<&[RData]> {
        self.names.get(name).map(Vec::as_slice)
    }

    fn insert(&mut self, name: &Name, data: RData) {
        let records = self.names.entry(name.clone()).or_default();
        if !records.contains(&data) {
            records.push(data);
        }
        let mut above = name.clone();
        while above != self.domain && self.domain.zone_of(&above) {
            above = above.base_name();
            self.names.entry(above.clone()).or_default();
        }
    }

    fn insert_service(&mut self, service: &Service, subsets: &[EndpointSubset]) -> Result<(), ProtoError> {
        let (Some(service_name), Some(namespace), Some(spec)) =
            (&service.metadata.name, &service.metadata.namespace, &service.spec)
        else {
            return Ok(());
        };
        let above = self
            .domain
            .prepend_label("svc")?
            .prepend_label(namespace.as_str())?;
        self.names.entry(above.clone()).or_default();
        let name = above.prepend_label(service_name.as_str())?;
        if spec.type_.as_deref() == Some("ExternalName") {
            let mut target = Name::from_ascii(spec.external_name.as_deref().unwrap_or_default())?;
            target.set_fqdn(true);
            self.insert(&name, RData::CNAME(CNAME(target)));
            return Ok(());
        }
        let one_address: Vec<String> = spec.cluster_ip.iter().cloned().collect();
        let cluster_addresses: Vec<IpAddr> = spec
            .cluster_ips
            .as_ref()
            .unwrap_or(&one_address)
            .iter()
            .filter_map(|address| address.parse().ok())
            .collect();
        for address in &cluster_addresses {
            self.insert(&name, address_data(*address));
            self.insert(&Name::from(*address), RData::PTR(PTR(name.clone())));
        }
        let is_headless = spec.cluster_ip.as_deref() == Some("None");
        if !cluster_addresses.is_empty() {
            for port in spec.ports.iter().flatten() {
                self.insert_port(
                    port.name.as_deref(),
                    port.protocol.as_deref(),
                    port.port,
                    &name,
                    &name,
                )?;
            }
        }
        let unready_too = spec.publish_not_ready_addresses == Some(true);
        for subset in subsets {
            let unready = subset
                .not_ready_addresses
                .iter()
                .flatten()
                .filter(|_| unready_too);
            for endpoint in subset.addresses.iter().flatten().chain(unready) {
                self.insert_endpoint(&name, endpoint, subset, is_headless)?;
            }
        }
        Ok(())
    }

    fn insert_endpoint(
        &mut self,
        service: &Name,
        endpoint: &EndpointAddress,
        subset: &EndpointSubset,
        is_headless: bool,
    ) -> Result<(), ProtoError> {
        let Ok(address) = endpoint.ip.parse::<IpAddr>() else {
            return Ok(());
        };
        let hostname = endpoint.hostname.as_ref().filter(|hostname| !hostname.is_empty());
        // A StatefulSet may name a Service that has an address: its pods have their names all the same, as with CoreDNS.
        if !is_headless && hostname.is_none() {
            return Ok(());
        }
        let label = hostname.cloned().unwrap_or_else(|| label_of(address));
        let host = service.prepend_label(label.as_str())?;
        self.insert(&host, address_data(address));
        if is_headless {
            self.insert(service, address_data(address));
            self.insert(&Name::from(address), RData::PTR(PTR(host.clone())));
            for port in subset.ports.iter().flatten() {
                self.insert_port(
                    port.name.as_deref(),
                    port.protocol.as_deref(),
                    port.port,
                    service,
                    &host,
                )?;
            }
        }
        Ok(())
    }

    fn insert_port(
        &mut self,
        port: Option<&str>,
        protocol: Option<&str>,
        number: i32,
        service: &Name,
        target: &Name,
    ) -> Result<(), ProtoError> {
        let (Some(port), Ok(number)) = (port.filter(|port| !port.is_empty()), u16::try_from(number)) else {
            return Ok(());
        };
        let protocol = protocol.unwrap_or("TCP").to_lowercase();
        let name = service
            .prepend_label(format!("_{protocol}"))?
            .prepend_label(format!("_{port}"))?;
        self.insert(&name, RData::SRV(SRV::new(0, 100, number, target.clone())));
        Ok(())
    }
}

/// The record that says how long a negative answer may be kept: RFC 2308.
pub fn soa(domain: &Name) -> RData {
    let below = |label: &str| domain.prepend_label(label).unwrap_or_else(|_| domain.clone());
    let kept = i32::try_from(TTL).unwrap_or(i32::MAX);
    // Nobody transfers this zone: its serial and times of refresh mean nothing.
    RData::SOA(SOA::new(
        below("ns"),
        below("hostmaster"),
        1,
        kept,
        kept,
        kept,
        TTL,
    ))
}

/// The record of an address.
pub fn address_data(address: IpAddr) -> RData {
    match address {
        IpAddr::V4(address) => RData::A(A(address)),
        IpAddr::V6(address) => RData::AAAA(AAAA(address)),
    }
}

fn label_of(address: IpAddr) -> String {
    address.to_string().replace(['.', ':'], "-")
}

#[cfg(test)]
#[path = "zone_tests.rs"]
mod tests;
