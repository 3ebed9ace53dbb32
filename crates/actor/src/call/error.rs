//! Why a message was not taken in, or a call not answered.

use std::fmt;
use std::sync::Arc;

use perennial_core::{ChildPath, ExitReason, Incarnation};
use snafu::Snafu;

/// Why a call has no answer.
///
/// An error that the actor's method returns is no such error: it is the answer.
///
/// # Examples
///
/// ```
/// use perennial_actor::CallError;
///
/// fn may_be_tried_again(error: &CallError) -> bool {
///     match error {
///         CallError::Full | CallError::Timeout { started: false } => true, // it never ran, and never will
///         _ => false,
///     }
/// }
/// assert!(may_be_tried_again(&CallError::Full));
/// ```
#[derive(Clone, Debug, Snafu)]
#[non_exhaustive]
pub enum CallError {
    /// The mailbox has no room, and is not one to wait for; or the message gave way to a newer one. It never runs.
    #[snafu(display("its mailbox is full"))]
    Full,
    /// The actor has ended, or is ending. It never runs, unless it was the one in hand.
    #[snafu(display("the actor has ended: {reason}"))]
    Closed {
        /// How the actor ended.
        reason: ExitReason,
    },
    /// The life of the actor that had the call in hand ended amid it; the call is not made again.
    #[snafu(display("the actor crashed amid the call: {crash}"))]
    Crashed {
        /// What is known of it.
        crash: Arc<Crash>,
    },
    /// The time of the call is over.
    #[snafu(display(
        "the call took too long, {}",
        if *started { "and was begun" } else { "and was not begun: it never will be" }
    ))]
    Timeout {
        /// Whether the actor had begun with it: then nobody knows what came of it. If not, it never will.
        started: bool,
    },
    /// The actor has dropped the right to answer.
    #[snafu(display("the actor did not answer"))]
    Dropped,
}

/// Why a message was not taken in, with the message.
///
/// # Examples
///
/// ```
/// use perennial_actor::SendError;
///
/// let refused = SendError::Full("hello");
/// assert_eq!(refused.to_string(), "its mailbox is full");
/// assert_eq!(refused.into_message(), "hello");
/// ```
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SendError<M> {
    /// The mailbox has no room.
    Full(M),
    /// The actor has ended, or is ending.
    Closed(M),
}

/// How the life of an actor ended amid a message.
///
/// # Examples
///
/// ```
/// use perennial_actor::CallError;
///
/// fn what_it_was_doing(error: &CallError) -> Option<&str> {
///     match error {
///         CallError::Crashed { crash } => Some(crash.message()),
///         _ => None,
///     }
/// }
/// assert_eq!(what_it_was_doing(&CallError::Dropped), None);
/// ```
#[derive(Clone, Debug)]
pub struct Crash {
    pub(crate) path: ChildPath,
    pub(crate) incarnation: Incarnation,
    pub(crate) message: &'static str,
    pub(crate) exit: ExitReason,
    pub(crate) queued: usize,
}

impl<M> SendError<M> {
    /// The message.
    #[must_use]
    pub fn into_message(self) -> M {
        match self {
            Self::Full(message) | Self::Closed(message) => message,
        }
    }
}

impl Crash {
    /// Which actor it was.
    #[must_use]
    pub fn path(&self) -> &ChildPath {
        &self.path
    }

    /// Which life of it.
    #[must_use]
    pub fn incarnation(&self) -> Incarnation {
        self.incarnation
    }

    /// The name of the message that it had in hand.
    #[must_use]
    pub fn message(&self) -> &'static str {
        self.message
    }

    /// How it ended.
    #[must_use]
    pub fn exit(&self) -> &ExitReason {
        &self.exit
    }

    /// How many messages waited then.
    #[must_use]
    pub fn queued(&self) -> usize {
        self.queued
    }
}

impl fmt::Display for Crash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} in `{}`: {}", self.path, self.message, self.exit)
    }
}

/// Prints nothing of the message, which may be anything.
impl<M> fmt::Debug for SendError<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full(_) => "Full(..)",
            Self::Closed(_) => "Closed(..)",
        })
    }
}

impl<M> fmt::Display for SendError<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full(_) => "its mailbox is full",
            Self::Closed(_) => "the actor has ended",
        })
    }
}

impl<M> std::error::Error for SendError<M> {}
