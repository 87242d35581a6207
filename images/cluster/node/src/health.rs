//! Is the gateway whole? Asked by Docker every few seconds; the lines are read from `State.Health.Log`.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use anyhow::bail;

use crate::{chart, cluster, dns_probe, layout, machine};

/// What was seen. `None` is a question that the API server did not answer.
#[derive(Clone, Debug)]
struct Observation {
    api_ready: bool,
    ready_replicas: Option<i32>,
    secrets: Option<Vec<String>>,
    tls: bool,
    supervisor: bool,
    node_port: bool,
    /// `None` where the node has no DNS server of its own.
    dns: Option<bool>,
    pressure: Vec<String>,
}

/// Prints a line for each thing that is missing. The words in capitals are markers that other tools look for.
pub async fn run() -> anyhow::Result<()> {
    let client = cluster::client().await?;
    let node = machine::node_name()?;
    let (api_ready, ready_replicas, secrets, pressure, node_port, dns) = tokio::join!(
        cluster::is_ready(&client),
        cluster::ready_replicas(&client),
        cluster::secret_names(&client),
        cluster::node_pressure(&client, &node),
        node_port_answers(),
        dns_probe::answers(),
    );
    let seen = Observation {
        api_ready,
        ready_replicas: ready_replicas.ok(),
        secrets: secrets.ok(),
        tls: !chart::is_on(std::env::var("DISABLE_TLS").ok()),
        supervisor: Path::new(layout::SUPERVISOR).exists(),
        node_port,
        dns,
        pressure: pressure.unwrap_or_default(),
    };
    let missing = missing(&seen);
    if !missing.is_empty() {
        bail!("{}", missing.join("\n"));
    }
    println!("whole");
    Ok(())
}

async fn node_port_answers() -> bool {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, gateway_names::NODE_PORT));
    let connect = tokio::net::TcpStream::connect(address);
    matches!(
        tokio::time::timeout(Duration::from_secs(2), connect).await,
        Ok(Ok(_))
    )
}

fn missing(seen: &Observation) -> Vec<String> {
    let mut missing = Vec::new();
    if !seen.api_ready {
        missing.push("the API server is not ready".to_owned());
    }
    match seen.ready_replicas {
        None => missing.push("the API server did not say how many replicas are ready".to_owned()),
        Some(ready) if ready < 1 => missing.push("no replica of the gateway server is ready".to_owned()),
        Some(_) => {}
    }
    match &seen.secrets {
        None => missing.push("the API server did not list the Secrets".to_owned()),
        Some(present) => {
            let absent = chart::needed_secrets(seen.tls)
                .into_iter()
                .filter(|name| !present.iter().any(|p| p == name));
            missing.extend(absent.map(|name| format!("Secret {name} is missing")));
        }
    }
    if !seen.supervisor {
        missing.push(format!(
            "HEALTHCHECK_MISSING_SUPERVISOR: {} is missing",
            layout::SUPERVISOR
        ));
    }
    if !seen.node_port {
        missing.push(format!("node port {} does not answer", gateway_names::NODE_PORT));
    }
    if seen.dns == Some(false) {
        missing.push(format!(
            "the cluster's DNS at {} does not answer",
            layout::DNS_SERVICE
        ));
    }
    if !seen.pressure.is_empty() {
        missing.push(format!("HEALTHCHECK_NODE_PRESSURE: {}", seen.pressure.join(" ")));
    }
    missing
}

#[cfg(test)]
mod tests {
    use super::*;

    type TakeAway = fn(&mut Observation);

    fn whole() -> Observation {
        Observation {
            api_ready: true,
            ready_replicas: Some(1),
            secrets: Some(
                chart::needed_secrets(true)
                    .into_iter()
                    .map(str::to_owned)
                    .collect(),
            ),
            tls: true,
            supervisor: true,
            node_port: true,
            dns: Some(true),
            pressure: Vec::new(),
        }
    }

    #[test]
    fn each_thing_that_is_missing_has_its_line() {
        assert!(missing(&whole()).is_empty());
        let table: [(&str, TakeAway); 10] = [
            ("API server is not ready", |seen| seen.api_ready = false),
            ("no replica", |seen| seen.ready_replicas = Some(0)),
            ("how many replicas", |seen| seen.ready_replicas = None),
            ("did not list", |seen| seen.secrets = None),
            ("openshell-ssh-handshake", |seen| {
                seen.secrets
                    .as_mut()
                    .unwrap()
                    .retain(|n| n != "openshell-ssh-handshake")
            }),
            ("openshell-client-tls", |seen| {
                seen.secrets
                    .as_mut()
                    .unwrap()
                    .retain(|n| n != "openshell-client-tls")
            }),
            ("HEALTHCHECK_MISSING_SUPERVISOR", |seen| seen.supervisor = false),
            ("node port 30051", |seen| seen.node_port = false),
            ("the cluster's DNS", |seen| seen.dns = Some(false)),
            ("HEALTHCHECK_NODE_PRESSURE", |seen| {
                seen.pressure.push("DiskPressure".to_owned())
            }),
        ];
        for (needle, take_away) in table {
            let mut seen = whole();
            take_away(&mut seen);
            let lines = missing(&seen);
            assert_eq!(lines.len(), 1, "{lines:?}");
            assert!(lines[0].contains(needle), "{lines:?}");
        }
    }

    #[test]
    fn without_tls_its_secrets_are_not_missed() {
        let mut seen = whole();
        seen.tls = false;
        seen.secrets = Some(vec!["openshell-ssh-handshake".to_owned()]);
        assert!(missing(&seen).is_empty());
    }

    #[test]
    fn a_node_without_dns_misses_none() {
        let mut seen = whole();
        seen.dns = None;
        assert!(missing(&seen).is_empty());
    }
}
