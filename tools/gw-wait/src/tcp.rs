//! A TCP port takes connections.

use std::io::ErrorKind;
use std::time::{Duration, Instant};

use contract::{Context, Failure};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

use crate::flags::TcpFlags;
use crate::pace::Pace;
use crate::report::{CauseField, Report, begin, cut_short, end_of, failed, holds, timed_out};

/// Docker's port forwarder takes a connection and closes it at once where nothing listens inside the container.
const CLOSED_AT_ONCE: Duration = Duration::from_millis(15);

/// Connects until a connection stays.
pub async fn wait(flags: &TcpFlags, context: &Context<Report>) -> Result<(), Failure> {
    begin(context, "tcp", &flags.address);
    let end = end_of(context);
    let mut pace = Pace::up_to(flags.backoff_max);
    loop {
        let (cause, is_closed) = match tokio::time::timeout_at(end.into(), attempt(flags)).await {
            Ok(Ok(())) => {
                holds(context, "a connection was taken and stayed");
                return Ok(());
            }
            Ok(Err(failed)) => failed,
            Err(_) => {
                cut_short(context);
                break;
            }
        };
        context
            .console
            .waiting(&format!("TCP at {}: {}", flags.address, cause.detail));
        failed(context, cause);
        let pause = pace.next_pause(is_closed);
        if Instant::now() + pause >= end {
            break;
        }
        tokio::time::sleep(pause).await;
    }
    let what = format!("nothing took connections at {}", flags.address);
    let look = format!("{} says who has the port", contract::typed("gw-detect"));
    Err(timed_out(context, &what, &look))
}

/// The error says whether the port is closed, as opposed to an address that does not answer.
async fn attempt(flags: &TcpFlags) -> Result<(), (CauseField, bool)> {
    let connected = tokio::time::timeout(flags.connect_timeout, TcpStream::connect(&flags.address)).await;
    let mut stream = match connected {
        Err(_) => return Err((CauseField::new("timed_out", "no answer in time"), false)),
        Ok(Err(error)) => return Err(of(&error)),
        Ok(Ok(stream)) => stream,
    };
    let mut byte = [0];
    match tokio::time::timeout(CLOSED_AT_ONCE, stream.read(&mut byte)).await {
        Err(_) | Ok(Ok(1..)) => Ok(()),
        Ok(Ok(0)) => Err((
            CauseField::new("reset", "the connection is accepted and closed at once"),
            true,
        )),
        Ok(Err(error)) => Err(of(&error)),
    }
}

fn of(error: &std::io::Error) -> (CauseField, bool) {
    match error.kind() {
        ErrorKind::ConnectionRefused => (CauseField::new("refused", "nothing listens on the port"), true),
        ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted | ErrorKind::BrokenPipe => (
            CauseField::new("reset", "the connection is accepted and closed at once"),
            true,
        ),
        _ => (CauseField::new("unreachable", error.to_string()), false),
    }
}
