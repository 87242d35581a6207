//! A stream to a pod's port, which says why the pod refused it.

use std::fmt;
use std::io::Error;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, DuplexStream, ReadBuf};

/// What the node says of a port that it cannot reach; resolves to `None` if there is nothing to say any more.
type Complaint = Pin<Box<dyn Future<Output = Option<String>> + Send>>;

/// Bytes from a pod's port and to it. The end of either direction ends the other one, too: the protocol has no half-closed state.
pub struct ServiceStream {
    bytes: DuplexStream,
    complaint: Option<Complaint>,
    pod: String,
}

impl ServiceStream {
    pub(crate) fn new(pod: String, bytes: DuplexStream, complaint: Option<Complaint>) -> Self {
        Self {
            bytes,
            complaint,
            pod,
        }
    }

    /// The error at the end of a stream that the node could not lead to the port.
    fn refused(&mut self, context: &mut Context<'_>) -> Option<Error> {
        let complaint = self.complaint.as_mut()?;
        let Poll::Ready(said) = complaint.as_mut().poll(context) else {
            return None;
        };
        self.complaint = None;
        Some(Error::other(format!("pod {}: {}", self.pod, said?.trim())))
    }
}

impl fmt::Debug for ServiceStream {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_tuple("ServiceStream").field(&self.pod).finish()
    }
}

impl AsyncRead for ServiceStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<Result<(), Error>> {
        let before = buffer.filled().len();
        let read = Pin::new(&mut self.bytes).poll_read(context, buffer);
        let has_ended = matches!(read, Poll::Ready(Ok(()))) && buffer.filled().len() == before;
        if has_ended && let Some(refused) = self.refused(context) {
            return Poll::Ready(Err(refused));
        }
        read
    }
}

impl AsyncWrite for ServiceStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<Result<usize, Error>> {
        Pin::new(&mut self.bytes).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Pin::new(&mut self.bytes).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Pin::new(&mut self.bytes).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    #[tokio::test]
    async fn the_end_of_a_stream_is_an_error_if_the_node_could_not_reach_the_port() {
        for (said, expected) in [
            (
                Some("connection refused\n"),
                Err("pod p: connection refused".to_owned()),
            ),
            (None, Ok("bytes".to_owned())),
        ] {
            let (near, mut far) = tokio::io::duplex(64);
            let complaint = Box::pin(std::future::ready(said.map(str::to_owned)));
            let mut stream = ServiceStream::new("p".to_owned(), near, Some(complaint));
            far.write_all(b"bytes").await.unwrap();
            drop(far);
            let mut read = [0; 5];
            stream.read_exact(&mut read).await.unwrap();
            assert_eq!(&read, b"bytes", "what came before the end is read");
            let ended = stream.read(&mut read).await;
            let ended = ended
                .map(|_| "bytes".to_owned())
                .map_err(|error| error.to_string());
            assert_eq!(ended, expected);
        }
    }

    #[tokio::test]
    async fn a_node_that_says_nothing_does_not_hold_up_the_end() {
        let (near, far) = tokio::io::duplex(64);
        drop(far);
        let complaint = Box::pin(std::future::pending());
        let mut stream = ServiceStream::new("p".to_owned(), near, Some(complaint));
        assert_eq!(stream.read(&mut [0; 5]).await.unwrap(), 0);
    }
}
