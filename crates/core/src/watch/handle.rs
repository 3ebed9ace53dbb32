//! How a supervisor is asked for a tree that is kept up to date.

use super::stream::TreeStream;
use crate::child::SupervisorHandle;

impl SupervisorHandle {
    /// The tree below this supervisor as it is now, and then all that changes in it.
    ///
    /// Good before the start. It has no task of its own: what its reader does not read waits, up to a bound.
    #[must_use]
    pub fn watch_tree(&self) -> TreeStream {
        TreeStream::new(self.clone())
    }
}
