//! What a child is given at each start.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{Life, Scope, Stash, StopSignal, SupervisorHandle};
use crate::dataspace::{Dataspace, PublishError, Published};
use crate::exit::ExitReason;
use crate::path::{ChildPath, Incarnation};

/// What a child is given at each start: who it is, and when it is to stop.
///
/// Belongs to one life of the child. Cheap to clone, and good in `initialize`, in the run future and
/// in tasks that these spawn.
///
/// # Examples
///
/// ```
/// # use perennial_core as perennial;
/// use perennial::worker;
///
/// let mailer = worker("mailer", |ctx| async move {
///     if let Some(exit) = ctx.last_exit() {
///         println!("{} is back after: {exit}", ctx.path());
///     }
///     ctx.stopping().await;
///     Ok(())
/// });
/// # let _: perennial_core::ChildSpec = mailer;
/// ```
#[derive(Clone)]
pub struct Context {
    pub(crate) life: Arc<Life>,
}

impl Context {
    /// Resolves when this child is asked to stop.
    pub fn stopping(&self) -> StopSignal {
        StopSignal::new(Arc::clone(&self.life))
    }

    /// Whether this child was asked to stop.
    #[must_use]
    pub fn is_stopping(&self) -> bool {
        self.life.stop.is_requested()
    }

    /// When the child will be killed if it has not stopped; `None` as long as it was not asked to
    /// stop, and if it may take as long as it likes.
    #[must_use]
    pub fn stop_deadline(&self) -> Option<Instant> {
        self.life.stop.deadline()
    }

    /// The request to stop as a token of `tokio-util`, for code that takes one.
    ///
    /// Each call gives a token of its own: to cancel it oneself stops nobody else.
    #[must_use]
    pub fn token(&self) -> CancellationToken {
        self.life.stop.token()
    }

    /// Says that the child is ready, if its spec has an [`explicit_readiness`](crate::ChildSpec::explicit_readiness); once.
    ///
    /// Its supervisor hears of it when the child's poll is over, or at once if it is called from elsewhere.
    pub fn ready(&self) {
        self.life.set_ready();
    }

    /// Asks for that much time from now on to become ready, or to initialize, in place of what is left.
    ///
    /// Does nothing when the child is up already.
    pub fn extend_start(&self, by: Duration) {
        self.life.extend_start(by);
    }

    /// Says that the child gets on; one with a [`watchdog`](crate::ChildSpec::watchdog) has to say so again and again.
    ///
    /// Cheap; without a watchdog it does nothing.
    pub fn progress(&self) {
        self.life.progress();
    }

    /// Where the child stands in its tree.
    #[must_use]
    pub fn path(&self) -> &ChildPath {
        &self.life.path
    }

    /// Which life of the child this is.
    #[must_use]
    pub fn incarnation(&self) -> Incarnation {
        self.life.incarnation
    }

    /// How the life before this one ended; `None` at the first start in the life of the supervisor.
    #[must_use]
    pub fn last_exit(&self) -> Option<&ExitReason> {
        self.life.last_exit.as_ref()
    }

    /// What the child keeps for its next life, by type: the cell for a `T`.
    ///
    /// The cell is made when it is asked for first; a child that never asks pays nothing.
    #[must_use]
    pub fn stash<T: Send + 'static>(&self) -> Stash<T> {
        self.life.stashes().cell()
    }

    /// The tasks that belong to this life of the child: where to spawn what must not outlive it.
    ///
    /// A task that is spawned by `tokio::spawn` belongs to nobody, and goes on when the child is gone.
    #[must_use]
    pub fn scope(&self) -> Scope {
        Scope::new(Arc::clone(&self.life))
    }

    /// The supervisor of this child.
    #[must_use]
    pub fn supervisor(&self) -> &SupervisorHandle {
        &self.life.family.supervisor
    }

    /// Publishes a value for the whole tree, known by its type and `key`.
    ///
    /// It is withdrawn when what this returns is dropped, or when this life of the child ends, however
    /// that comes about. The next life publishes it anew, and finds the key free. A later life of the
    /// same child takes the key over from one that does not end, as those of a killed supervisor may.
    ///
    /// # Errors
    ///
    /// [`PublishError::Taken`] names the child that publishes a value of this type under this key;
    /// [`Full`](PublishError::Full): the tree publishes 65,536 values; [`Over`](PublishError::Over): this life has ended.
    pub fn publish<T: Send + Sync + 'static>(
        &self,
        key: impl Into<Arc<str>>,
        value: T,
    ) -> Result<Published<T>, PublishError> {
        self.life.publish(key.into(), value)
    }

    /// What the children of the tree publish for each other.
    #[must_use]
    pub fn dataspace(&self) -> Dataspace {
        self.life.family.commons.dataspace()
    }
}

impl fmt::Debug for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Context")
            .field("path", self.path())
            .field("incarnation", &self.incarnation())
            .field("is_stopping", &self.is_stopping())
            .finish_non_exhaustive()
    }
}
