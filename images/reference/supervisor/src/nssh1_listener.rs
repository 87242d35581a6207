//! NSSH1 on port 2222: the handshake, then line by line.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use nssh1::{Refusal, Verifier};
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::kept_lines::KeptLines;
use crate::settings::Nssh1;

/// How long a peer may take for its handshake line.
const HANDSHAKE_TIME: Duration = Duration::from_secs(30);
/// How long open sessions may take for the line that they are at when the program is told to stop.
const STOP_TIME: Duration = Duration::from_secs(3);
/// The longest line that is kept, in bytes, its LF included.
const LONGEST_LINE: u64 = 65_536;
/// Answered with all kept lines.
const SHOW: &[u8] = b".lines\n";
/// Follows the kept lines.
const SHOWN: &[u8] = b".end\n";

struct Sandbox {
    lines: KeptLines,
    verifier: Mutex<Verifier>,
    sandbox_id: Option<String>,
}

/// Serves until `stop` resolves; a line that was received by then is kept and echoed.
pub async fn serve(
    listener: TcpListener,
    lines: KeptLines,
    settings: Nssh1,
    sandbox_id: Option<String>,
    stop: impl Future<Output = ()>,
) {
    let sandbox = Arc::new(Sandbox {
        lines,
        verifier: Mutex::new(Verifier::new(settings.secret, settings.skew_seconds)),
        sandbox_id,
    });
    let (ending, stopping) = watch::channel(false);
    let mut sessions = JoinSet::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        tokio::select! {
            () = stop.as_mut() => break,
            Some(_ended) = sessions.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    let (sandbox, stopping) = (sandbox.clone(), stopping.clone());
                    sessions.spawn(async move {
                        if let Err(error) = attend(&sandbox, stream, stopping).await {
                            eprintln!("openshell-sandbox: {peer}: {error}");
                        }
                    });
                }
                Err(error) => {
                    eprintln!("openshell-sandbox: accept: {error}");
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            },
        }
    }
    drop(listener);
    ending.send_replace(true);
    let ended = async { while sessions.join_next().await.is_some() {} };
    if tokio::time::timeout(STOP_TIME, ended).await.is_err() {
        eprintln!(
            "openshell-sandbox: sessions that were busy for {} s are cut",
            STOP_TIME.as_secs()
        );
    }
}

async fn attend(
    sandbox: &Sandbox,
    stream: TcpStream,
    mut stopping: watch::Receiver<bool>,
) -> anyhow::Result<()> {
    stream.set_nodelay(true)?;
    let (reader, mut writer) = stream.into_split();
    let mut reader = BufReader::new(reader);
    let mut line = Vec::new();
    let limit = u64::try_from(nssh1::LONGEST_LINE)? + 1;
    tokio::select! {
        read = tokio::time::timeout(HANDSHAKE_TIME, read_line(&mut reader, limit, &mut line)) => { read??; }
        _ = stopping.wait_for(|stop| *stop) => return Ok(()),
    }
    if line.is_empty() {
        // A readiness probe connects and says nothing.
        return Ok(());
    }
    if let Err(refusal) = sandbox.check(&line) {
        writer.write_all(nssh1::REFUSED.as_bytes()).await?;
        anyhow::bail!("handshake refused: {} ({refusal})", refusal.reason());
    }
    writer.write_all(nssh1::ACCEPTED.as_bytes()).await?;
    loop {
        line.clear();
        tokio::select! {
            read = read_line(&mut reader, LONGEST_LINE, &mut line) => { read?; }
            _ = stopping.wait_for(|stop| *stop) => return Ok(()),
        }
        if line.last() != Some(&b'\n') {
            anyhow::ensure!(
                line.is_empty(),
                "{} bytes without a line feed at their end are not kept",
                line.len()
            );
            return Ok(());
        }
        if line == SHOW {
            writer.write_all(&sandbox.lines.read().await?).await?;
            writer.write_all(SHOWN).await?;
        } else {
            sandbox.lines.append(&line).await?;
            writer.write_all(&line).await?;
        }
    }
}

async fn read_line<R: AsyncBufRead + Unpin>(
    reader: R,
    longest: u64,
    line: &mut Vec<u8>,
) -> std::io::Result<usize> {
    reader.take(longest).read_until(b'\n', line).await
}

impl Sandbox {
    fn check(&self, line: &[u8]) -> Result<(), Refusal> {
        let now = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_secs());
        let mut verifier = self.verifier.lock().unwrap_or_else(PoisonError::into_inner);
        let token = verifier.verify(line, now)?;
        match &self.sandbox_id {
            // An address that another sandbox had before must not lead people into this one.
            Some(id) if token.split_once('.').is_none_or(|(of, _)| of != id) => Err(Refusal::Signature),
            _ => Ok(()),
        }
    }
}
