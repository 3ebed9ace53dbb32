//! What a child holds of a value that it publishes.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use super::error::PublishError;
use super::space::Dataspace;
use super::table::Ticket;
use crate::path::ChildPath;

/// A value that a child publishes, from [`Context::publish`](crate::Context::publish).
///
/// The value is withdrawn when this is dropped, or when the life that published it ends, whichever is
/// first. Dropping it later harms nobody: what the next life publishes stays.
///
/// # Examples
///
/// ```
/// # use perennial_core as perennial;
/// use perennial::{Supervisor, worker};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let queue = worker("queue", |ctx| async move {
///     let length = ctx.publish("length", 0_usize)?;
///     length.update(12)?;
///     ctx.stopping().await;
///     Ok(())
/// });
/// # let handle = Supervisor::one_for_one("app").child(queue).start().await?;
/// # handle.dataspace()?.wait::<usize>("length").await?;
/// # handle.shutdown().await;
/// # Ok(())
/// # }
/// ```
#[must_use = "the value is withdrawn when this is dropped; `keep` leaves it there until the child ends"]
pub struct Published<T> {
    dataspace: Dataspace,
    ticket: Ticket,
    path: ChildPath,
    kept: bool,
    /// It takes values, and holds none.
    _type: PhantomData<fn(T)>,
}

impl<T: Send + Sync + 'static> Published<T> {
    pub(super) fn new(dataspace: Dataspace, ticket: Ticket, path: ChildPath) -> Self {
        Self {
            dataspace,
            ticket,
            path,
            kept: false,
            _type: PhantomData,
        }
    }

    /// Replaces the value. Those who have read the old one keep it.
    ///
    /// # Errors
    ///
    /// [`PublishError::Over`]: the life that published it has ended, or a later one took its place.
    pub fn update(&self, value: T) -> Result<(), PublishError> {
        if self.dataspace.update(&self.ticket, Arc::new(value)) {
            return Ok(());
        }
        let path = self.path.clone();
        Err(PublishError::Over { path })
    }
}

impl<T> Published<T> {
    /// The key.
    #[must_use]
    pub fn key(&self) -> &str {
        self.ticket.name.key()
    }

    /// Leaves the value published until the life ends.
    pub fn keep(mut self) {
        self.kept = true;
    }
}

impl<T> Drop for Published<T> {
    fn drop(&mut self) {
        if !self.kept {
            self.dataspace.withdraw(&self.ticket);
        }
    }
}

impl<T> fmt::Debug for Published<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Published")
            .field("key", &self.key())
            .field("by", &self.path)
            .finish_non_exhaustive()
    }
}
