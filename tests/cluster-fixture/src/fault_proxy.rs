//! A proxy between a tool and an API server: it counts, notes and spoils requests.

use std::io;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use kube::Client;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use serde_json::json;
use tempfile::NamedTempFile;
use tokio::sync::Notify;
use tokio_rustls::TlsAcceptor;

use crate::asked::Asked;
use crate::background::Background;
use crate::fault::{Fault, When};
use crate::kubeconfig;

/// Listens on 127.0.0.1 with a certificate of its own and passes requests on with the kubeconfig's credentials.
/// Watches are not passed on: an answer is read whole before it is given.
pub struct FaultProxy {
    kubeconfig: NamedTempFile,
    shared: Arc<Shared>,
    _server: Background,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    released: Notify,
}

#[derive(Default)]
struct State {
    asked: Vec<Asked>,
    fault: Option<(Fault, When)>,
    withheld: bool,
    answered: usize,
}

impl FaultProxy {
    /// A proxy before the API server that a kubeconfig names.
    ///
    /// # Panics
    /// Where the kubeconfig is wrong.
    pub fn before(upstream: &Path) -> Self {
        let (tls, ca) = server_tls();
        let shared = Arc::new(Shared::default());
        let upstream = upstream.to_owned();
        let serving = Arc::clone(&shared);
        let server = Background::start(async move || {
            let client = kubeconfig::client(&upstream).await;
            let acceptor = TlsAcceptor::from(tls);
            move |stream| {
                let (acceptor, client, shared) = (acceptor.clone(), client.clone(), Arc::clone(&serving));
                async move {
                    let Ok(stream) = acceptor.accept(stream).await else {
                        return;
                    };
                    let service =
                        service_fn(move |request| answer(Arc::clone(&shared), client.clone(), request));
                    let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
                    // A connection ends with an error where a fault cuts it.
                    let _ = connection.await;
                }
            }
        });
        Self {
            kubeconfig: kubeconfig::write(&format!("https://{}", server.address), Some(&ca)),
            shared,
            _server: server,
        }
    }

    /// The kubeconfig for the tool.
    pub fn kubeconfig(&self) -> &Path {
        self.kubeconfig.path()
    }

    /// Spoils requests from now on; what was asked until now is forgotten, so that counting starts anew.
    pub fn inject(&self, fault: Fault, when: When) {
        *self.shared.lock() = State {
            fault: Some((fault, when)),
            ..State::default()
        };
    }

    /// Passes everything on from now on; counting starts anew.
    pub fn heal(&self) {
        *self.shared.lock() = State::default();
    }

    /// Every request since counting started.
    pub fn asked(&self) -> Vec<Asked> {
        self.shared.lock().asked.clone()
    }

    /// Requests that change something.
    pub fn writes(&self) -> Vec<Asked> {
        let mut asked = self.asked();
        asked.retain(Asked::is_write);
        asked
    }

    /// Lets go of requests that [`Fault::Hold`] holds, and spoils none from now on.
    pub fn release(&self) {
        self.shared.lock().fault = None;
        self.shared.released.notify_waiters();
    }

    /// Waits until [`Fault::Withhold`] or [`Fault::Hold`] holds something; false where that has not happened in time.
    pub fn wait_withheld(&self, patience: Duration) -> bool {
        self.wait_until(patience, |state| state.withheld)
    }

    /// Waits until this many requests were asked since counting started; false where they were not in time.
    pub fn wait_asked(&self, count: usize, patience: Duration) -> bool {
        self.wait_until(patience, |state| state.asked.len() >= count)
    }

    /// Waits until the API server has answered this many requests; false where it has not in time.
    pub fn wait_answered(&self, count: usize, patience: Duration) -> bool {
        self.wait_until(patience, |state| state.answered >= count)
    }

