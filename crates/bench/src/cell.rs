//! Where a worker takes its messages from: room for one, kept over its restarts.
//!
//! The smallest thing with which a worker can take one message at a time. It belongs to no life of
//! the worker, so who sends needs no new address after a restart.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// Room for one message, and whom to wake when it comes.
#[derive(Debug)]
pub(crate) struct Cell<T>(Mutex<Inside<T>>);

#[derive(Debug)]
struct Inside<T> {
    message: Option<T>,
    reader: Option<Waker>,
}

impl<T> Cell<T> {
    pub(crate) fn new() -> Self {
        Self(Mutex::new(Inside {
            message: None,
            reader: None,
        }))
    }

    /// Puts a message in and wakes the reader; gives it back if another one waits there.
    pub(crate) fn put(&self, message: T) -> Result<(), T> {
        let mut inside = self.lock();
        if inside.message.is_some() {
            return Err(message);
        }
        inside.message = Some(message);
        let reader = inside.reader.take();
        drop(inside);
        if let Some(reader) = reader {
            reader.wake();
        }
        Ok(())
    }

    /// Takes the message out; keeps the waker if there is none.
    pub(crate) fn poll_take(&self, cx: &Context<'_>) -> Poll<T> {
        let mut inside = self.lock();
        if let Some(message) = inside.message.take() {
            return Poll::Ready(message);
        }
        match &mut inside.reader {
            Some(kept) => kept.clone_from(cx.waker()),
            reader => *reader = Some(cx.waker().clone()),
        }
        Poll::Pending
    }

    fn lock(&self) -> MutexGuard<'_, Inside<T>> {
        // Nothing in here is left half done by a panic.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
