//! The calls that change a tree while it runs: children that rest for a while.

use tokio::sync::oneshot;

use super::inbox::{Call, Order, Via, Whom};
use super::{ChildError, ChildRef, SupervisorHandle};
use crate::path::ChildId;

impl SupervisorHandle {
    /// Stops a child as its spec says, until [`resume_child`](Self::resume_child) starts it again.
    ///
    /// On return the child is down. Its spec, its place and its counters stay, also if it is temporary, and nothing but a
    /// call starts it: a group that is restarted passes it over, and a restart that was due is not made up for.
    /// [`restart_child`](Self::restart_child) is refused with [`ChildError::Paused`]; to terminate it takes the pause
    /// back, and to delete it is allowed. A pause is forgotten when the supervisor itself is restarted.
    ///
    /// Those that [need](super::ChildSpec::after) it run on, and start without it. It is no hindrance for the
    /// [`Health`](crate::Health) of the tree, and keeps its supervisor up if it is significant. Counts no restart.
    ///
    /// # Errors
    ///
    /// [`ChildError::NotFound`], [`ChildError::Dynamic`], and those of a supervisor that ends or does not run.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future before the supervisor has heard the call pauses nothing; afterwards the
    /// child is paused all the same.
    ///
    /// # Examples
    ///
    /// ```
    /// # use perennial_core as perennial;
    /// use perennial::{ChildState, Supervisor, worker};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let import = worker("import", |ctx| async move { ctx.stopping().await; Ok(()) });
    /// let handle = Supervisor::one_for_one("app").child(import).start().await?;
    /// handle.pause_child("import").await?;                     // while the database is backed up
    /// assert_eq!(handle.which_child("import").await?.state, ChildState::Paused);
    /// handle.resume_child("import").await?;
    /// assert_eq!(handle.which_child("import").await?.state, ChildState::Running);
    /// # handle.shutdown().await;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn pause_child(&self, id: impl Into<ChildId>) -> Result<(), ChildError> {
        let (reply, answer) = oneshot::channel();
        let call = Call::Order(Whom::any(id), Via::Supervisor, Order::Pause(reply));
        self.order(call, answer).await
    }

    /// Starts a child that [`pause_child`](Self::pause_child) has put to rest, at its place in the order.
    ///
    /// Returns when the child runs, or has declined to start. Counts no restart.
    ///
    /// # Errors
    ///
    /// [`ChildError::NotPaused`] if it is down for another reason; if it is not down, the errors of
    /// [`restart_child`](Self::restart_child). [`ChildError::DependencyDown`]: it stays paused.
    /// [`ChildError::Initialization`] if it could not start: then it is down, not paused, and not tried again.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future before the supervisor has heard the call starts nothing; afterwards the
    /// child is started all the same.
    pub async fn resume_child(&self, id: impl Into<ChildId>) -> Result<ChildRef, ChildError> {
        let (reply, answer) = oneshot::channel();
        let call = Call::Order(Whom::any(id), Via::Supervisor, Order::Resume(reply));
        self.order(call, answer).await
    }
}
