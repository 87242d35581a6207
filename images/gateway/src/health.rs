//! Health on a port of its own, in plain HTTP, as servers of later releases have it: `/healthz` and `/readyz`.

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

/// Takes the port. The error says why it cannot be had.
pub async fn listen(port: u16) -> anyhow::Result<TcpListener> {
    let address = SocketAddr::from((Ipv4Addr::UNSPECIFIED, port));
    TcpListener::bind(address)
        .await
        .map_err(|error| anyhow::anyhow!("cannot listen on {address}: {error}"))
}

/// Answers all who ask. A connection that fails concerns only who made it.
pub async fn serve(listener: TcpListener) {
    while let Ok((stream, _)) = listener.accept().await {
        let answers = service_fn(|request: Request<Incoming>| {
            std::future::ready(Ok::<_, Infallible>(answer(request.uri().path())))
        });
        tokio::spawn(async move {
            let _ = Builder::new(TokioExecutor::new())
                .serve_connection(TokioIo::new(stream), answers)
                .await;
        });
    }
}

fn answer(path: &str) -> Response<Full<Bytes>> {
    let known = matches!(path, "/healthz" | "/readyz");
    let mut response = Response::new(Full::from(if known { "ok\n" } else { "not found\n" }));
    if !known {
        *response.status_mut() = StatusCode::NOT_FOUND;
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_health_is_told() {
        for (path, code) in [
            ("/healthz", 200),
            ("/readyz", 200),
            ("/", 404),
            ("/connect/ssh", 404),
        ] {
            assert_eq!(answer(path).status().as_u16(), code, "{path}");
        }
    }
}
