//! Tokio's own, which needs no runtime, with points where another task may go on.

pub use real::sync::broadcast::error;

use crate::point;

/// Sends to all receivers.
#[derive(Debug)]
pub struct Sender<T>(real::sync::broadcast::Sender<T>);

/// Receives all that is sent while it lives.
#[derive(Debug)]
pub struct Receiver<T>(real::sync::broadcast::Receiver<T>);

/// A channel that keeps the latest `capacity` values.
#[must_use]
pub fn channel<T: Clone>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    let (sender, receiver) = real::sync::broadcast::channel(capacity);
    (Sender(sender), Receiver(receiver))
}

impl<T: Clone> Sender<T> {
    /// Sends to all receivers.
    ///
    /// # Errors
    ///
    /// There is no receiver.
    pub fn send(&self, value: T) -> Result<usize, error::SendError<T>> {
        point();
        self.0.send(value)
    }
}

impl<T> Sender<T> {
    /// How many receivers there are.
    #[must_use]
    pub fn receiver_count(&self) -> usize {
        point();
        self.0.receiver_count()
    }
}

impl<T: Clone> Receiver<T> {
    /// Receives the next value.
    ///
    /// # Errors
    ///
    /// Values were lost, or there will be no more.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing.
    pub async fn recv(&mut self) -> Result<T, error::RecvError> {
        point();
        self.0.recv().await
    }
}

impl<T> Receiver<T> {
    /// How many values wait.
    #[must_use]
    #[allow(clippy::len_without_is_empty, reason = "core does not ask")]
    pub fn len(&self) -> usize {
        self.0.len()
    }
}
