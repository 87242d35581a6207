//! Commands in sandboxes: over a stream that the sandbox's supervisor opens.

use prost::Message;
use reference_base::api::relay_frame::Payload;
use reference_base::api::{ExecSandboxEvent, ExecSandboxRequest, RelayFrame, exec_sandbox_event};
use reference_base::streams::Received;
use tokio::sync::mpsc::{self, Sender};
use tonic::Status;

use crate::phase::Phase;
use crate::sessions::Relay;
use crate::store::Record;
use crate::world::World;

/// Starts a command; the stream tells what it says, and at last its exit code.
pub async fn run(
    world: &World,
    record: &Record,
    request: &ExecSandboxRequest,
) -> Result<Received<Result<ExecSandboxEvent, Status>>, Status> {
    if request.command.is_empty() {
        return Err(Status::invalid_argument("there is no command"));
    }
    if record.phase != Phase::Ready {
        let message = format!("sandbox {} is in phase {}", record.name, record.phase);
        return Err(Status::failed_precondition(message));
    }
    let relay = world.sessions.open(&record.id).await?;
    let frame = RelayFrame {
        payload: Some(Payload::Data(request.encode_to_vec())),
    };
    let lost = |_| Status::unavailable("the sandbox closed the stream");
    relay.outgoing.send(Ok(frame)).await.map_err(lost)?;
    let (events, told) = mpsc::channel(16);
    tokio::spawn(async move {
        if let Err(status) = pass_on(relay, &events).await {
            let _ = events.send(Err(status)).await;
        }
    });
    Ok(Received(told))
}

/// Ends with the exit code, with the stream, or with who listens.
async fn pass_on(mut relay: Relay, events: &Sender<Result<ExecSandboxEvent, Status>>) -> Result<(), Status> {
    loop {
        let frame = tokio::select! {
            frame = relay.incoming.message() => frame?,
            () = events.closed() => return Ok(()),
        };
        let Some(RelayFrame {
            payload: Some(Payload::Data(data)),
        }) = frame
        else {
            return Err(Status::unavailable("the sandbox closed the stream"));
        };
        let event = ExecSandboxEvent::decode(data.as_slice())
            .map_err(|error| Status::internal(format!("the sandbox: {error}")))?;
        let is_last = matches!(event.payload, Some(exec_sandbox_event::Payload::Exit(_)));
        if events.send(Ok(event)).await.is_err() || is_last {
            return Ok(());
        }
    }
}