    fn wait_until(&self, patience: Duration, is_met: impl Fn(&State) -> bool) -> bool {
        let state = self.shared.lock();
        let waited = self
            .shared
            .changed
            .wait_timeout_while(state, patience, |state| !is_met(state));
        is_met(&waited.unwrap_or_else(PoisonError::into_inner).0)
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn says_withheld(&self) {
        self.lock().withheld = true;
        self.changed.notify_all();
    }

    /// Notes a request; the fault that hits it.
    fn note(&self, request: Asked) -> Option<Fault> {
        let mut state = self.lock();
        let is_write = request.is_write();
        let path = request.path.clone();
        state.asked.push(request);
        self.changed.notify_all();
        let number = state.asked.len();
        let write = is_write.then(|| state.asked.iter().filter(|asked| asked.is_write()).count());
        let (fault, when) = state.fault?;
        when.hits(&path, number, write).then_some(fault)
    }
}

async fn answer(
    shared: Arc<Shared>,
    client: Client,
    request: Request<Incoming>,
) -> io::Result<Response<Full<Bytes>>> {
    let asked = Asked {
        method: request.method().to_string(),
        path: request.uri().path().to_owned(),
    };
    let is_create = asked.method == "POST";
    let fault = shared.note(asked);
    match fault {
        Some(Fault::Status(code)) => return Ok(refusal(code, is_create)),
        Some(Fault::RetryAfter(seconds)) => return Ok(too_many(seconds)),
        Some(Fault::NotFoundOther) => return Ok(status(404, "NotFound", "another-object")),
        Some(Fault::Cut) => return Err(cut()),
        Some(Fault::Stall(long)) => tokio::time::sleep(long).await,
        Some(Fault::Hold) => {
            let released = shared.released.notified();
            shared.says_withheld();
            released.await;
        }
        _ => {}
    }
    let (head, body) = pass_on(&client, request).await.map_err(io::Error::other)?;
    shared.lock().answered += 1;
    shared.changed.notify_all();
    match fault {
        Some(Fault::CutAnswer) => Err(cut()),
        Some(Fault::Withhold) => {
            shared.says_withheld();
            std::future::pending().await
        }
        Some(Fault::Truncated) => Ok(Response::from_parts(head, body.slice(..body.len() / 2).into())),
        _ => Ok(Response::from_parts(head, body.into())),
    }
}

async fn pass_on(
    client: &Client,
    request: Request<Incoming>,
) -> Result<(http::response::Parts, Bytes), Box<dyn std::error::Error + Send + Sync>> {
    let (mut head, body) = request.into_parts();
    head.headers.remove(header::HOST);
    head.headers.remove(header::CONTENT_LENGTH);
    let body = body.collect().await?.to_bytes();
    let answer = client.send(Request::from_parts(head, body.into())).await?;
    let (mut head, body) = answer.into_parts();
    head.headers.remove(header::CONTENT_LENGTH);
    head.headers.remove(header::TRANSFER_ENCODING);
    head.version = http::Version::HTTP_11;
    Ok((head, body.collect_bytes().await?))
}

fn cut() -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionAborted, "cut by the test")
}

fn refusal(code: u16, is_create: bool) -> Response<Full<Bytes>> {
    let reason = match code {
        403 => "Forbidden",
        409 if is_create => "AlreadyExists",
        409 => "Conflict",
        429 => "TooManyRequests",
        _ => "InternalError",
    };
    status(code, reason, "")
}

fn too_many(seconds: u32) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from("Too many requests, please try again later.\n"));
    *response.status_mut() = StatusCode::TOO_MANY_REQUESTS;
    response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    response
}

/// A `Status`, as the API server answers with.
pub fn status(code: u16, reason: &str, name: &str) -> Response<Full<Bytes>> {
    let retry_after = u8::from(code == 429);
    let text = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": format!("{reason}, injected by the test"), "reason": reason, "code": code,
        "details": { "name": name, "retryAfterSeconds": retry_after },
    });
    let mut response = Response::new(Full::from(text.to_string()));
    *response.status_mut() = StatusCode::from_u16(code).expect("a status code");
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_TYPE,
        header::HeaderValue::from_static("application/json"),
    );
    if retry_after > 0 {
        headers.insert(header::RETRY_AFTER, header::HeaderValue::from_static("1"));
    }
    response
}

/// TLS of a server on 127.0.0.1, and the CA to trust (PEM).
fn server_tls() -> (Arc<ServerConfig>, String) {
    let mut authority = CertificateParams::default();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority =
        CertifiedIssuer::self_signed(authority, KeyPair::generate().expect("a key")).expect("a certificate");
    let key = KeyPair::generate().expect("a key");
    let certificate = CertificateParams::new(vec!["127.0.0.1".to_owned()])
        .and_then(|parameters| parameters.signed_by(&key, &authority))
        .expect("a certificate");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("TLS versions of the provider")
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der())),
        )
        .expect("certificate and key match");
    (Arc::new(config), authority.pem())
}
