//! The server: one port for gRPC (HTTP/2) and for tunnels (HTTP/1.1).

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto::Builder;
use tokio::io::{AsyncRead, AsyncWrite, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tonic::body::Body;
use tonic::service::Routes;
use tower::ServiceExt;

use reference_base::api::open_shell_server::OpenShellServer;
use reference_base::client::CONNECT_PATH;
use reference_base::log::{self, Level};
use reference_base::program::Refused;

use crate::connect::Connector;
use crate::service::Service;
use crate::settings::{Generation, Settings};
use crate::tls::ReloadingTls;
use crate::world::World;
use crate::{cluster, health, sweep, watch as watched};

/// How long a client may take for its TLS handshake.
const TLS_TIME: Duration = Duration::from_secs(30);
/// How long open requests may take when the server is told to stop.
const STOP_TIME: Duration = Duration::from_secs(2);

struct Shared {
    routes: Routes,
    connector: Option<Connector>,
    tls: Option<ReloadingTls>,
}

/// Serves until SIGTERM or SIGINT.
pub async fn run(settings: Settings) -> Result<(), Refused> {
    let failed = |error: anyhow::Error| Refused::failed(&error);
    // Fails only if one is installed already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let tls = settings.tls.clone().map(ReloadingTls::load).transpose();
    let tls = tls.map_err(|error| Refused::configuration(format!("{error:#}")))?;
    jwt_keys_are_there(&settings.jwt_keys)?;
    let client = cluster::client().await?;
    let address = SocketAddr::from((Ipv4Addr::UNSPECIFIED, settings.port));
    let (health_port, metrics_port) = (settings.health_port, settings.metrics_port);
    let world = Arc::new(World::new(settings, client).await.map_err(failed)?);
    let listener = TcpListener::bind(address).await;
    let listener =
        listener.map_err(|error| failed(anyhow::anyhow!("cannot listen on {address}: {error}")))?;
    for (port, pages) in [(health_port, health::HEALTH), (metrics_port, health::METRICS)] {
        if let Some(port) = port {
            tokio::spawn(health::serve(health::listen(port).await.map_err(failed)?, pages));
        }
    }
    let connector = match world.settings.generation {
        Generation::Today => None,
        Generation::Both | Generation::First => {
            let secret = world.secret.clone();
            secret.map(|secret| Connector::new(world.clone(), secret))
        }
    };
    let shared = Shared {
        routes: Routes::new(OpenShellServer::new(Service(world.clone()))).prepare(),
        connector,
        tls,
    };
    let (stop, stopping) = watch::channel(false);
    tokio::select! {
        served = serve(listener, Arc::new(shared), &stop, stopping) => served.map_err(failed),
        () = watched::run(&world) => Err(failed(anyhow::anyhow!("the watch of sandboxes ended"))),
        () = sweep::run(&world) => Ok(()),
    }
}

/// A server with JWT keys cannot start without them.
fn jwt_keys_are_there(files: &[std::path::PathBuf]) -> Result<(), Refused> {
    for file in files {
        let wrong = |cause: &str| Refused::configuration(format!("JWT keys: {}: {cause}", file.display()));
        let content = std::fs::read(file).map_err(|error| wrong(&error.to_string()))?;
        if content.is_empty() {
            return Err(wrong("it is empty"));
        }
    }
    Ok(())
}

async fn stopped(mut stopping: watch::Receiver<bool>) {
    let _ = stopping.wait_for(|stop| *stop).await;
}

async fn serve(
    listener: TcpListener,
    shared: Arc<Shared>,
    stop: &watch::Sender<bool>,
    stopping: watch::Receiver<bool>,
) -> anyhow::Result<()> {
    let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
    eprintln!("reference-server: listening on {}", listener.local_addr()?);
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            _ = terminate.recv() => break,
            _ = interrupt.recv() => break,
            Some(_ended) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    let (shared, stopping) = (shared.clone(), stopping.clone());
                    connections.spawn(async move {
                        if let Err(error) = attend(shared, stream, stopping).await {
                            log::write(Level::Debug, format_args!("{peer}: {error:#}"));
                        }
                    });
                }
                Err(error) => {
                    log::write(Level::Warn, format_args!("accept: {error}"));
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            },
        }
    }
    drop(listener);
    log::write(Level::Info, "stopping");
    stop.send_replace(true);
    let ended = async { while connections.join_next().await.is_some() {} };
    let _ = tokio::time::timeout(STOP_TIME, ended).await;
    Ok(())
}

async fn attend(
    shared: Arc<Shared>,
    stream: TcpStream,
    stopping: watch::Receiver<bool>,
) -> anyhow::Result<()> {
    stream.set_nodelay(true)?;
    let Some(tls) = &shared.tls else {
        return answer_all(shared, stream, stopping).await;
    };
    let accept = TlsAcceptor::from(tls.current()).accept(stream);
    let stream = tokio::time::timeout(TLS_TIME, accept).await??;
    answer_all(shared, stream, stopping).await
}

async fn answer_all<S>(shared: Arc<Shared>, stream: S, stopping: watch::Receiver<bool>) -> anyhow::Result<()>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |request| {
        let shared = shared.clone();
        async move { answer(&shared, request).await }
    });
    let builder = Builder::new(TokioExecutor::new());
    let connection = builder.serve_connection_with_upgrades(TokioIo::new(stream), service);
    tokio::pin!(connection);
    tokio::select! {
        ended = connection.as_mut() => return ended.map_err(|error| anyhow::anyhow!(error)),
        () = stopped(stopping) => connection.as_mut().graceful_shutdown(),
    }
    connection.await.map_err(|error| anyhow::anyhow!(error))
}

async fn answer(shared: &Shared, request: Request<Incoming>) -> Result<Response<Body>, Infallible> {
    if request.method() == Method::CONNECT {
        return Ok(open_tunnel(shared, request).await);
    }
    shared.routes.clone().oneshot(request).await
}

async fn open_tunnel(shared: &Shared, mut request: Request<Incoming>) -> Response<Body> {
    let connector = shared
        .connector
        .as_ref()
        .filter(|_| request.uri().path() == CONNECT_PATH);
    let Some(connector) = connector else {
        return plain(
            StatusCode::NOT_FOUND,
            format!("no tunnels are opened at {}", request.uri().path()),
        );
    };
    let (mut sandbox, slot) = match connector.open(request.headers()).await {
        Ok(opened) => opened,
        Err(denied) => {
            log::write(
                Level::Info,
                format_args!("tunnel denied ({}): {denied}", denied.status()),
            );
            return plain(denied.status(), denied.to_string());
        }
    };
    let upgrade = hyper::upgrade::on(&mut request);
    tokio::spawn(async move {
        let _slot = slot;
        let copied = match upgrade.await {
            Ok(client) => copy_bidirectional(&mut TokioIo::new(client), &mut sandbox)
                .await
                .map_err(anyhow::Error::from),
            Err(error) => Err(error.into()),
        };
        if let Err(error) = copied {
            log::write(Level::Debug, format_args!("tunnel: {error}"));
        }
    });
    Response::new(Body::empty())
}

fn plain(status: StatusCode, text: String) -> Response<Body> {
    let mut response = Response::new(Body::new(Full::new(Bytes::from(text + "\n"))));
    *response.status_mut() = status;
    response
}
