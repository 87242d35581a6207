//! Health and metrics on ports of their own, in plain HTTP, as servers of later releases have them.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use tokio::net::TcpListener;

/// What a port tells, by path.
pub type Pages = &'static [(&'static str, &'static str)];
/// Of a port for health.
pub const HEALTH: Pages = &[("/healthz", "ok\n"), ("/readyz", "ok\n")];
/// Of a port for metrics.
pub const METRICS: Pages = &[("/metrics", "# TYPE openshell_up gauge\nopenshell_up 1\n")];

/// Takes the port. The error says why it cannot be had.
pub async fn listen(port: u16) -> anyhow::Result<TcpListener> {
    let address = SocketAddr::from((Ipv4Addr::UNSPECIFIED, port));
    TcpListener::bind(address)
        .await
        .map_err(|error| anyhow::anyhow!("cannot listen on {address}: {error}"))
}

/// Answers all who ask. A connection that fails concerns only who made it.
pub async fn serve(listener: TcpListener, pages: Pages) {
    while let Ok((stream, _)) = listener.accept().await {
        let answers = service_fn(move |request: Request<Incoming>| {
            std::future::ready(Ok::<_, Infallible>(answer(pages, request.uri().path())))
        });
        tokio::spawn(async move {
            let _ = Builder::new(TokioExecutor::new())
                .serve_connection(TokioIo::new(stream), answers)
                .await;
        });
    }
}

fn answer(pages: Pages, path: &str) -> Response<Full<Bytes>> {
    let page = pages.iter().find(|(known, _)| *known == path);
    let mut response = Response::new(Full::from(page.map_or("not found\n", |(_, text)| text)));
    if page.is_none() {
        *response.status_mut() = StatusCode::NOT_FOUND;
    }
    response
}

#[cfg(test)]
mod tests {
    use super::{HEALTH, METRICS, answer};

    #[test]
    fn a_port_tells_only_its_own_pages() {
        for (pages, path, code) in [
            (HEALTH, "/healthz", 200),
            (HEALTH, "/readyz", 200),
            (HEALTH, "/metrics", 404),
            (HEALTH, "/connect/ssh", 404),
            (METRICS, "/metrics", 200),
            (METRICS, "/", 404),
        ] {
            assert_eq!(answer(pages, path).status().as_u16(), code, "{path}");
        }
    }
}
