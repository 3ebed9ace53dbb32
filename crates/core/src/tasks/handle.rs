//! What others hold of a task supervisor.

use std::ops::Deref;
use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::error::TaskError;
use super::place::{Manners, TaskPlace};
use super::task::Task;
use crate::child::{ChildSpec, Context, ShutdownStrategy, StartChildError, SupervisorHandle};
use crate::dynamic::DynamicHandle;
use crate::path::ChildId;

/// A task supervisor as others hold it: to start tasks.
///
/// Cheap to clone, good before the supervisor starts and after it was restarted. It gives the
/// methods of a [`SupervisorHandle`] too. Dropping it stops nothing.
///
/// # Examples
///
/// ```
/// # use perennial_core as perennial;
/// use perennial::TaskSupervisor;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let tasks = TaskSupervisor::new("tasks").max_children(8).start().await?;
/// let sum = tasks.spawn("sum", async { (1..=100).sum::<u32>() }).await?;
/// assert_eq!(sum.await?, 5050);
///
/// // Four at once, and the results in the order of what they were made of.
/// let squares = tasks.map("square", 4, 1..=10_u32, |n| async move { n * n }).await;
/// let squares: Result<Vec<u32>, _> = squares.into_iter().collect();
/// assert_eq!(squares?[9], 100);
/// # tasks.shutdown().await;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct TaskSupervisorHandle {
    pub(super) handle: DynamicHandle<ChildSpec>,
    pub(super) terms: Terms,
}

/// On what terms tasks are started.
#[derive(Clone, Debug)]
pub(super) struct Terms {
    pub(super) max: usize,
    pub(super) shutdown: ShutdownStrategy,
    /// As many as there may be tasks.
    pub(super) places: Arc<Semaphore>,
}

impl TaskSupervisorHandle {
    /// Starts a task; returns when it runs.
    ///
    /// The name is for those who look at the tree; the id is the name with a number. The future is dropped when the
    /// task is to stop; one that has to tidy up then is started by [`spawn_with`](Self::spawn_with). An error that it
    /// returns is a result like any other: for the supervisor that is a normal exit.
    ///
    /// # Errors
    ///
    /// [`StartChildError::MaxChildren`] if there is no place; [`free_place`](Self::free_place) waits for one. And those
    /// of a supervisor that does not run, or ends.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future before the supervisor has heard the call drops the task; afterwards it is started all the
    /// same.
    pub async fn spawn<Fut>(
        &self,
        name: impl Into<ChildId>,
        future: Fut,
    ) -> Result<Task<Fut::Output>, StartChildError>
    where
        Fut: Future<Output: Send> + Send + 'static,
    {
        let place = self.try_place()?;
        place.begin(name.into(), Manners::PLAIN, |_| future).await
    }

    /// Starts a task that hears the request to stop, by the [`Context`] that it is given; returns when it runs.
    ///
    /// When it is to stop it has the time of the supervisor's shutdown strategy, and what it then returns is its result.
    ///
    /// # Errors
    ///
    /// Those of [`spawn`](Self::spawn).
    ///
    /// # Cancel safety
    ///
    /// Dropping the future before the supervisor has heard the call drops the task; afterwards it is started all the
    /// same.
    pub async fn spawn_with<F, Fut>(
        &self,
        name: impl Into<ChildId>,
        task: F,
    ) -> Result<Task<Fut::Output>, StartChildError>
    where
        F: FnOnce(Context) -> Fut + Send + 'static,
        Fut: Future<Output: Send> + Send + 'static,
    {
        let place = self.try_place()?;
        place.begin(name.into(), Manners::HEEDFUL, task).await
    }

    /// Runs a future as a task and waits for its result.
    ///
    /// # Errors
    ///
    /// See [`TaskError`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future ends the task.
    pub async fn run<Fut>(
        &self,
        name: impl Into<ChildId>,
        future: Fut,
    ) -> Result<Fut::Output, TaskError>
    where
        Fut: Future<Output: Send> + Send + 'static,
    {
        let name = name.into();
        let started = match self.try_place() {
            Ok(place) => place.begin(name.clone(), Manners::BOUND, |_| future).await,
            Err(refused) => Err(refused),
        };
        match started {
            Ok(task) => task.await,
            Err(source) => Err(TaskError::NotStarted { id: name, source }),
        }
    }

