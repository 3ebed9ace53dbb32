//! What others hold of a task.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll, ready};

use tokio::sync::oneshot;

use super::error::TaskError;
use super::once::{Told, Verdict};
use crate::child::{ChildRef, SupervisorHandle, Via};
use crate::exit::ExitReason;
use crate::path::{ChildId, ChildPath};

/// A task of a [`TaskSupervisor`](super::TaskSupervisor), and the future of its result.
///
/// When the result is there, the task is gone: its supervisor has forgotten it, and its place is free.
///
/// Dropping it stops nothing: the task goes on, and its result is lost. With [`abort_on_drop`](Self::abort_on_drop)
/// the task ends then.
///
/// # Examples
///
/// ```
/// # use perennial_core as perennial;
/// use std::time::Duration;
/// use perennial::TaskSupervisor;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let tasks = TaskSupervisor::new("tasks").start().await?;
/// let slow = tasks.spawn("slow", std::future::pending::<u32>()).await?.abort_on_drop();
/// assert_eq!(slow.path().to_string(), "tasks/slow#1");
/// // If the time is over, the task is dropped, and ends with that.
/// let late = tokio::time::timeout(Duration::from_millis(10), slow).await;
/// assert!(late.is_err());
/// # tasks.shutdown().await;
/// # Ok(())
/// # }
/// ```
#[must_use = "await its result, or `detach` it"]
pub struct Task<T> {
    child: ChildRef,
    supervisor: SupervisorHandle,
    verdict: Arc<Verdict<T>>,
    told: oneshot::Receiver<Told<T>>,
}

impl<T> Task<T> {
    pub(super) fn new(
        child: ChildRef,
        supervisor: SupervisorHandle,
        verdict: Arc<Verdict<T>>,
        told: oneshot::Receiver<Told<T>>,
    ) -> Self {
        Self {
            child,
            supervisor,
            verdict,
            told,
        }
    }

    /// The id of the task: its name with a number, `resize#17`.
    #[must_use]
    pub fn id(&self) -> &ChildId {
        self.child.id()
    }

    /// Where the task stands in its tree.
    #[must_use]
    pub fn path(&self) -> &ChildPath {
        self.child.path()
    }

    /// Lets the task end when this is dropped before the result is there.
    ///
    /// Its future is dropped as soon as it yields, also if it hears requests to stop.
    pub fn abort_on_drop(self) -> Self {
        self.verdict.bind();
        self
    }

    /// Lets the task go on without anybody who waits for its result. If it fails, events tell.
    ///
    /// One that is to end when it is dropped ends now.
    pub fn detach(self) {
        drop(self);
    }

    /// Stops the task as the supervisor's shutdown strategy says, and waits until it is gone.
    ///
    /// # Errors
    ///
    /// [`TaskError::Stopped`], unless it was done before or has a result all the same.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future before the supervisor has heard the call is as dropping the task; afterwards it is stopped
    /// all the same.
    pub async fn stop(self) -> Result<T, TaskError> {
        // An error says that it is over, or that its supervisor is, and the task with it.
        let _over = self
            .supervisor
            .terminate(self.id().clone(), Via::Dynamic)
            .await;
        self.await
    }
}

impl<T> Future for Task<T> {
    type Output = Result<T, TaskError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Self::Output> {
        let told = ready!(Pin::new(&mut self.told).poll(cx));
        // Nobody is left to tell if the runtime ends.
        let told = told.unwrap_or(Err(ExitReason::Killed));
        Poll::Ready(told.map_err(|exit| TaskError::of(self.id().clone(), exit)))
    }
}

impl<T> fmt::Debug for Task<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Task")
            .field("path", self.path())
            .finish_non_exhaustive()
    }
}
