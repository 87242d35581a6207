//! Is the gateway whole? Asked by Docker every few seconds; the lines are read from `State.Health.Log`.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use anyhow::bail;

use crate::cluster::Server;
use crate::dns_probe::{self, Dns};
use crate::{chart, cluster, layout, machine};

/// The gateway server, as the API server told of it.
#[derive(Clone, Copy, Debug)]
enum SeenServer {
    /// The API server did not tell.
    Unknown,
    /// Nothing is deployed yet.
    Absent,
    /// It is deployed.
    Deployed(Server),
}

/// What was seen.
#[derive(Clone, Debug)]
struct Observation {
    api_ready: bool,
    server: SeenServer,
    /// The names of all Secrets; `None` if the API server did not list them.
    secrets: Option<Vec<String>>,
    tls: bool,
    supervisor: bool,
    node_port: bool,
    dns: Dns,
    pressure: Vec<String>,
}

/// Prints a line for each thing that is missing. The words in capitals are markers that other tools look for.
pub async fn run() -> anyhow::Result<()> {
    let client = cluster::client().await?;
    let node = machine::node_name()?;
    let (api_ready, server, secrets, pressure, node_port, dns) = tokio::join!(
        cluster::is_ready(&client),
        cluster::server(&client),
        cluster::secret_names(&client),
        cluster::node_pressure(&client, &node),
        node_port_answers(),
        dns_probe::ask(),
    );
    let seen = Observation {
        api_ready,
        server: match server {
            Err(_) => SeenServer::Unknown,
            Ok(None) => SeenServer::Absent,
            Ok(Some(server)) => SeenServer::Deployed(server),
        },
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
    match seen.server {
        SeenServer::Unknown => {
            missing.push("the API server did not say how many replicas are ready".to_owned());
        }
        SeenServer::Deployed(Server { ready: 1.., .. }) => {}
        SeenServer::Absent | SeenServer::Deployed(_) => {
            missing.push("no replica of the gateway server is ready".to_owned());
        }
    }
    let handshake = match seen.server {
        SeenServer::Deployed(server) => server.needs_handshake,
        // A server that is not there yet may need it.
        SeenServer::Unknown | SeenServer::Absent => true,
    };
    match &seen.secrets {
        None => missing.push("the API server did not list the Secrets".to_owned()),
        Some(present) => {
            let absent = chart::needed_secrets(seen.tls)
                .into_iter()
                .filter(|name| handshake || *name != gateway_names::HANDSHAKE_SECRET)
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
    if seen.dns == Dns::Silent {
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
            server: SeenServer::Deployed(Server {
                ready: 1,
                needs_handshake: true,
            }),
            secrets: Some(
                chart::needed_secrets(true)
                    .into_iter()
                    .map(str::to_owned)
                    .collect(),
            ),
            tls: true,
            supervisor: true,
            node_port: true,
            dns: Dns::Answers,
            pressure: Vec::new(),
        }
    }

    #[test]
    fn each_thing_that_is_missing_has_its_line() {
        assert!(missing(&whole()).is_empty());
        let table: [(&str, TakeAway); 10] = [
            ("API server is not ready", |seen| seen.api_ready = false),
            ("no replica", |seen| seen.server = SeenServer::Absent),
            ("how many replicas", |seen| seen.server = SeenServer::Unknown),
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
            ("the cluster's DNS", |seen| seen.dns = Dns::Silent),
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
    fn a_server_without_a_handshake_secret_needs_none() {
        let mut seen = whole();
        seen.secrets
            .as_mut()
            .unwrap()
            .retain(|name| name != "openshell-ssh-handshake");
        assert_eq!(missing(&seen).len(), 1);
        seen.server = SeenServer::Deployed(Server {
            ready: 1,
            needs_handshake: false,
        });
        assert!(missing(&seen).is_empty());
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
        seen.dns = Dns::NotHere;
        assert!(missing(&seen).is_empty());
    }
}
