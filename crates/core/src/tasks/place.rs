//! A place for one task.

use std::sync::Arc;

use tokio::sync::OwnedSemaphorePermit;

use super::once::{Once, Verdict};
use super::task::Task;
use crate::child::{ChildSpec, Context, ShutdownStrategy, StartChildError};
use crate::dynamic::DynamicHandle;
use crate::path::ChildId;
use crate::sync::Mutex;

/// A place for one task among those that a [`TaskSupervisor`](super::TaskSupervisor) may have.
///
/// Made by [`free_place`](super::TaskSupervisorHandle::free_place). Free again when it is dropped, or when the
/// task is gone that was started in it.
///
/// # Examples
///
/// ```
/// # use perennial_core as perennial;
/// use perennial::{StartChildError, TaskSupervisor};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let tasks = TaskSupervisor::new("tasks").max_children(1).start().await?;
/// let place = tasks.free_place().await?;
/// let refused = tasks.spawn("second", async {}).await;
/// assert!(matches!(refused, Err(StartChildError::MaxChildren { max: 1 })));
/// let first = place.spawn("first", async { 1 }).await?;
/// assert_eq!(first.await?, 1);
/// # tasks.shutdown().await;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use = "nothing runs in it until something is spawned"]
pub struct TaskPlace {
    pub(super) handle: DynamicHandle<ChildSpec>,
    pub(super) shutdown: ShutdownStrategy,
    pub(super) permit: OwnedSemaphorePermit,
}

/// How a task behaves towards the world.
#[derive(Clone, Copy, Debug)]
pub(super) struct Manners {
    /// Its future hears the request to stop; another one is dropped at it.
    pub(super) hears_stop: bool,
    /// It ends when nobody waits for its result any more.
    pub(super) bound: bool,
}

impl TaskPlace {
    /// Starts a task in this place; see [`TaskSupervisorHandle::spawn`](super::TaskSupervisorHandle::spawn).
    ///
    /// # Errors
    ///
    /// Those of a supervisor that does not run, or ends.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future before the supervisor has heard the call drops the task; afterwards it is started all the
    /// same.
    pub async fn spawn<Fut>(
        self,
        name: impl Into<ChildId>,
        future: Fut,
    ) -> Result<Task<Fut::Output>, StartChildError>
    where
        Fut: Future<Output: Send> + Send + 'static,
    {
        self.begin(name.into(), Manners::PLAIN, |_| future).await
    }

    /// Starts a task in this place that hears the request to stop; see
    /// [`TaskSupervisorHandle::spawn_with`](super::TaskSupervisorHandle::spawn_with).
    ///
    /// # Errors
    ///
    /// Those of a supervisor that does not run, or ends.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future before the supervisor has heard the call drops the task; afterwards it is started all the
    /// same.
    pub async fn spawn_with<F, Fut>(
        self,
        name: impl Into<ChildId>,
        task: F,
    ) -> Result<Task<Fut::Output>, StartChildError>
    where
        F: FnOnce(Context) -> Fut + Send + 'static,
        Fut: Future<Output: Send> + Send + 'static,
    {
        self.begin(name.into(), Manners::HEEDFUL, task).await
    }

    pub(super) async fn begin<F, Fut>(
        self,
        name: ChildId,
        manners: Manners,
        begin: F,
    ) -> Result<Task<Fut::Output>, StartChildError>
    where
        F: FnOnce(Context) -> Fut + Send + 'static,
        Fut: Future<Output: Send> + Send + 'static,
    {
        let (verdict, told) = Verdict::new(manners.bound);
        let spec = ChildSpec::new(Once {
            name,
            shutdown: self.shutdown,
            begin: Mutex::new(Some(begin)),
            hears_stop: manners.hears_stop,
            verdict: Arc::clone(&verdict),
            place: Some(self.permit),
        });
        let child = self.handle.start_child(spec).await?;
        let supervisor = self.handle.as_supervisor().clone();
        Ok(Task::new(child, supervisor, verdict, told))
    }
}

impl Manners {
    /// Of a future that knows nothing of its supervisor.
    pub(super) const PLAIN: Self = Self {
        hears_stop: false,
        bound: false,
    };
    /// Of one that hears the request to stop.
    pub(super) const HEEDFUL: Self = Self {
        hears_stop: true,
        bound: false,
    };
    /// Of one whose end is waited for by who started it.
    pub(super) const BOUND: Self = Self {
        hears_stop: false,
        bound: true,
    };
}
