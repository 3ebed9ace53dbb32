//! An actor as a child of a supervisor.

use std::fmt;
use std::sync::{Arc, PoisonError};

use perennial_core::ExitReason;

use super::contract::Actor;
use crate::address::{ActorRef, Post, bury};
use crate::mailbox::Mailbox;
use crate::sync::Mutex;

/// An actor as a child: what its starts need, and the mailbox that outlives them.
///
/// How it is restarted and stopped says the [`ChildSpec`](perennial_core::ChildSpec) that is made of it. When its supervisor lets it go, at the end of
/// the tree or when it is removed, its handles are closed.
///
/// # Examples
///
/// See [`Actor`].
#[must_use = "an actor spec starts nothing until a supervisor gets it"]
pub struct ActorSpec<A: Actor> {
    pub(super) post: Arc<Post<A::Message>>,
    pub(super) args: A::Args,
    /// How the latest life has ended.
    pub(super) last: Mutex<Option<ExitReason>>,
}

impl<A: Actor> ActorSpec<A> {
    /// An actor of that name, with what its starts need.
    pub fn new(name: &str, args: A::Args) -> Self {
        Self {
            post: Arc::new(Post::new(name, A::MAILBOX)),
            args,
            last: Mutex::new(None),
        }
    }

    /// What its mailbox is like. The default is the actor's [`MAILBOX`](Actor::MAILBOX).
    pub fn mailbox(self, mailbox: Mailbox) -> Self {
        self.post.configure(mailbox);
        self
    }

    /// Its handle: good from now on, for as long as the spec lives.
    #[must_use]
    pub fn handle(&self) -> ActorRef<A> {
        ActorRef {
            post: Arc::clone(&self.post),
        }
    }
}

impl<A: Actor> Drop for ActorSpec<A> {
    fn drop(&mut self) {
        let last = self.last.get_mut().unwrap_or_else(PoisonError::into_inner);
        let reason = last.take().unwrap_or(ExitReason::Shutdown);
        for message in self.post.close(reason) {
            bury::<A>(message, &self.post.why_closed());
        }
    }
}

impl<A: Actor> fmt::Debug for ActorSpec<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ActorSpec")
            .field("name", &self.post.name())
            .finish_non_exhaustive()
    }
}
