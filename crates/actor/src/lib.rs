//! Typed actors on the supervision trees of perennial.
//!
//! An [`Actor`] is a value that lives in a task of its own and handles one message after the other. Its [`ActorSpec`] is a
//! child like any other, and its handle, an [`ActorRef`], is good before the actor starts and after each restart.
#![forbid(unsafe_code)]

mod actor;
mod address;
mod call;
mod mailbox;
mod sync;

pub use actor::{Actor, ActorContext, ActorSpec, Dispatch};
pub use address::{ActorRef, Call, CallFuture, Protocol};
pub use call::{AnyCall, CallError, Crash, Reply, SendError};
pub use mailbox::{Lane, Mailbox, Overflow};