    /// Runs a task for each item, at most `at_once` of them at the same time, and gives their results in the order of
    /// the items.
    ///
    /// Waits for a place for each; so it never ends if it is called by a task that holds the only one. An item is taken
    /// when the one before it has been started. If the supervisor ends, what was not started is told as
    /// [`NotStarted`](TaskError::NotStarted). Zero at once are as one.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future ends the tasks.
    pub async fn map<I, F, Fut>(
        &self,
        name: impl Into<ChildId>,
        at_once: usize,
        items: I,
        mut work: F,
    ) -> Vec<Result<Fut::Output, TaskError>>
    where
        I: IntoIterator,
        F: FnMut(I::Item) -> Fut,
        Fut: Future<Output: Send> + Send + 'static,
    {
        let name = name.into();
        let turns = places(at_once.max(1));
        let mut tasks = Vec::new();
        for item in items {
            // It is never closed, so there is always one.
            let turn = Arc::clone(&turns).acquire_owned().await.ok();
            let place = self.free_place().await;
            let started = match place {
                Ok(place) => {
                    let future = work(item);
                    let task = move |_| async move {
                        let _until_it_ends = turn;
                        future.await
                    };
                    place.begin(name.clone(), Manners::BOUND, task).await
                }
                Err(refused) => Err(refused),
            };
            tasks.push(started);
        }
        let mut results = Vec::with_capacity(tasks.len());
        for started in tasks {
            results.push(match started {
                Ok(task) => task.await,
                Err(source) => Err(TaskError::NotStarted {
                    id: name.clone(),
                    source,
                }),
            });
        }
        results
    }

    /// Waits until there is a place for another task, and keeps it free for the caller; first come, first served.
    ///
    /// # Errors
    ///
    /// [`StartChildError::NotRunning`] if the supervisor does not run, or ends meanwhile.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future gives up the turn.
    pub async fn free_place(&self) -> Result<TaskPlace, StartChildError> {
        // Begin to listen before looking: an end in between must not be missed.
        let end = self.handle.as_supervisor().seat.next_end();
        if self.handle.path().is_none() {
            return Err(self.not_running());
        }
        let permit = tokio::select! {
            biased;
            permit = Arc::clone(&self.terms.places).acquire_owned() => permit,
            _ended = end => return Err(self.not_running()),
        };
        // Nobody closes it.
        let permit = permit.map_err(|_closed| self.not_running())?;
        Ok(self.place(permit))
    }

    /// The same supervisor without its tasks.
    #[must_use]
    pub fn as_supervisor(&self) -> &SupervisorHandle {
        self.handle.as_supervisor()
    }

    /// A place, if one is free.
    fn try_place(&self) -> Result<TaskPlace, StartChildError> {
        let permit = Arc::clone(&self.terms.places).try_acquire_owned();
        let max = self.terms.max;
        let permit = permit.map_err(|_full| StartChildError::MaxChildren { max })?;
        Ok(self.place(permit))
    }

    fn place(&self, permit: OwnedSemaphorePermit) -> TaskPlace {
        TaskPlace {
            handle: self.handle.clone(),
            shutdown: self.terms.shutdown,
            permit,
        }
    }

    fn not_running(&self) -> StartChildError {
        StartChildError::NotRunning {
            id: self.handle.id().clone(),
        }
    }
}

impl Deref for TaskSupervisorHandle {
    type Target = SupervisorHandle;

    fn deref(&self) -> &SupervisorHandle {
        self.as_supervisor()
    }
}

/// So many places; more than can be counted are no limit.
pub(super) fn places(count: usize) -> Arc<Semaphore> {
    Arc::new(Semaphore::new(count.min(Semaphore::MAX_PERMITS)))
}
