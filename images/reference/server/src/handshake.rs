//! The gateway's side of NSSH1: reaches a sandbox's program and signs.

use std::fmt;
use std::net::SocketAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use nssh1::Secret;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long a sandbox may take to take a connection.
const CONNECT_TIME: Duration = Duration::from_secs(3);
/// How long a sandbox may take to answer a handshake.
const ANSWER_TIME: Duration = Duration::from_secs(10);

/// Why no session came about.
#[derive(Debug, PartialEq, Eq)]
pub enum DialError {
    /// Nobody answers there: perhaps not yet.
    Unreachable(String),
    /// The sandbox refused the handshake, or it is no sandbox.
    Refused,
}

impl fmt::Display for DialError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable(cause) => write!(formatter, "the sandbox cannot be reached: {cause}"),
            Self::Refused => formatter.write_str(
                "the sandbox refused the handshake: it was made with another handshake secret, or its clock is off",
            ),
        }
    }
}

/// A connection to the sandbox on which the handshake succeeded; nothing else was sent or read.
pub async fn dial(address: SocketAddr, secret: &Secret, token: &str) -> Result<TcpStream, DialError> {
    let unreachable = |cause: std::io::Error| DialError::Unreachable(format!("{address}: {cause}"));
    let silent = |_| DialError::Unreachable(format!("{address}: no answer"));
    let mut stream = timeout(CONNECT_TIME, TcpStream::connect(address))
        .await
        .map_err(silent)?
        .map_err(unreachable)?;
    stream.set_nodelay(true).map_err(unreachable)?;
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| since.as_secs());
    let nonce = uuid::Uuid::new_v4().to_string();
    let line = nssh1::sign(secret, token, now, &nonce).map_err(|_| DialError::Refused)?;
    stream.write_all(line.as_bytes()).await.map_err(unreachable)?;
    let mut answer = [0; nssh1::ACCEPTED.len()];
    timeout(ANSWER_TIME, stream.read_exact(&mut answer))
        .await
        .map_err(silent)?
        .map_err(unreachable)?;
    if answer == nssh1::ACCEPTED.as_bytes() {
        Ok(stream)
    } else {
        Err(DialError::Refused)
    }
}

#[cfg(test)]
mod tests {
    use super::{DialError, dial};
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpListener;

    async fn outcome(answer: &'static str) -> Result<Vec<u8>, DialError> {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let sandbox = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut line = vec![0; 512];
            let read = stream.read(&mut line).await.unwrap();
            assert!(line[..read].starts_with(b"NSSH1 tok ") && line[..read].ends_with(b"\n"));
            stream.write_all(answer.as_bytes()).await.unwrap();
        });
        let dialled = dial(address, &"s".parse().unwrap(), "tok").await;
        sandbox.await.unwrap();
        let mut rest = Vec::new();
        dialled?.read_to_end(&mut rest).await.unwrap();
        Ok(rest)
    }

    #[tokio::test]
    async fn what_follows_the_answer_is_the_clients() {
        assert_eq!(outcome("OK\nhello").await, Ok(b"hello".to_vec()));
    }

    #[tokio::test]
    async fn any_other_answer_is_a_refusal_and_none_is_unreachable() {
        assert_eq!(outcome("ERR\n").await, Err(DialError::Refused));
        assert_eq!(outcome("HTTP/1.1 400\r\n").await, Err(DialError::Refused));
        assert!(matches!(outcome("").await, Err(DialError::Unreachable(_))));
    }

    #[tokio::test]
    async fn a_closed_port_is_unreachable() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        drop(listener);
        let dialled = dial(address, &"s".parse().unwrap(), "tok").await;
        assert!(matches!(dialled, Err(DialError::Unreachable(_))));
    }
}
