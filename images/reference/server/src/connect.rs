//! `CONNECT /connect/ssh`: from a client's headers to a connection with the sandbox.
//!
//! Source of headers and statuses: the gateways that OpenShell v0.0.22 to v0.0.34 make.

use std::collections::HashMap;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use http::{HeaderMap, StatusCode};
use k8s_openapi::api::core::v1::Pod;
use kube_session::explain;
use nssh1::Secret;
use reference_base::client::{ID_HEADER, TOKEN_HEADER};
use tokio::net::TcpStream;

use crate::handshake::{self, DialError};
use crate::objects;
use crate::store::Record;
use crate::world::World;

/// Tunnels that one sandbox has at once.
const MOST_TUNNELS: usize = 64;
/// How long a pod that is said to be ready is tried. After a restart of the node, Kubernetes tells the pod's old
/// address until the kubelet has looked at it.
const DIAL_TIME: Duration = Duration::from_secs(10);
/// Between two tries.
const DIAL_PAUSE: Duration = Duration::from_millis(250);

/// Why there is no tunnel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Denied {
    /// No token, or not this sandbox's.
    Token,
    /// No such sandbox.
    NoSandbox,
    /// Its pod does not answer yet: worth asking again.
    NotReady(String),
    /// All its tunnels are taken.
    TooMany,
    /// Its pod is ready and cannot be reached, or it refuses the gateway.
    Unreachable(String),
    /// The gateway's own state cannot be read.
    Broken(String),
}

impl Denied {
    /// The status of the answer.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::Token => StatusCode::UNAUTHORIZED,
            Self::NoSandbox => StatusCode::NOT_FOUND,
            Self::NotReady(_) => StatusCode::PRECONDITION_FAILED,
            Self::TooMany => StatusCode::TOO_MANY_REQUESTS,
            Self::Unreachable(_) => StatusCode::BAD_GATEWAY,
            Self::Broken(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

impl fmt::Display for Denied {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Token => write!(formatter, "{TOKEN_HEADER} is missing or wrong"),
            Self::NoSandbox => write!(formatter, "{ID_HEADER} names no sandbox"),
            Self::NotReady(cause) => write!(formatter, "the sandbox is not ready, ask again: {cause}"),
            Self::TooMany => write!(formatter, "the sandbox has {MOST_TUNNELS} connections, close one"),
            Self::Unreachable(cause) => formatter.write_str(cause),
            Self::Broken(cause) => write!(formatter, "the gateway cannot read its state: {cause}"),
        }
    }
}

/// Opens tunnels.
pub struct Connector {
    world: Arc<World>,
    secret: Secret,
    slots: Slots,
}

impl Connector {
    /// With the handshake secret that sandboxes have.
    pub fn new(world: Arc<World>, secret: Secret) -> Self {
        Self {
            world,
            secret,
            slots: Slots::default(),
        }
    }

    /// A connection with the sandbox that the headers name, past its handshake. The slot is held as long as the tunnel.
    pub async fn open(&self, headers: &HeaderMap) -> Result<(TcpStream, Slot), Denied> {
        let header = |name| {
            headers
                .get(name)
                .and_then(|value| value.to_str().ok())
                .unwrap_or_default()
        };
        let (id, token) = (header(ID_HEADER), header(TOKEN_HEADER));
        let broken = |error: anyhow::Error| Denied::Broken(format!("{error:#}"));
        let record = self.world.store.find(id).map_err(broken)?;
        let known = self.world.store.has_token(id, token).map_err(broken)?;
        let record = admit(record, token, known)?;
        let slot = self.slots.take(id).ok_or(Denied::TooMany)?;
        Ok((self.dial(&record, token).await?, slot))
    }

    async fn dial(&self, record: &Record, token: &str) -> Result<TcpStream, Denied> {
        let started = Instant::now();
        loop {
            let address = self.locate(record).await?;
            let error =
                match handshake::dial(SocketAddr::new(address, nssh1::PORT), &self.secret, token).await {
                    Ok(stream) => return Ok(stream),
                    Err(error) => error,
                };
            // The pod's address is read again: who refused may have been the next owner of an address of before.
            let is_final = match error {
                DialError::Refused => self.locate(record).await? == address,
                DialError::Unreachable(_) => false,
            };
            if is_final || started.elapsed() >= DIAL_TIME {
                return Err(Denied::Unreachable(error.to_string()));
            }
            tokio::time::sleep(DIAL_PAUSE).await;
        }
    }

    async fn locate(&self, record: &Record) -> Result<IpAddr, Denied> {
        let unknown =
            |error: kube::Error| Denied::NotReady(format!("Kubernetes does not tell: {}", explain(&error)));
        let pod = self.world.cluster.pod(&record.object).await.map_err(unknown)?;
        match address(pod.as_ref(), &record.id) {
            Err(Denied::NotReady(cause)) => {
                match self.world.cluster.object(&record.object).await.map_err(unknown)? {
                    None => Err(Denied::NoSandbox),
                    Some(_) => Err(Denied::NotReady(cause)),
                }
            }
            outcome => outcome,
        }
    }
}

