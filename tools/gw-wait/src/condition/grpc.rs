//! The gateway answers gRPC.

use std::io::Error;
use std::time::Instant;

use contract::{Context, Failure};
use gateway_probe::Outcome;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tonic::Code;
use tonic::transport::{Channel, Endpoint};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use crate::flags::GrpcFlags;
use crate::pace::{Pace, Port};
use crate::report::{CauseField, Report, begin, cut_short, end_of, failed, holds, timed_out};
use crate::through::Through;
use crate::tls::{self, Peer, TlsFlags};

/// Asks until the health service says SERVING, or the server shows that it has no such service.
pub async fn wait(flags: &GrpcFlags, context: &Context<Report>) -> Result<(), Failure> {
    let target = match &flags.through {
        Some(target) => format!("service {target}"),
        None => flags.address.clone(),
    };
    begin(context, "grpc", &target);
    if flags.through.is_some() && flags.published.is_some() {
        return Err(Failure::usage(
            "--through and --published exclude each other",
            contract::typed("gw-wait grpc --help"),
        ));
    }
    let tls = TlsFlags {
        ca: &flags.tls_ca_cert,
        certificate: &flags.tls_client_cert,
        key: &flags.tls_client_key,
        server_name: &flags.tls_server_name,
        no_verify: flags.tls_no_verify,
        plaintext: flags.plaintext,
    };
    let mut peer = Peer::new(&flags.address, &tls, context)?;
    let through = match &flags.through {
        Some(target) => Some(Through::new(target, context).await?),
        None => None,
    };
    let end = end_of(context);
    if let Some(published) = &flags.published {
        let reachable = gateway_probe::reachable(&flags.address, published);
        // A resolver that does not answer in time has said nothing.
        if let Ok(address) = tokio::time::timeout(flags.connect_timeout, reachable).await {
            peer.address = address.to_owned();
        }
    }
    let mut pace = Pace::up_to(flags.backoff_max);
    loop {
        let (cause, port) =
            match tokio::time::timeout_at(end.into(), attempt(&peer, through.as_ref(), flags)).await {
                Ok(Ok(shown_by)) => {
                    holds(context, shown_by);
                    return Ok(());
                }
                Ok(Err(Unserved::Connection(outcome))) => {
                    if let Some(failure) = peer.hopeless(&outcome) {
                        return Err(failure);
                    }
                    (named(through.as_ref(), tls::cause(&outcome)), Port::of(&outcome))
                }
                Ok(Err(Unserved::Call(cause))) => (cause, Port::Open),
                Err(_) => {
                    cut_short(context);
                    break;
                }
            };
        context
            .console
            .waiting(&format!("gRPC at {target}: {}", cause.detail));
        failed(context, cause);
        let pause = pace.next_pause(port);
        if Instant::now() + pause >= end {
            break;
        }
        tokio::time::sleep(pause).await;
    }
    let what = format!("the gateway did not answer gRPC at {target}");
    let look = format!("{} | jq '.container, .probe'", contract::typed("gw-detect"));
    Err(timed_out(context, &what, &look))
}

fn cause(word: &'static str, detail: impl Into<String>) -> CauseField {
    CauseField::new(word, detail)
}

/// The cause, with the Service that it is about, if there is one.
fn named(through: Option<&Through>, cause: CauseField) -> CauseField {
    match through {
        Some(through) => through.named(cause),
        None => cause,
    }
}

/// Why an attempt did not show that it serves.
enum Unserved {
    /// There is no connection as a client makes it.
    Connection(Outcome),
    /// The call was answered otherwise.
    Call(CauseField),
}

/// One attempt: a connection as a client makes it, then the health service on another.
async fn attempt(
    peer: &Peer,
    through: Option<&Through>,
    flags: &GrpcFlags,
) -> Result<&'static str, Unserved> {
    let (name, tls, limit) = (&peer.server_name, peer.tls.as_ref(), flags.connect_timeout);
    let seen = match through {
        None => gateway_probe::probe(&peer.address, name, tls, limit).await,
        Some(through) => {
            let stream = through.open(limit).await.map_err(Unserved::Call)?;
            gateway_probe::probe_over(std::future::ready(Ok(stream)), name, tls, limit).await
        }
    };
    if seen != Outcome::Serving {
        return Err(Unserved::Connection(seen));
    }
    let answer = match tokio::time::timeout(flags.rpc_timeout, health(peer, through, flags)).await {
        Ok(answer) => answer,
        Err(_) => Err(cause(
            "rpc_timed_out",
            "the health service does not answer in time",
        )),
    };
    answer.map_err(|cause| Unserved::Call(named(through, cause)))
}

async fn health(
    peer: &Peer,
    through: Option<&Through>,
    flags: &GrpcFlags,
) -> Result<&'static str, CauseField> {
    let channel = connect(peer, through, flags)
        .await
        .map_err(|error| cause("connection_failed", error_words::explain(&error)))?;
    let request = HealthCheckRequest {
        service: flags.service.clone(),
    };
    match HealthClient::new(channel).check(request).await {
        Ok(answer) => match answer.into_inner().status() {
            ServingStatus::Serving => Ok("grpc.health.v1 says SERVING"),
            status => Err(cause(
                "not_serving",
                format!("grpc.health.v1 says {}", status.as_str_name()),
            )),
        },
        // A server without the health service that answers over an accepted connection does serve.
        Err(status) if status.code() == Code::Unimplemented => {
            Ok("the server answers, and has no grpc.health.v1")
        }
        Err(status) => Err(cause(
            "rpc_failed",
            format!("{}: {}", status.code(), status.message()),
        )),
    }
}

/// tonic's own TLS takes no ready settings of rustls: the connection is made here, and tonic speaks HTTP/2 over it.
async fn connect(
    peer: &Peer,
    through: Option<&Through>,
    flags: &GrpcFlags,
) -> Result<Channel, tonic::transport::Error> {
    let (name, tls) = (peer.server_name.clone(), peer.tls.clone());
    let (address, through, limit) = (peer.address.clone(), through.cloned(), flags.connect_timeout);
    let authority = format!("http://{address}");
    let connector = tower::service_fn(move |_| {
        let (name, tls) = (name.clone(), tls.clone());
        let (address, through) = (address.clone(), through.clone());
        async move {
            let bare: Result<Box<dyn Stream>, Error> = match through {
                Some(through) => match through.open(limit).await {
                    Ok(stream) => Ok(Box::new(stream) as _),
                    Err(cause) => Err(Error::other(cause.detail)),
                },
                None => TcpStream::connect(&address).await.map(|s| Box::new(s) as _),
            };
            let stream: Result<Box<dyn Stream>, Error> = match tls {
                Some(config) => {
                    let bare = std::future::ready(bare);
                    let secured = gateway_probe::connect_tls_over(bare, &name, &config).await;
                    secured.map(|s| Box::new(s) as _)
                }
                None => bare,
            };
            stream.map(TokioIo::new)
        }
    });
    Endpoint::from_shared(authority)?
        .connect_with_connector(connector)
        .await
}

/// Any kind of connection.
trait Stream: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin {}
impl<S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin> Stream for S {}
