//! The right to answer a call.

use std::fmt;
use std::sync::Arc;

use super::slot::{AnyCall, Slot};

/// The right to answer a call, once; OTP's `From`.
///
/// It stands in the message of the call. Whoever has it may answer later, and from elsewhere. When it is dropped, the
/// caller is told that there will be no answer ([`CallError::Dropped`](crate::CallError::Dropped)).
///
/// # Examples
///
/// ```
/// use perennial_actor::Reply;
///
/// enum CounterMessage {
///     Add(u64, Reply<u64>),
/// }
///
/// fn handle(total: &mut u64, message: CounterMessage) {
///     match message {
///         CounterMessage::Add(by, reply) => {
///             *total += by;
///             reply.send(*total);
///         }
///     }
/// }
/// ```
pub struct Reply<T: Send + 'static>(Option<Arc<Slot<T>>>);

impl<T: Send + 'static> Reply<T> {
    pub(crate) fn new(slot: &Arc<Slot<T>>) -> Self {
        Self(Some(Arc::clone(slot)))
    }

    /// Answers. Whether anybody still waits for it is not told.
    pub fn send(mut self, value: T) {
        if let Some(slot) = self.0.take() {
            slot.answer(value);
        }
    }

    /// Whether somebody waits for the answer.
    #[must_use]
    pub fn is_wanted(&self) -> bool {
        self.0.as_ref().is_some_and(|slot| slot.is_wanted())
    }

    /// The call, for whoever runs its handler.
    #[doc(hidden)]
    #[must_use]
    pub fn call(&self) -> Option<Arc<dyn AnyCall>> {
        let slot = self.0.clone()?;
        Some(slot)
    }
}

impl<T: Send + 'static> Drop for Reply<T> {
    fn drop(&mut self) {
        if let Some(slot) = self.0.take() {
            slot.orphan();
        }
    }
}

impl<T: Send + 'static> fmt::Debug for Reply<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reply(..)")
    }
}