fn admit(record: Option<Record>, token: &str, known: bool) -> Result<Record, Denied> {
    // Without a token nobody learns which sandboxes there are.
    if token.is_empty() {
        return Err(Denied::Token);
    }
    let record = record.ok_or(Denied::NoSandbox)?;
    if known { Ok(record) } else { Err(Denied::Token) }
}

/// The address of a pod that answers.
fn address(pod: Option<&Pod>, id: &str) -> Result<IpAddr, Denied> {
    let not_ready = |cause: &str| Denied::NotReady(cause.to_owned());
    let pod = pod.ok_or_else(|| not_ready("it has no pod"))?;
    if pod
        .metadata
        .labels
        .as_ref()
        .and_then(|labels| labels.get(objects::ID_LABEL))
        .map(String::as_str)
        != Some(id)
    {
        return Err(not_ready("the pod of its name belongs to another sandbox"));
    }
    if pod.metadata.deletion_timestamp.is_some() {
        return Err(not_ready("its pod is being replaced"));
    }
    let status = pod
        .status
        .as_ref()
        .ok_or_else(|| not_ready("its pod has no state"))?;
    let conditions = status.conditions.as_deref().unwrap_or_default();
    if !conditions
        .iter()
        .any(|condition| condition.type_ == "Ready" && condition.status == "True")
    {
        return Err(not_ready(&format!(
            "its pod is {}",
            status.phase.as_deref().unwrap_or("unknown")
        )));
    }
    let ip = status.pod_ip.as_deref().and_then(|ip| ip.parse().ok());
    ip.ok_or_else(|| not_ready("its pod has no address"))
}

/// Counts each sandbox's tunnels.
#[derive(Clone, Default)]
struct Slots(Arc<Mutex<HashMap<String, usize>>>);

/// One tunnel's place; dropping it frees the place.
pub struct Slot {
    slots: Slots,
    id: String,
}

impl Slots {
    fn take(&self, id: &str) -> Option<Slot> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(id.to_owned()).or_default();
        if *count >= MOST_TUNNELS {
            return None;
        }
        *count += 1;
        Some(Slot {
            slots: self.clone(),
            id: id.to_owned(),
        })
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut counts = self.slots.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(&self.id) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.id);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Denied, MOST_TUNNELS, Slots, address, admit};
    use crate::store::tests::record;
    use k8s_openapi::api::core::v1::Pod;
    use serde_json::json;

    fn pod(ready: &str, ip: Option<&str>, deleted: Option<&str>) -> Pod {
        serde_json::from_value(json!({
            "metadata": { "labels": { "openshell.ai/sandbox-id": "i" }, "deletionTimestamp": deleted },
            "status": { "phase": "Running", "podIP": ip, "conditions": [{ "type": "Ready", "status": ready }] },
        }))
        .unwrap()
    }

    #[test]
    fn tokens_are_demanded_before_anything_is_told() {
        let known = || Some(record("i", "n"));
        assert_eq!(admit(None, "", false).unwrap_err().status(), 401);
        assert_eq!(admit(known(), "", false).unwrap_err().status(), 401);
        assert_eq!(admit(known(), "other", false).unwrap_err().status(), 401);
        assert_eq!(admit(None, "tok", false).unwrap_err().status(), 404);
        assert_eq!(admit(known(), "tok", true).unwrap(), record("i", "n"));
    }

    #[test]
    fn only_a_ready_pod_of_the_sandbox_has_an_address() {
        let ip = Some("10.42.0.9");
        assert_eq!(
            address(Some(&pod("True", ip, None)), "i").unwrap().to_string(),
            "10.42.0.9"
        );
        for unready in [
            None,
            Some(pod("False", ip, None)),
            Some(pod("True", None, None)),
            Some(pod("True", Some(""), None)),
            Some(pod("True", ip, Some("2024-01-01T00:00:00Z"))),
            Some(Pod {
                status: None,
                ..pod("True", ip, None)
            }),
        ] {
            assert_eq!(
                address(unready.as_ref(), "i").unwrap_err().status(),
                412,
                "{unready:?}"
            );
        }
        assert_eq!(
            address(Some(&pod("True", ip, None)), "other")
                .unwrap_err()
                .status(),
            412
        );
    }

    #[test]
    fn tunnels_are_counted_by_sandbox_and_freed() {
        let slots = Slots::default();
        let taken: Vec<_> = (0..MOST_TUNNELS)
            .map(|_| slots.take("i").expect("a slot"))
            .collect();
        assert!(slots.take("i").is_none());
        assert!(slots.take("other").is_some());
        drop(taken);
        assert!(slots.take("i").is_some());
        assert!(
            slots.0.lock().unwrap().is_empty(),
            "counts of nothing are forgotten"
        );
    }

    #[test]
    fn each_denial_has_the_status_that_clients_know() {
        let text = String::new;
        for (denied, status) in [
            (Denied::TooMany, 429),
            (Denied::Unreachable(text()), 502),
            (Denied::Broken(text()), 500),
        ] {
            assert_eq!(denied.status(), status);
        }
    }
}
