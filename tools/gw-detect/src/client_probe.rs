//! One connection to a gateway's endpoint, as a client makes it.

use std::time::Duration;

use client_files::GatewayFolder;
use contract::Failure;
use gateway_probe::Outcome;

use crate::report::ProbeField;

/// One connection to a port of this machine takes milliseconds; a gateway that takes longer does not serve.
const PROBE_LIMIT: Duration = Duration::from_secs(3);

/// Connects to `endpoint`, with the client's bundle if it has TLS. `published` is where its port is on this machine, if that is elsewhere.
pub async fn probe(
    endpoint: &str,
    published: Option<String>,
    folder: &GatewayFolder,
) -> Result<ProbeField, Failure> {
    let (scheme, address) = endpoint.split_once("://").unwrap_or(("https", endpoint));
    let host = address.rsplit_once(':').map_or(address, |(host, _)| host);
    let tls = if scheme == "http" {
        None
    } else {
        let Some(bundle) = folder.read_bundle()? else {
            return Ok(no_bundle("there is no client bundle"));
        };
        match gateway_probe::client_config(&bundle.ca, Some((&bundle.certificate, &bundle.key))) {
            Ok(config) => Some(config),
            Err(error) => return Ok(no_bundle(&format!("the client bundle is none: {error}"))),
        }
    };
    let name = host.trim_start_matches('[').trim_end_matches(']');
    let published = published.unwrap_or_else(|| address.to_owned());
    let attempt = async {
        let address = gateway_probe::reachable(address, &published).await;
        gateway_probe::probe(address, name, tls.as_ref(), PROBE_LIMIT).await
    };
    let outcome = tokio::time::timeout(PROBE_LIMIT, attempt)
        .await
        .unwrap_or(Outcome::TimedOut);
    Ok(ProbeField {
        outcome: Some(outcome.word().to_owned()),
        detail: Some(outcome.detail()),
    })
}

fn no_bundle(detail: &str) -> ProbeField {
    ProbeField {
        outcome: Some("no_bundle".to_owned()),
        detail: Some(detail.to_owned()),
    }
}
