//! The calls of supervisors. Who has a client certificate of this gateway may make them.

use std::sync::Arc;
use std::time::Duration;

use reference_base::api::gateway_message::Payload;
use reference_base::api::relay_frame::Payload as Frame;
use reference_base::api::supervisor_message::Payload as Said;
use reference_base::api::{
    GatewayHeartbeat, GatewayMessage, RelayFrame, ReportMainProcessExitRequest, SessionAccepted,
    SessionRejected, SupervisorHello, SupervisorMessage,
};
use reference_base::log::{self, Level};
use reference_base::streams::Received;
use tokio::sync::mpsc;
use tonic::{Status, Streaming};

use crate::sessions::{Outgoing, Relay};
use crate::world::World;

/// How often either side says that it is there.
const HEARTBEAT: Duration = Duration::from_secs(2);
/// How long a supervisor may be silent: a node that lost power closes no connection.
const SILENCE: Duration = Duration::from_secs(6);

/// Holds the session of a supervisor until either side ends it.
pub async fn connect(
    world: Arc<World>,
    mut incoming: Streaming<SupervisorMessage>,
) -> Result<Received<Result<GatewayMessage, Status>>, Status> {
    let hello = match tokio::time::timeout(SILENCE, incoming.message()).await {
        Ok(first) => first?.and_then(|first| first.payload),
        Err(_) => None,
    };
    let Some(Said::Hello(hello)) = hello else {
        return Err(Status::invalid_argument("the first message must be a hello"));
    };
    let (outgoing, told) = mpsc::channel(16);
    let known = world
        .store
        .find(&hello.sandbox_id)
        .map_err(|error| internal(&error))?;
    if known.is_none() {
        let reason = "no sandbox has this id".to_owned();
        let rejected = message(Payload::SessionRejected(SessionRejected { reason }));
        let _ = outgoing.send(Ok(rejected)).await;
    } else {
        tokio::spawn(hold(world, hello, incoming, outgoing));
    }
    Ok(Received(told))
}

async fn hold(
    world: Arc<World>,
    hello: SupervisorHello,
    mut incoming: Streaming<SupervisorMessage>,
    outgoing: Outgoing,
) {
    let sandbox = hello.sandbox_id.as_str();
    let session_id = world.sessions.begin(sandbox, outgoing.clone());
    let accepted = SessionAccepted {
        session_id: session_id.clone(),
        heartbeat_interval: prost_types::Duration::try_from(HEARTBEAT).ok(),
    };
    if outgoing
        .send(Ok(message(Payload::SessionAccepted(accepted))))
        .await
        .is_ok()
    {
        log::write(
            Level::Info,
            format_args!("sandbox {sandbox}: connected ({})", hello.instance_id),
        );
        world.phases.session_is(sandbox, true);
        let mut ticks = tokio::time::interval(HEARTBEAT);
        let mut heard = tokio::time::Instant::now();
        loop {
            tokio::select! {
                said = incoming.message() => match said {
                    Ok(Some(_)) => heard = tokio::time::Instant::now(),
                    Ok(None) | Err(_) => break,
                },
                _ = ticks.tick() => {
                    let beat = message(Payload::Heartbeat(GatewayHeartbeat {}));
                    if heard.elapsed() > SILENCE || outgoing.send(Ok(beat)).await.is_err() {
                        break;
                    }
                }
            }
        }
    }
    if world.sessions.end(sandbox, &session_id) {
        log::write(Level::Info, format_args!("sandbox {sandbox}: disconnected"));
        world.phases.session_is(sandbox, false);
    }
}

/// Keeps the report that a main process ended. One of a sandbox that is not known is acknowledged: nobody waits for it.
pub fn main_process_ended(world: &World, report: &ReportMainProcessExitRequest) -> Result<(), Status> {
    world
        .phases
        .main_process_ended(&report.sandbox_id, report.exit_code)
        .map_err(|error| internal(&error))
}

/// Hands a stream to who asked for it.
pub async fn relay(
    world: &World,
    mut incoming: Streaming<RelayFrame>,
) -> Result<Received<Result<RelayFrame, Status>>, Status> {
    let first = incoming.message().await?.and_then(|first| first.payload);
    let Some(Frame::Init(init)) = first else {
        return Err(Status::invalid_argument("the first frame must name a channel"));
    };
    let (outgoing, told) = mpsc::channel(16);
    world
        .sessions
        .opened(&init.channel_id, Relay { incoming, outgoing })?;
    Ok(Received(told))
}

fn message(payload: Payload) -> GatewayMessage {
    GatewayMessage {
        payload: Some(payload),
    }
}

fn internal(error: &anyhow::Error) -> Status {
    Status::internal(format!("{error:#}"))
}
