//! What others hold of a dynamic supervisor.

use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use tokio::sync::oneshot;

use crate::child::{Call, ChildError, ChildRef, ChildSpec, StartChildError, SupervisorHandle, Via};
use crate::path::ChildId;

/// A dynamic supervisor as others hold it: to start and stop its children.
///
/// Cheap to clone, good before the supervisor starts and after it was restarted. It gives the
/// methods of a [`SupervisorHandle`] too. Dropping it stops nothing.
///
/// # Examples
///
/// ```
/// # use perennial_core as perennial;
/// use perennial::{DynamicSupervisor, Restart, worker};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let jobs = DynamicSupervisor::new("jobs", |_number: u32| {
///     worker("job", |ctx| async move { ctx.stopping().await; Ok(()) }).restart(Restart::Transient)
/// });
/// let jobs = jobs.start().await?;
/// let job = jobs.start_child(1).await?;
/// jobs.terminate_child(job.id()).await?;
/// assert_eq!(jobs.count_children().await?.active, 0);
/// # jobs.shutdown().await;
/// # Ok(())
/// # }
/// ```
pub struct DynamicHandle<A> {
    handle: SupervisorHandle,
    template: Template<A>,
}

/// Makes a child spec of what a caller gives.
pub(super) type Template<A> = Arc<dyn Fn(A) -> ChildSpec + Send + Sync>;

impl<A: Send + 'static> DynamicHandle<A> {
    pub(super) fn new(handle: SupervisorHandle, template: Template<A>) -> Self {
        Self { handle, template }
    }

    /// Makes a child of the template and starts it; returns when it runs, or has declined to start.
    ///
    /// A child that declines is not kept.
    ///
    /// # Errors
    ///
    /// See [`StartChildError`]; in each case the child is not kept.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future before the supervisor has heard the call drops the child; afterwards it
    /// is started all the same.
    ///
    /// # Panics
    ///
    /// If the template does.
    pub async fn start_child(&self, args: A) -> Result<ChildRef, StartChildError> {
        let spec = Box::new((self.template)(args));
        let (reply, answer) = oneshot::channel();
        let call = Call::Start(spec, Via::Dynamic, reply);
        self.handle.start_by(call, answer).await
    }

    /// Stops a child as its spec says, and forgets it.
    ///
    /// Returns when the child is gone. Counts no restart.
    ///
    /// # Errors
    ///
    /// [`ChildError::NotFound`], and those of a supervisor that does not run.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future before the supervisor has heard the call stops nothing; afterwards the
    /// child is stopped all the same.
    pub async fn terminate_child(&self, id: impl Into<ChildId>) -> Result<(), ChildError> {
        self.handle.terminate(id.into(), Via::Dynamic).await
    }

    /// The same supervisor without its template.
    #[must_use]
    pub fn as_supervisor(&self) -> &SupervisorHandle {
        &self.handle
    }
}

impl<A> Deref for DynamicHandle<A> {
    type Target = SupervisorHandle;

    fn deref(&self) -> &SupervisorHandle {
        &self.handle
    }
}

impl<A> Clone for DynamicHandle<A> {
    fn clone(&self) -> Self {
        Self {
            handle: self.handle.clone(),
            template: Arc::clone(&self.template),
        }
    }
}

impl<A> fmt::Debug for DynamicHandle<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("DynamicHandle").field(&self.handle).finish()
    }
}
