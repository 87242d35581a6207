//! The client that a session sends its requests by.

use std::time::Duration;

use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use kube::client::{ClientBuilder, ConfigExt};
use kube::{Client, Config};
use tower::ServiceBuilder;
use tower::util::AndThenLayer;

use crate::retry_after::into_status;

/// A connection may take this long.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);

/// A client whose requests are never held back. kube's own leaves Nagle's algorithm on, and then a request on a connection
/// that is new waits 40 ms for the acknowledgement of its TLS handshake. It has no retries and no time-out for answers,
/// because the session knows the deadline and tells the user what it waits for.
pub fn connect(config: Config) -> Result<Client, kube::Error> {
    if config.proxy_url.is_some() {
        let builder = ClientBuilder::try_from(config)?;
        return Ok(builder.with_layer(&AndThenLayer::new(into_status)).build());
    }
    let mut connector = HttpConnector::new();
    connector.enforce_http(false);
    connector.set_nodelay(true);
    connector.set_connect_timeout(Some(CONNECT_LIMIT));
    let connector = config.rustls_https_connector_with_connector(connector)?;
    let sender = hyper_util::client::legacy::Client::builder(TokioExecutor::new()).build(connector);
    let service = ServiceBuilder::new()
        .and_then(into_status)
        .layer(config.base_uri_layer())
        .option_layer(config.auth_layer()?)
        .layer(config.extra_headers_layer()?)
        .map_err(tower::BoxError::from)
        .service(sender);
    Ok(Client::new(service, config.default_namespace))
}
