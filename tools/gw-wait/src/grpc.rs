//! The gateway answers gRPC.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use client_files::ClientFiles;
use contract::{Context, Exit, Failure};
use gateway_probe::Outcome;
use hyper_util::rt::TokioIo;
use kube_session::Backoff;
use rustls::ClientConfig;
use tokio::net::TcpStream;
use tonic::Code;
use tonic::transport::{Channel, Endpoint};
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use crate::flags::GrpcFlags;
use crate::report::{CauseField, Report, end_of, failed, holds, timed_out};

/// While nothing listens, asking again costs nothing and every millisecond of waiting shows.
const FIRST_PAUSE: Duration = Duration::from_millis(10);
const LONGEST_PAUSE_WHILE_REFUSED: Duration = Duration::from_millis(50);

/// Whom to ask, and how.
struct Target {
    address: String,
    server_name: String,
    tls: Option<Arc<ClientConfig>>,
}

/// Asks until the health service says SERVING, or the server shows that it has no such service.
pub async fn wait(flags: &GrpcFlags, context: &Context<Report>) -> Result<(), Failure> {
    context.report.update(|report| {
        report.condition = Some("grpc");
        report.target = Some(flags.address.clone());
    });
    let target = target(flags, context)?;
    let end = end_of(context);
    let mut refused = Backoff::new(FIRST_PAUSE, LONGEST_PAUSE_WHILE_REFUSED);
    let mut answered = Backoff::new(LONGEST_PAUSE_WHILE_REFUSED, flags.backoff_max);
    loop {
        let attempt = attempt(&target, flags);
        let (cause, nobody) = match tokio::time::timeout_at(end.into(), attempt).await {
            Ok(Ok(shown_by)) => {
                holds(context, shown_by);
                return Ok(());
            }
            Ok(Err(failed)) => failed,
            Err(_) => (cause("timed_out", "no answer in time"), false),
        };
        context
            .console
            .waiting(&format!("gRPC at {}: {}", flags.address, cause.detail));
        failed(context, cause);
        let pause = if nobody {
            refused.next_wait()
        } else {
            answered.next_wait()
        };
        if Instant::now() + pause >= end {
            let what = format!("the gateway did not answer gRPC at {}", flags.address);
            return Err(timed_out(context, &what, "gw-detect | jq '.container, .probe'"));
        }
        tokio::time::sleep(pause).await;
    }
}

fn cause(word: &'static str, detail: impl Into<String>) -> CauseField {
    CauseField {
        word,
        detail: detail.into(),
    }
}

/// One attempt: a connection as a client makes it, then the health service on another. The error says whether nobody
/// listens there yet.
async fn attempt(target: &Target, flags: &GrpcFlags) -> Result<&'static str, (CauseField, bool)> {
    let seen = gateway_probe::probe(
        &target.address,
        &target.server_name,
        target.tls.as_ref(),
        flags.connect_timeout,
    )
    .await;
    if seen != Outcome::Serving {
        let nobody = matches!(seen, Outcome::Refused | Outcome::Reset);
        return Err((cause(seen.word(), seen.detail()), nobody));
    }
    match tokio::time::timeout(flags.rpc_timeout, health(target, flags)).await {
        Ok(answer) => answer.map_err(|cause| (cause, false)),
        Err(_) => Err((
            cause("rpc_timed_out", "the health service does not answer in time"),
            false,
        )),
    }
}

async fn health(target: &Target, flags: &GrpcFlags) -> Result<&'static str, CauseField> {
    let channel = connect(target)
        .await
        .map_err(|error| cause("connection_failed", error.to_string()))?;
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
            format!("{:?}: {}", status.code(), status.message()),
        )),
    }
}

/// tonic's own TLS takes no ready settings of rustls: the connection is made here, and tonic speaks HTTP/2 over it.
async fn connect(target: &Target) -> Result<Channel, tonic::transport::Error> {
    let (address, name, tls) = (
        target.address.clone(),
        target.server_name.clone(),
        target.tls.clone(),
    );
    let authority = format!("http://{address}");
    let connector = tower::service_fn(move |_| {
        let (address, name, tls) = (address.clone(), name.clone(), tls.clone());
        async move {
            let stream: Result<Box<dyn Stream>, std::io::Error> = match tls {
                Some(config) => gateway_probe::connect_tls(&address, &name, &config)
                    .await
                    .map(|s| Box::new(s) as _),
                None => TcpStream::connect(&address).await.map(|s| Box::new(s) as _),
            };
            stream.map(TokioIo::new)
        }
    });
    Endpoint::from_shared(authority)?
        .connect_with_connector(connector)
        .await
}

/// Either kind of connection.
trait Stream: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin {}
impl<S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin> Stream for S {}

fn target(flags: &GrpcFlags, context: &Context<Report>) -> Result<Target, Failure> {
    let host = flags
        .address
        .rsplit_once(':')
        .map_or(flags.address.as_str(), |(host, _)| host);
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let tls_flags = [&flags.tls_ca_cert, &flags.tls_client_cert, &flags.tls_client_key];
    if flags.plaintext && tls_flags.iter().any(|file| file.is_some()) {
        return Err(Failure::usage(
            "--plaintext and TLS files exclude each other",
            "gw-wait grpc --help",
        ));
    }
    Ok(Target {
        address: flags.address.clone(),
        server_name: flags.tls_server_name.clone().unwrap_or_else(|| host.to_owned()),
        tls: if flags.plaintext {
            None
        } else {
            Some(tls(flags, context)?)
        },
    })
}

/// The TLS files that were named, and the gateway's client bundle where none was.
fn tls(flags: &GrpcFlags, context: &Context<Report>) -> Result<Arc<ClientConfig>, Failure> {
    let (ca, own) = match (&flags.tls_ca_cert, &flags.tls_client_cert, &flags.tls_client_key) {
        (None, None, None) => {
            let files = ClientFiles::of_user()?;
            let folder = files.gateway(&files.resolve(context.common.gateway.as_deref())?);
            let bundle = folder.bundle();
            (
                read(&bundle.ca)?,
                Some((read(&bundle.certificate)?, read(&bundle.key)?)),
            )
        }
        (Some(ca), None, None) => (read(ca)?, None),
        (Some(ca), Some(certificate), Some(key)) => (read(ca)?, Some((read(certificate)?, read(key)?))),
        (None, ..) => {
            return Err(Failure::usage(
                "a client certificate needs --tls-ca-cert, too",
                "gw-wait grpc --help",
            ));
        }
        _ => {
            return Err(Failure::usage(
                "--tls-client-cert and --tls-client-key go together",
                "gw-wait grpc --help",
            ));
        }
    };
    let own = own
        .as_ref()
        .map(|(certificate, key)| (certificate.as_slice(), key.as_slice()));
    gateway_probe::client_config(&ca, own)
        .map_err(|error| bundle_invalid(format!("the TLS material is wrong: {error}")))
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(path).map_err(|error| bundle_invalid(format!("{} cannot be read: {error}", path.display())))
}

fn bundle_invalid(message: String) -> Failure {
    Failure::new(
        Exit::Configuration,
        "bundle_invalid",
        message,
        "gw-pki reconcile writes the gateway's client bundle; --tls-ca-cert and its companions name other files",
    )
}
