//! What others hold of an actor.

use std::fmt;
use std::sync::Arc;

use perennial_core::ExitReason;

use super::future::Call;
use super::post::{Order, Post};
use super::protocol::{Protocol, bury};
use crate::call::{CallError, Reply, SendError};
use crate::mailbox::{Lane, Offered};

/// The handle of an actor: what others send by, call, stop and kill it by.
///
/// It belongs to the actor's child spec, not to one life: it is there before the actor is started, and goes on after
/// each restart; what is sent in between waits in the mailbox. Cheap to clone. Handles keep no actor alive, and an actor
/// does not end when there is none.
///
/// # Examples
///
/// ```
/// use perennial_actor::{ActorRef, Protocol};
///
/// fn stop_both<A: Protocol>(first: &ActorRef<A>, second: &ActorRef<A>) {
///     first.stop();
///     second.stop();
/// }
/// ```
pub struct ActorRef<A: Protocol> {
    pub(crate) post: Arc<Post<A::Message>>,
}

impl<A: Protocol> ActorRef<A> {
    /// The name of its child spec.
    #[must_use]
    pub fn name(&self) -> &str {
        self.post.name()
    }

    /// Sends a message for which nobody waits: at once, or it is handed back.
    ///
    /// # Errors
    ///
    /// - [`SendError::Full`]: there is no room for it. What the mailbox drops by its [`Overflow`](crate::Overflow) is no error.
    /// - [`SendError::Closed`]: the actor has ended, or is ending.
    pub fn cast(&self, message: A::Message) -> Result<(), SendError<A::Message>> {
        cast::<A>(&self.post, Lane::default(), message)
    }

    /// A call: a message with the right to answer it.
    pub fn call<T: Send + 'static>(
        &self,
        message: impl FnOnce(Reply<T>) -> A::Message,
    ) -> Call<A, T> {
        Call::new(&self.post, message)
    }

    /// Stops the actor for good: after the message that it has in hand, if it has one.
    ///
    /// Its supervisor is asked to terminate it, so that it is not restarted, whatever its restart type.
    pub fn stop(&self) {
        self.post.order(Order::Stop);
    }

    /// Stops the actor for good after the messages that wait; it takes no others.
    pub fn drain(&self) {
        self.post.drain();
        self.post.order(Order::Drain);
    }

    /// Kills the life that the actor has now, as soon as what it does yields. It is restarted as its spec says.
    pub fn kill(&self) {
        self.post.order(Order::Kill);
    }

    /// Waits until the actor has ended and is not about to be restarted.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when the future is dropped.
    pub async fn closed(&self) -> ExitReason {
        self.post.until_closed().await
    }

    /// Whether the actor has ended and is not about to be restarted.
    #[must_use]
    pub fn is_closed(&self) -> bool {
        self.post.closed().is_some()
    }

    /// How many messages wait.
    #[must_use]
    pub fn depth(&self) -> usize {
        self.post.depth()
    }

    /// The most messages that have waited.
    #[must_use]
    pub fn high_water(&self) -> usize {
        self.post.high_water()
    }
}

impl<A: Protocol> Clone for ActorRef<A> {
    fn clone(&self) -> Self {
        Self {
            post: Arc::clone(&self.post),
        }
    }
}

impl<A: Protocol> fmt::Debug for ActorRef<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ActorRef")
            .field("name", &self.name())
            .finish_non_exhaustive()
    }
}

/// Hands a message in at once.
pub(super) fn cast<A: Protocol>(
    post: &Post<A::Message>,
    lane: Lane,
    message: A::Message,
) -> Result<(), SendError<A::Message>> {
    match post.offer(lane, message) {
        Offered::Taken => Ok(()),
        Offered::TakenFor(dropped) | Offered::Dropped(dropped) => {
            bury::<A>(dropped, &CallError::Full);
            Ok(())
        }
        Offered::Full(message) => Err(SendError::Full(message)),
        Offered::Closed(message) => Err(SendError::Closed(message)),
    }
}
