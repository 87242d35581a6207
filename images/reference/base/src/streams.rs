//! Channels as the streams that gRPC wants.

use std::pin::Pin;

use futures_util::Stream;
use futures_util::stream;
use tokio::sync::mpsc::Receiver;

/// A stream of a call.
pub type Boxed<T> = Pin<Box<dyn Stream<Item = T> + Send>>;

/// What comes through a channel, until its senders are gone.
pub fn of_channel<T: Send + 'static>(receiver: Receiver<T>) -> Boxed<T> {
    Box::pin(stream::unfold(receiver, async |mut receiver| {
        Some((receiver.recv().await?, receiver))
    }))
}
