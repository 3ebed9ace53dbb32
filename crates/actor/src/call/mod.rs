//! Calls: a message with a right to answer, a time, and one place where it is decided what comes of it.

mod deadlines;
mod error;
mod reply;
mod slot;

pub(crate) use deadlines::Deadlines;
pub use error::{CallError, Crash, SendError};
pub use reply::Reply;
pub use slot::AnyCall;
pub(crate) use slot::Slot;
