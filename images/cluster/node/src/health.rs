//! Is the gateway whole? Asked by Docker every few seconds; the lines are read from `State.Health.Log`.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::time::Duration;

use anyhow::bail;

use crate::cluster::Server;
use crate::{chart, cluster, layout, machine};

/// What was seen. `None` is a question that the API server did not answer.
#[derive(Clone, Debug)]
struct Observation {
    api_ready: bool,
    server: Option<Option<Server>>,
    secrets: Option<Vec<String>>,
    tls: bool,
    supervisor: bool,
    node_port: bool,
    pressure: Vec<String>,
}

/// Prints a line for each thing that is missing. The words in capitals are markers that other tools look for.
pub async fn run() -> anyhow::Result<()> {
    let client = cluster::client().await?;
    let node = machine::node_name()?;
    let (api_ready, server, secrets, pressure, node_port) = tokio::join!(
        cluster::is_ready(&client),
        cluster::server(&client),
        cluster::secret_names(&client),
        cluster::node_pressure(&client, &node),
        node_port_answers(),
    );
    let seen = Observation {
        api_ready,
        server: server.ok(),
        secrets: secrets.ok(),
        tls: !chart::is_on(std::env::var("DISABLE_TLS").ok()),
        supervisor: Path::new(layout::SUPERVISOR).exists(),
        node_port,
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
        None => missing.push("the API server did not say how many replicas are ready".to_owned()),
        Some(Some(Server { ready: 1.., .. })) => {}
        Some(_) => missing.push("no replica of the gateway server is ready".to_owned()),
    }
    // A server that is not there yet may need it.
    let handshake = seen.server.flatten().is_none_or(|server| server.needs_handshake);
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
            server: Some(Some(Server {
                ready: 1,
                needs_handshake: true,
            })),
            secrets: Some(
                chart::needed_secrets(true)
                    .into_iter()
                    .map(str::to_owned)
                    .collect(),
            ),
            tls: true,
            supervisor: true,
            node_port: true,
            pressure: Vec::new(),
        }
    }

    #[test]
    fn each_thing_that_is_missing_has_its_line() {
        assert!(missing(&whole()).is_empty());
        let table: [(&str, TakeAway); 9] = [
            ("API server is not ready", |seen| seen.api_ready = false),
            ("no replica", |seen| seen.server = Some(None)),
            ("how many replicas", |seen| seen.server = None),
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
        seen.server = Some(Some(Server {
            ready: 1,
            needs_handshake: false,
        }));
        assert!(missing(&seen).is_empty());
    }

    #[test]
    fn without_tls_its_secrets_are_not_missed() {
        let mut seen = whole();
        seen.tls = false;
        seen.secrets = Some(vec!["openshell-ssh-handshake".to_owned()]);
        assert!(missing(&seen).is_empty());
    }
}
