//! The gateway opens a tunnel to a sandbox: HTTP CONNECT, as people's SSH clients use it.
//!
//! Source of headers and statuses: the gateways that OpenShell v0.0.22 to v0.0.34 make.

use std::sync::Arc;
use std::time::{Duration, Instant};

use contract::{Context, Failure};
use gateway_names::SANDBOX_ID_LABEL;
use gateway_probe::Outcome;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use kube_session::Backoff;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite};
use tokio::net::TcpStream;
use zeroize::Zeroizing;

use crate::flags::SandboxFlags;
use crate::pace::{Pace, Port};
use crate::reasons::{
    HANDSHAKE_REFUSED, NO_SANDBOX, NO_SSH, SANDBOX_UNREACHABLE, TOKEN_INVALID, TOKEN_REFUSED,
    TOO_MANY_TUNNELS, UNEXPECTED_STATUS,
};
use crate::report::{CauseField, Report, begin, end_of, failed, holds, timed_out_within};
use crate::tls::{Peer, TlsFlags, cause};

/// A tunnel that a sandbox refused is closed well within this time. Some gateways make the handshake before they open the tunnel,
/// and others after it: then its end is all that is seen of a refusal.
const STAYS_OPEN: Duration = Duration::from_secs(2);
/// An SSH server that is asked for says who it is within this time, also where its gateway makes the handshake only now.
const SPEAKS_WITHIN: Duration = Duration::from_secs(10);
/// What an SSH server says first: RFC 4253, 4.2.
const IDENTIFICATION: &[u8] = b"SSH-2.0-";
/// The most that is read of an answer's text.
const LONGEST_TEXT: usize = 4096;
/// More than any token has, in bytes.
const LONGEST_TOKEN: usize = 1024 * 1024;

/// Why an attempt opened no tunnel.
enum Attempt {
    /// No HTTP answer: as with a gateway that is starting.
    NoAnswer(Outcome),
    /// The gateway's answer.
    Denied(StatusCode, String),
    /// The tunnel was opened, and closed at once.
    Closed,
    /// The tunnel carries something else than SSH, or nothing.
    NoSsh(&'static str),
}

/// Asks until a tunnel is open.
pub async fn wait(flags: &SandboxFlags, context: &Context<Report>) -> Result<(), Failure> {
    begin(context, "sandbox", &flags.id);
    let tls = TlsFlags {
        ca: &flags.tls_ca_cert,
        certificate: &flags.tls_client_cert,
        key: &flags.tls_client_key,
        server_name: &flags.tls_server_name,
        no_verify: flags.tls_no_verify,
        plaintext: flags.plaintext,
    };
    let mut peer = Peer::new(&flags.address, &tls, context)?;
    if let Some(config) = &mut peer.tls {
        Arc::make_mut(config).alpn_protocols = vec![b"http/1.1".to_vec()];
    }
    let token = token(flags).await?;
    let patience = flags.patience.min(context.common.timeout);
    let end = end_of(context).min(Instant::now() + flags.patience);
    let mut pace = Pace::up_to(Duration::from_secs(4));
    let mut not_ready = Backoff::new(Duration::from_secs(1), Duration::from_secs(8));
    loop {
        let limit = (Instant::now() + flags.connect_timeout).min(end);
        let attempt = match tokio::time::timeout_at(limit.into(), open(&peer, flags, &token)).await {
            Ok(Ok(shown_by)) => {
                holds(context, shown_by);
                return Ok(());
            }
            Ok(Err(attempt)) => attempt,
            Err(_) => Attempt::NoAnswer(Outcome::TimedOut),
        };
        let (cause, pause) = match attempt {
            Attempt::NoAnswer(outcome) => {
                if let Some(failure) = peer.hopeless(&outcome) {
                    return Err(failure);
                }
                (cause(&outcome), pace.next_pause(Port::of(&outcome)))
            }
            Attempt::Denied(StatusCode::PRECONDITION_FAILED, text) => (
                CauseField::new("sandbox_not_ready", said("412", &text)),
                not_ready.next_wait(),
            ),
            Attempt::Denied(status, text) => {
                let failure = denied(status, &text);
                failed(context, CauseField::new(failure.reason, failure.message.clone()));
                return Err(failure);
            }
            Attempt::Closed => return Err(closed(&flags.id)),
            Attempt::NoSsh(what) => return Err(no_ssh(&flags.id, what)),
        };
        context
            .console
            .waiting(&format!("sandbox {}: {}", flags.id, cause.detail));
        failed(context, cause);
        if Instant::now() + pause >= end {
            let what = format!("sandbox {} was not reached", flags.id);
            let (namespace, label) = (context.common.namespace(), SANDBOX_ID_LABEL);
            let hint = format!("kubectl -n {namespace} describe pods -l {label}={}", flags.id);
            return Err(timed_out_within(context, patience, &what, &hint));
        }
        tokio::time::sleep(pause).await;
    }
}

async fn token(flags: &SandboxFlags) -> Result<Zeroizing<String>, Failure> {
    let read = contract::read_input(&flags.token_file, LONGEST_TOKEN).await;
    let invalid = |why: String| {
        let message = format!("the token in {} is of no use: {why}", flags.token_file.display());
        TOKEN_INVALID.failure(message, "name the file by --token-file")
    };
    let content = read.map_err(|error| invalid(error.to_string()))?;
    let text = std::str::from_utf8(&content).map_err(|_| invalid("it is no text".to_owned()))?;
    let trimmed = Zeroizing::new(text.trim().to_owned());
    if trimmed.is_empty() || !trimmed.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(invalid("it is no line of visible characters".to_owned()));
    }
    Ok(trimmed)
}

