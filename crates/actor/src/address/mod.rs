//! What an actor is known by: its protocol, its mailbox for as long as its child spec lives, handles and calls.

mod future;
mod handle;
mod post;
mod protocol;

pub use future::{Call, CallFuture};
pub use handle::ActorRef;
pub(crate) use post::{Order, Post};
pub use protocol::Protocol;
pub(crate) use protocol::bury;
