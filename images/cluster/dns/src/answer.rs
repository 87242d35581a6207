//! What is answered to one question. Pure.

use std::net::{IpAddr, Ipv4Addr};

use hickory_server::proto::rr::{Name, RData, Record, RecordType};
use ipnet::IpNet;

use crate::zone::{TTL, Zone, address_data};

/// A chain of CNAMEs that is longer leads nowhere.
const LONGEST_CHAIN: usize = 8;

/// What this server answers for; everything else is asked elsewhere.
#[derive(Debug)]
pub struct Authority {
    /// The cluster's domain.
    pub domain: Name,
    /// Networks of Services and pods: who has an address in them is known here or nowhere.
    pub networks: Vec<IpNet>,
}

/// An answer, or where it is.
#[derive(Debug, PartialEq)]
pub enum Answer {
    /// The name exists. No records: none of this type.
    Records {
        /// The answer.
        answers: Vec<Record>,
        /// Addresses of what the answer names.
        additionals: Vec<Record>,
    },
    /// There is no such name.
    NoName {
        /// The chain that led to it; empty where the name itself does not exist.
        answers: Vec<Record>,
    },
    /// The chain leads out of the cluster.
    Elsewhere {
        /// The chain.
        answers: Vec<Record>,
        /// Its end: to be asked of others.
        target: Name,
    },
}

impl Authority {
    /// Is this server the one that knows about the name?
    pub fn covers(&self, name: &Name) -> bool {
        let is_of_networks = |address: IpNet| self.networks.iter().any(|network| network.contains(&address));
        self.domain.zone_of(name) || name.parse_arpa_name().is_ok_and(is_of_networks)
    }

    /// Answers from the zone; `None` where the question is to be asked of others.
    pub fn answer(&self, zone: &Zone, name: &Name, record_type: RecordType) -> Option<Answer> {
        // Endpoints may have any address: the name of one is known, and others there are not.
        let has_records = zone.records(name).is_some_and(|records| !records.is_empty());
        if !self.covers(name) && !has_records {
            return None;
        }
        let (mut answers, mut current) = (Vec::new(), name.clone());
        for _ in 0..LONGEST_CHAIN {
            if !self.domain.zone_of(&current) && !answers.is_empty() {
                return Some(Answer::Elsewhere {
                    answers,
                    target: current,
                });
            }
            let implied = self.implied_records(&current);
            let Some(records) = zone.records(&current).or(implied.as_deref()) else {
                return Some(Answer::NoName { answers });
            };
            let fitting: Vec<&RData> = records
                .iter()
                .filter(|data| data.record_type() == record_type || record_type == RecordType::ANY)
                .collect();
            if let ([], Some(RData::CNAME(target))) = (fitting.as_slice(), records.first()) {
                answers.push(record(&current, &records[0]));
                current = target.0.clone();
                continue;
            }
            let additionals = fitting
                .iter()
                .filter_map(|data| match data {
                    RData::SRV(service) => Some(&service.target),
                    _ => None,
                })
                .flat_map(|target| {
                    let found = zone.records(target).unwrap_or_default();
                    found.iter().map(|data| record(target, data))
                })
                .filter(|record| matches!(record.data, RData::A(_) | RData::AAAA(_)))
                .collect();
            answers.extend(fitting.into_iter().map(|data| record(&current, data)));
            return Some(Answer::Records { answers, additionals });
        }
        Some(Answer::Records {
            answers,
            additionals: Vec::new(),
        })
    }

    /// Records of names that no object asks for: those above addresses, and `A-B-C-D.NAMESPACE.pod.DOMAIN`, which says its address
    /// itself (deprecated, and demanded by the specification).
    fn implied_records(&self, name: &Name) -> Option<Vec<RData>> {
        if let Ok(address) = name.parse_arpa_name() {
            return (address.prefix_len() < address.max_prefix_len()).then(Vec::new);
        }
        let above = self.domain.prepend_label("pod").ok()?;
        if !above.zone_of(name) {
            return None;
        }
        match name.num_labels() - above.num_labels() {
            0 | 1 => Some(Vec::new()),
            2 => {
                let label = std::str::from_utf8(name.iter().next()?).ok()?;
                let address: Ipv4Addr = label.replace('-', ".").parse().ok()?;
                Some(vec![address_data(IpAddr::V4(address))])
            }
            _ => None,
        }
    }
}

fn record(name: &Name, data: &RData) -> Record {
    Record::from_rdata(name.clone(), TTL, data.clone())
}

#[cfg(test)]
#[path = "answer_tests.rs"]
mod tests;