async fn open(peer: &Peer, flags: &SandboxFlags, token: &str) -> Result<&'static str, Attempt> {
    let no_answer = |error: std::io::Error| Attempt::NoAnswer(Outcome::of(&error));
    match &peer.tls {
        None => {
            let stream = TcpStream::connect(&peer.address).await.map_err(no_answer)?;
            request(stream, flags, token).await
        }
        Some(config) => {
            let stream = gateway_probe::connect_tls(&peer.address, &peer.server_name, config)
                .await
                .map_err(no_answer)?;
            request(stream, flags, token).await
        }
    }
}

async fn request<S>(stream: S, flags: &SandboxFlags, token: &str) -> Result<&'static str, Attempt>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .map_err(no_http)?;
    // Ends with the tunnel, or with the answer that denies it.
    tokio::spawn(connection.with_upgrades());
    let request = Request::connect("/connect/ssh")
        .header("x-sandbox-id", &flags.id)
        .header("x-sandbox-token", token)
        .body(Empty::<Bytes>::new())
        .map_err(|error| Attempt::Denied(StatusCode::BAD_REQUEST, error.to_string()))?;
    let answer = sender.send_request(request).await.map_err(no_http)?;
    let status = answer.status();
    if status != StatusCode::OK {
        let text = Limited::new(answer.into_body(), LONGEST_TEXT).collect().await;
        let text = text.map(|text| text.to_bytes()).unwrap_or_default();
        return Err(Attempt::Denied(
            status,
            String::from_utf8_lossy(&text).into_owned(),
        ));
    }
    if !flags.handshake && !flags.ssh {
        return Ok("the gateway opened a tunnel");
    }
    let mut tunnel = TokioIo::new(hyper::upgrade::on(answer).await.map_err(no_http)?);
    proof(&mut tunnel, flags.ssh).await
}

/// What the tunnel shows of the handshake. Nothing is sent: a sandbox may keep what it is told.
async fn proof(tunnel: &mut (impl AsyncRead + Unpin), must_be_ssh: bool) -> Result<&'static str, Attempt> {
    let mut said = Vec::new();
    let listening = async {
        while said.len() < IDENTIFICATION.len() && IDENTIFICATION.starts_with(&said) {
            if !matches!(tunnel.read_buf(&mut said).await, Ok(1..)) {
                return false;
            }
        }
        true
    };
    let limit = if must_be_ssh { SPEAKS_WITHIN } else { STAYS_OPEN };
    let stays_open = tokio::time::timeout(limit, listening).await.unwrap_or(true);
    match (said.is_empty(), said.starts_with(IDENTIFICATION)) {
        (_, true) => Ok("the sandbox took the handshake, and its SSH server answers"),
        (true, _) if !stays_open => Err(Attempt::Closed),
        (true, _) if must_be_ssh => Err(Attempt::NoSsh("nothing")),
        (false, _) if must_be_ssh => Err(Attempt::NoSsh("something else")),
        (true, _) => Ok("the gateway keeps the tunnel open; the sandbox says nothing by itself"),
        (false, _) => Ok("the sandbox took the handshake and spoke"),
    }
}

/// A peer that speaks no HTTP, or that went away: with the error of the connection where there is one.
fn no_http(error: hyper::Error) -> Attempt {
    let mut next: Option<&dyn std::error::Error> = Some(&error);
    while let Some(cause) = next {
        if let Some(error) = cause.downcast_ref::<std::io::Error>() {
            return Attempt::NoAnswer(Outcome::of(error));
        }
        next = cause.source();
    }
    Attempt::NoAnswer(if error.is_parse() {
        Outcome::NotHttp2 {
            detail: error.to_string(),
        }
    } else {
        Outcome::Reset
    })
}

fn said(status: &str, text: &str) -> String {
    let text = text.trim();
    if text.is_empty() {
        format!("the gateway answers {status}")
    } else {
        format!("the gateway answers {status}: {}", text.escape_debug())
    }
}

/// What a status other than 412 means. It is not asked again.
fn denied(status: StatusCode, text: &str) -> Failure {
    let (compare, look) = (
        compare_secret(),
        format!("see who answers there: {}", contract::typed("gw-detect")),
    );
    let (reason, meaning, hint) = match status.as_u16() {
        401 => (
            TOKEN_REFUSED,
            "the token is missing or not this sandbox's",
            "see that --id and --token-file belong together",
        ),
        404 => (
            NO_SANDBOX,
            "there is no such sandbox",
            "see that --id and --gateway are right",
        ),
        429 => (
            TOO_MANY_TUNNELS,
            "the sandbox has as many tunnels as it may have",
            "close one, then run it again",
        ),
        502 => (
            SANDBOX_UNREACHABLE,
            "its pod is ready, and cannot be reached or refuses the gateway's handshake",
            &*compare,
        ),
        _ => (UNEXPECTED_STATUS, "a gateway does not answer so", &*look),
    };
    reason.failure(format!("{meaning}; {}", said(status.as_str(), text)), hint)
}

fn closed(id: &str) -> Failure {
    HANDSHAKE_REFUSED.failure(
        format!(
            "the tunnel to sandbox {id} was opened and closed at once: it refuses the gateway's handshake"
        ),
        compare_secret(),
    )
}

fn compare_secret() -> String {
    format!(
        "compare the handshake secret: {}",
        contract::typed("gw-sshsecret reconcile --dry-run")
    )
}

fn no_ssh(id: &str, what: &str) -> Failure {
    NO_SSH.failure(
        format!(
            "sandbox {id} is reached, and {what} comes through the tunnel where an SSH server says who it is"
        ),
        "without --ssh, a sandbox may speak as it likes",
    )
}
