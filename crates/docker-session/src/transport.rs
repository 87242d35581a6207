//! HTTP over a connection of its own for each request, and the question in which version to speak.

use bollard::errors::Error;
use bollard::{BollardRequest, ClientVersion};
use bytes::Bytes;
use http::header::{HOST, HeaderMap, HeaderValue};
use http::{Request, Response};
use http_body_util::{BodyExt, Empty};
use hyper::body::{Body, Incoming};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;

use crate::dial::Dialer;

/// Sends a request of bollard's.
pub async fn send(dialer: Dialer, request: BollardRequest) -> Result<Response<Incoming>, Error> {
    match exchange(&dialer, request).await {
        Err(error) => Err(explained(&dialer, error).await),
        sent => sent,
    }
}

/// With what ssh says of it, if Docker is behind ssh.
async fn explained(dialer: &Dialer, error: Error) -> Error {
    match dialer.complaint().await {
        Some(complaint) => std::io::Error::other(format!("ssh: {complaint}")).into(),
        None => error,
    }
}

async fn exchange<B>(dialer: &Dialer, mut request: Request<B>) -> Result<Response<Incoming>, Error>
where
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let stream = dialer.dial().await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection.with_upgrades());
    // On a connection of one's own the request names the path alone.
    let path = request.uri().path_and_query().cloned();
    *request.uri_mut() = path.map_or_else(|| http::Uri::from_static("/"), http::Uri::from);
    request
        .headers_mut()
        .insert(HOST, HeaderValue::from_static("docker"));
    Ok(sender.send_request(request).await?)
}

/// What an engine says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Greeting {
    /// The newest version of the API that it speaks; `None` where it does not say.
    pub version: Option<(usize, usize)>,
    /// It is podman, which speaks Docker's API.
    pub podman: bool,
}

/// Asks `/_ping`, whose answer carries the version in its header: far cheaper for an engine than `/version`, for which
/// it starts programs.
pub async fn greet(dialer: &Dialer) -> Result<Greeting, Error> {
    let (headers, _) = get(dialer, "/_ping").await?;
    let version = headers.get("Api-Version").and_then(|value| value.to_str().ok());
    Ok(Greeting {
        version: version.and_then(parse),
        podman: headers.contains_key("Libpod-Api-Version"),
    })
}

/// Headers and body of the answer to a GET.
pub async fn get(dialer: &Dialer, path: &str) -> Result<(HeaderMap, Bytes), Error> {
    let request = Request::get(path).body(Empty::<Bytes>::new())?;
    let answer = match exchange(dialer, request).await {
        Err(error) => return Err(explained(dialer, error).await),
        Ok(answer) => answer,
    };
    let (head, body) = answer.into_parts();
    let body = body.collect().await?.to_bytes();
    if head.status.is_success() {
        return Ok((head.headers, body));
    }
    Err(Error::DockerResponseServerError {
        status_code: head.status.as_u16(),
        message: String::from_utf8_lossy(&body).into_owned(),
    })
}

fn parse(text: &str) -> Option<(usize, usize)> {
    let (major, minor) = text.split_once('.')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

/// The newest version that both sides know; an engine that does not say is taken for the oldest that is supported.
pub fn agreed(
    engine: Option<(usize, usize)>,
    newest: &ClientVersion,
    oldest: (usize, usize),
) -> (usize, usize) {
    engine
        .unwrap_or(oldest)
        .min((newest.major_version, newest.minor_version))
}
