//! Ports of pods, as `pods/NAME/portforward` leads to them over a WebSocket of protocol v4.channel.k8s.io. Source: Kubernetes,
//! pkg/kubelet/pkg/cri/streaming/portforward/websocket.go.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::{SinkExt, StreamExt};
use http::{Request, Response, StatusCode, header};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::Role;

use crate::objects::{self, missing, status};
use crate::{Body, Kubernetes, answered};

/// The channel of bytes, and that of errors, of the only port of a stream.
const DATA: u8 = 0;
const ERROR: u8 = 1;

/// Where ports of pods lead, and how many streams there were.
#[derive(Clone, Default)]
pub struct Ports(Arc<Mutex<State>>);

#[derive(Default)]
struct State {
    leads_to: BTreeMap<(String, u16), SocketAddr>,
    streams: Vec<String>,
}

/// The pod whose port is asked for.
pub fn pod_of(path: &str) -> Option<&str> {
    path.strip_suffix("/portforward")?.rsplit('/').next()
}

impl Kubernetes {
    /// A pod's port leads to this address. A port that leads nowhere is refused, as the node says it.
    pub fn lead(&self, pod: &str, port: u16, address: SocketAddr) {
        let mut state = self.ports.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.leads_to.insert((pod.to_owned(), port), address);
    }

    /// The pods that streams were opened to, in their order.
    pub fn streams(&self) -> Vec<String> {
        let state = self.ports.0.lock().unwrap_or_else(PoisonError::into_inner);
        state.streams.clone()
    }

    /// Answers with a WebSocket; it ends with the pod.
    pub(crate) fn forward(&self, pod: String, mut request: Request<Incoming>) -> Response<Body> {
        if self.pod(&pod).is_none() {
            let (code, answer) = missing(&pod);
            return answered(code, &answer);
        }
        let query = request.uri().query().unwrap_or_default();
        let port = query.split('&').find_map(|pair| pair.strip_prefix("ports="));
        let port = port.and_then(|port| port.parse::<u16>().ok());
        let key = request.headers().get(header::SEC_WEBSOCKET_KEY);
        let (Some(port), Some(key)) = (port, key) else {
            return answered(400, &status(400, "BadRequest", &pod));
        };
        let accept = derive_accept_key(key.as_bytes());
        let address = {
            let mut state = self.ports.0.lock().unwrap_or_else(PoisonError::into_inner);
            state.streams.push(pod.clone());
            state.leads_to.get(&(pod.clone(), port)).copied()
        };
        let upgraded = hyper::upgrade::on(&mut request);
        let mut changes = self.objects.subscribe();
        self.tasks().spawn(async move {
            let Ok(upgraded) = upgraded.await else { return };
            let socket = WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, None).await;
            let path = objects::pod_path(&pod);
            let gone = changes.wait_for(|objects| objects.get(&path).is_none());
            tokio::select! {
                _ = gone => {}
                () = lead(socket, port, address) => {}
            }
        });
        let switched = Response::builder()
            .status(StatusCode::SWITCHING_PROTOCOLS)
            .header(header::CONNECTION, "Upgrade")
            .header(header::UPGRADE, "websocket")
            .header(header::SEC_WEBSOCKET_ACCEPT, accept)
            .header(header::SEC_WEBSOCKET_PROTOCOL, "v4.channel.k8s.io");
        switched
            .body(Full::<Bytes>::default().boxed_unsync())
            .expect("headers that are right")
    }
}

/// Says which port each channel belongs to, and passes bytes on until one side ends.
async fn lead<S>(mut socket: WebSocketStream<S>, port: u16, address: Option<SocketAddr>)
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    for channel in [DATA, ERROR] {
        let [low, high] = port.to_le_bytes();
        let _ = socket.send(Message::binary(vec![channel, low, high])).await;
    }
    let connected = match address {
        Some(address) => TcpStream::connect(address).await.ok(),
        None => None,
    };
    if let Some(mut connection) = connected {
        let mut bytes = vec![0; 8192];
        loop {
            tokio::select! {
                read = connection.read(&mut bytes) => match read {
                    Ok(count) if count > 0 => {
                        let framed = [&[DATA], &bytes[..count]].concat();
                        if socket.send(Message::binary(framed)).await.is_err() {
                            return;
                        }
                    }
                    _ => break,
                },
                message = socket.next() => match message {
                    Some(Ok(Message::Binary(framed))) if framed.first() == Some(&DATA) => {
                        if connection.write_all(&framed[1..]).await.is_err() {
                            break;
                        }
                    }
                    Some(Ok(Message::Close(_)) | Err(_)) | None => break,
                    Some(Ok(_)) => {}
                },
            }
        }
    } else {
        let text = format!("error forwarding port {port}: connection refused");
        let framed = [&[ERROR], text.as_bytes()].concat();
        let _ = socket.send(Message::binary(framed)).await;
    }
    let _ = socket.close(None).await;
}
