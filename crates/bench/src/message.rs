//! What a child of a workload can be told; the same for ours and for raw, so that a place for it weighs the same.

use tokio::sync::oneshot;

/// A message to a child.
#[derive(Debug)]
pub(crate) enum Message {
    /// Adds to the sum of the child.
    Add(u64),
    /// Asks for the sum.
    Get(oneshot::Sender<u64>),
    /// The first message of a life: to have handled it is to be back at work.
    First,
    /// Panics.
    Crash,
    /// Returns an error.
    Fail,
}
