//! A TCP port takes connections.

use std::io::ErrorKind;
use std::time::{Duration, Instant};

use contract::{Context, Failure};
use tokio::io::AsyncReadExt;
use tokio::net::TcpStream;

use crate::flags::TcpFlags;
use crate::pace::{Pace, Port};
use crate::report::{CauseField, Report, begin, cut_short, end_of, failed, holds, timed_out};

/// Docker's port forwarder takes a connection and closes it at once where nothing listens inside the container.
const CLOSED_AT_ONCE: Duration = Duration::from_millis(15);

/// Why no connection stayed.
struct Unconnected {
    cause: CauseField,
    port: Port,
}

/// Connects until a connection stays.
pub async fn wait(flags: &TcpFlags, context: &Context<Report>) -> Result<(), Failure> {
    begin(context, "tcp", &flags.address);
    let end = end_of(context);
    let mut pace = Pace::up_to(flags.backoff_max);
    loop {
        let Unconnected { cause, port } = match tokio::time::timeout_at(end.into(), attempt(flags)).await {
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
        let pause = pace.next_pause(port);
        if Instant::now() + pause >= end {
            break;
        }
        tokio::time::sleep(pause).await;
    }
    let what = format!("nothing took connections at {}", flags.address);
    let look = format!("{} says who has the port", contract::typed("gw-detect"));
    Err(timed_out(context, &what, &look))
}

async fn attempt(flags: &TcpFlags) -> Result<(), Unconnected> {
    let connected = tokio::time::timeout(flags.connect_timeout, TcpStream::connect(&flags.address)).await;
    let mut stream = match connected {
        Err(_) => {
            return Err(Unconnected {
                cause: CauseField::new("timed_out", "no answer in time"),
                port: Port::Open,
            });
        }
        Ok(Err(error)) => return Err(of(&error)),
        Ok(Ok(stream)) => stream,
    };
    let mut byte = [0];
    match tokio::time::timeout(CLOSED_AT_ONCE, stream.read(&mut byte)).await {
        Err(_) | Ok(Ok(1..)) => Ok(()),
        Ok(Ok(0)) => Err(closed_at_once()),
        Ok(Err(error)) => Err(of(&error)),
    }
}

fn of(error: &std::io::Error) -> Unconnected {
    match error.kind() {
        ErrorKind::ConnectionRefused => Unconnected {
            cause: CauseField::new("refused", "nothing listens on the port"),
            port: Port::Closed,
        },
        ErrorKind::ConnectionReset | ErrorKind::ConnectionAborted | ErrorKind::BrokenPipe => closed_at_once(),
        _ => Unconnected {
            cause: CauseField::new("unreachable", error.to_string()),
            port: Port::Open,
        },
    }
}

fn closed_at_once() -> Unconnected {
    Unconnected {
        cause: CauseField::new("reset", "the connection is accepted and closed at once"),
        port: Port::Closed,
    }
}
