//! What is kept for one life beside its tasks, and has to be gone before its last word.

use std::sync::Arc;

use super::Life;

/// A thread or a runtime that is kept for a life: the life has not exited before this is dropped.
#[derive(Debug)]
pub(crate) struct Lodging {
    life: Arc<Life>,
}

impl Lodging {
    pub(crate) fn new(life: &Arc<Life>) -> Self {
        life.open_scope().lodge();
        Self {
            life: Arc::clone(life),
        }
    }
}

impl Drop for Lodging {
    fn drop(&mut self) {
        self.life.open_scope().vacate();
    }
}
