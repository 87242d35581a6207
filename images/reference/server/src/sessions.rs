//! The supervisors that are connected, and the streams that they open when they are asked to.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use reference_base::api::gateway_message::Payload;
use reference_base::api::relay_open::Target;
use reference_base::api::{GatewayMessage, RelayFrame, RelayOpen, SshRelayTarget};
use tokio::sync::{mpsc, oneshot};
use tonic::{Status, Streaming};

/// How long a supervisor may take to open a stream.
const OPEN_TIME: Duration = Duration::from_secs(10);

/// What a supervisor is told.
pub type Outgoing = mpsc::Sender<Result<GatewayMessage, Status>>;

/// A stream that a supervisor opened.
pub struct Relay {
    /// What it says.
    pub incoming: Streaming<RelayFrame>,
    /// What it is told.
    pub outgoing: mpsc::Sender<Result<RelayFrame, Status>>,
}

struct Session {
    id: String,
    outgoing: Outgoing,
}

/// The supervisors that are connected.
#[derive(Default)]
pub struct Sessions {
    by_sandbox: Mutex<HashMap<String, Session>>,
    awaited: Mutex<HashMap<String, oneshot::Sender<Relay>>>,
}

impl Sessions {
    /// A supervisor is there; a session of before is over.
    pub fn begin(&self, sandbox_id: &str, outgoing: Outgoing) -> String {
        let id = uuid::Uuid::new_v4().to_string();
        let session = Session {
            id: id.clone(),
            outgoing,
        };
        locked(&self.by_sandbox).insert(sandbox_id.to_owned(), session);
        id
    }

    /// A session is over; `false`: another one has taken its place.
    pub fn end(&self, sandbox_id: &str, id: &str) -> bool {
        let mut all = locked(&self.by_sandbox);
        let is_last = all.get(sandbox_id).is_some_and(|session| session.id == id);
        if is_last {
            all.remove(sandbox_id);
        }
        is_last
    }

    /// Asks the supervisor of a sandbox to open a stream.
    pub async fn open(&self, sandbox_id: &str) -> Result<Relay, Status> {
        let outgoing = locked(&self.by_sandbox)
            .get(sandbox_id)
            .map(|session| session.outgoing.clone());
        let outgoing = outgoing.ok_or_else(|| Status::unavailable("the sandbox is not connected"))?;
        let channel_id = uuid::Uuid::new_v4().to_string();
        let (sender, opened) = oneshot::channel();
        locked(&self.awaited).insert(channel_id.clone(), sender);
        let open = RelayOpen {
            channel_id: channel_id.clone(),
            target: Some(Target::Ssh(SshRelayTarget {})),
        };
        let message = GatewayMessage {
            payload: Some(Payload::RelayOpen(open)),
        };
        let relay = async {
            outgoing.send(Ok(message)).await.ok()?;
            opened.await.ok()
        };
        let relay = tokio::time::timeout(OPEN_TIME, relay).await;
        locked(&self.awaited).remove(&channel_id);
        relay
            .ok()
            .flatten()
            .ok_or_else(|| Status::unavailable("the sandbox did not answer"))
    }

    /// A supervisor opened a stream that somebody waits for.
    pub fn opened(&self, channel_id: &str, relay: Relay) -> Result<(), Status> {
        let unwanted = || Status::not_found("nobody waits for this stream");
        let waiting = locked(&self.awaited).remove(channel_id).ok_or_else(unwanted)?;
        waiting.send(relay).map_err(|_| unwanted())
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::Sessions;

    #[tokio::test]
    async fn the_end_of_an_outdated_session_changes_nothing() {
        let sessions = Sessions::default();
        let (outgoing, _keep) = tokio::sync::mpsc::channel(1);
        let first = sessions.begin("1", outgoing.clone());
        let second = sessions.begin("1", outgoing);
        assert!(!sessions.end("1", &first));
        assert!(sessions.end("1", &second));
        assert!(!sessions.end("1", &second));
    }

    #[tokio::test]
    async fn a_sandbox_that_is_not_connected_cannot_be_asked() {
        let status = Sessions::default().open("1").await.err().expect("refused");
        assert_eq!(status.code(), tonic::Code::Unavailable);
    }
}
