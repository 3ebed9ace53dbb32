//! What an actor is given with each message.

use std::fmt;
use std::sync::Arc;

use perennial_core::{Context, ExitReason};
use tokio::time::Instant;

use super::contract::Actor;
use crate::address::{ActorRef, Post, Protocol};

/// What an actor is given at its start and with each message: who it is, and how it ends.
///
/// # Examples
///
/// ```
/// use perennial_actor::{Actor, ActorContext};
///
/// fn greet<A: Actor>(ctx: &ActorContext<A>) -> String {
///     format!("{} is there, life {}", ctx.context().path(), ctx.context().incarnation())
/// }
/// ```
pub struct ActorContext<A: Protocol> {
    post: Arc<Post<A::Message>>,
    context: Context,
    pub(super) deadline: Option<Instant>,
    /// How it is to end after this message.
    pub(super) end: Option<ExitReason>,
}

impl<A: Protocol> ActorContext<A> {
    pub(super) fn new(post: &Arc<Post<A::Message>>, context: Context) -> Self {
        Self {
            post: Arc::clone(post),
            context,
            deadline: None,
            end: None,
        }
    }

    /// Ends this life in good order, after this message. It is restarted if its spec says so of a normal exit.
    pub fn stop(&mut self) {
        self.end.get_or_insert(ExitReason::Normal);
    }

    /// The handle of this actor.
    #[must_use]
    pub fn handle(&self) -> ActorRef<A> {
        ActorRef {
            post: Arc::clone(&self.post),
        }
    }

    /// This life as a child of its supervisor: its path, its number, how the life before ended, its scope and stash.
    #[must_use]
    pub fn context(&self) -> &Context {
        &self.context
    }

    /// When the caller of the message in hand gives up, if there is a caller who does.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.deadline
    }
}

impl<A: Actor> ActorContext<A> {
    /// Ends this life with an error, after this message: a crash.
    pub fn fail(&mut self, error: A::Error) {
        self.end = Some(ExitReason::failed(error));
    }
}

impl<A: Protocol> fmt::Debug for ActorContext<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ActorContext")
            .field("context", &self.context)
            .finish_non_exhaustive()
    }
}
