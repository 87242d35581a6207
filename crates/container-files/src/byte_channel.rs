//! Bytes between Docker's streams, which are asynchronous, and the readers and writers of archives, which block.

use std::io::{Error, Read, Write};

use bytes::{Buf, Bytes};
use tokio::sync::mpsc::{Receiver, Sender, channel};

/// Parts that may wait: enough that neither side waits for the other all the time.
const WAITING: usize = 16;

/// What is sent, or why no more comes.
pub type Part = Result<Bytes, Error>;

/// A channel of parts.
pub fn parts() -> (Sender<Part>, Receiver<Part>) {
    channel(WAITING)
}

/// Reads parts on a thread that may block. It ends where the sender does.
pub struct PartReader {
    parts: Receiver<Part>,
    current: Bytes,
}

impl PartReader {
    /// From its channel.
    pub fn new(parts: Receiver<Part>) -> Self {
        Self {
            parts,
            current: Bytes::new(),
        }
    }
}

impl Read for PartReader {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, Error> {
        while self.current.is_empty() {
            match self.parts.blocking_recv() {
                Some(part) => self.current = part?,
                None => return Ok(0),
            }
        }
        let count = buffer.len().min(self.current.len());
        buffer[..count].copy_from_slice(&self.current[..count]);
        self.current.advance(count);
        Ok(count)
    }
}

/// Sends parts from a thread that may block.
pub struct PartWriter(pub Sender<Part>);

impl Write for PartWriter {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, Error> {
        let part = Ok(Bytes::copy_from_slice(bytes));
        self.0
            .blocking_send(part)
            .map_err(|_| Error::other("nobody reads any more"))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<(), Error> {
        Ok(())
    }
}
