//! A task supervisor, before it runs.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::handle::{TaskSupervisorHandle, Terms, places};
use crate::child::{
    ChildKind, ChildSpec, Context, Findings, Lint, Report, Semantics, ShutdownStrategy, SpecError,
    Started, Supervisable,
};
use crate::dynamic::DynamicSupervisor;
use crate::exit::InitializationError;
use crate::observe::Observer;
use crate::path::{ChildId, ChildPath};
use crate::supervisor::{RunError, StartError};

/// A supervisor of tasks that run once and have a result.
///
/// Each task is a child: it stands in snapshots and events, stops with its supervisor, and its panic is its own. It is
/// temporary, so whatever becomes of it, it is not restarted, and the supervisor goes on. What is to be restarted is a
/// child of a [`DynamicSupervisor`]. All tasks stop at the same time.
///
/// Like [`Supervisor`](crate::Supervisor) it is an inert blueprint and a [`Supervisable`] child. A
/// [`handle`](Self::handle) knows the settings that were made before it was taken.
///
/// # Examples
///
/// ```
/// # use perennial_core as perennial;
/// use perennial::{Supervisor, TaskSupervisor};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let thumbnails = TaskSupervisor::new("thumbnails").max_children(4);
/// let tasks = thumbnails.handle();                             // good before the start, like every handle
/// let app = Supervisor::one_for_one("app").child(thumbnails).start().await?;
///
/// let picture = vec![7_u8; 640];
/// let small = tasks.spawn("resize", async move { picture.chunks(10).count() }).await?;
/// assert_eq!(small.path().to_string(), "app/thumbnails/resize#1");
/// assert_eq!(small.await?, 64);
/// # app.shutdown().await;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use = "a supervisor is a blueprint: nothing runs until it is started"]
pub struct TaskSupervisor {
    dynamic: DynamicSupervisor<ChildSpec>,
    terms: Terms,
}

impl TaskSupervisor {
    /// A supervisor of tasks.
    pub fn new(id: impl Into<ChildId>) -> Self {
        Self {
            dynamic: DynamicSupervisor::new(id, |task: ChildSpec| task),
            terms: Terms {
                max: usize::MAX,
                shutdown: ShutdownStrategy::WORKER,
                places: places(usize::MAX),
            },
        }
    }

    /// Sets how many tasks it may have; by default any number.
    ///
    /// One that was left behind, as it blocks its thread, keeps its place until it ends.
    pub fn max_children(mut self, max: usize) -> Self {
        self.dynamic = self.dynamic.max_children(max);
        self.terms.max = max;
        self.terms.places = places(max);
        self
    }

    /// Sets how tasks are ended: by default they get 5 seconds, which only those need that hear the request.
    pub fn shutdown(mut self, shutdown: ShutdownStrategy) -> Self {
        self.terms.shutdown = shutdown;
        self
    }

    /// Sets how long it waits for a task that was aborted: 1 second by default.
    pub fn abort_grace(mut self, grace: Duration) -> Self {
        self.dynamic = self.dynamic.abort_grace(grace);
        self
    }

    /// Sets how literally it follows OTP.
    pub fn semantics(mut self, semantics: Semantics) -> Self {
        self.dynamic = self.dynamic.semantics(semantics);
        self
    }

    /// Tells `observer` each event of the tree; only that of the root is asked.
    pub fn observer(mut self, observer: impl Observer) -> Self {
        self.dynamic = self.dynamic.observer(observer);
        self
    }

    /// The handle of the supervisor that is made of this blueprint, or a clone of it, at the first place where it runs;
    /// good before that starts.
    #[must_use]
    pub fn handle(&self) -> TaskSupervisorHandle {
        TaskSupervisorHandle {
            handle: self.dynamic.handle(),
            terms: self.terms.clone(),
        }
    }

    /// Looks for mistakes, and starts nothing.
    ///
    /// # Errors
    ///
    /// [`SpecError`] names all faults.
    pub fn check(&self) -> Result<Vec<Lint>, SpecError> {
        self.dynamic.check()
    }

    /// Starts it as the root of a tree.
    ///
    /// # Errors
    ///
    /// See [`StartError`].
    ///
    /// # Cancel safety
    ///
    /// Dropping the future kills what was started.
    pub async fn start(&self) -> Result<TaskSupervisorHandle, StartError> {
        let handle = self.dynamic.start().await?;
        let mut terms = self.terms.clone();
        let (here, first) = (handle.as_supervisor(), self.dynamic.handle());
        if !Arc::ptr_eq(&here.seat, &first.as_supervisor().seat) {
            // One more tree of this blueprint: its tasks are not those of the first.
            terms.places = places(terms.max);
        }
        Ok(TaskSupervisorHandle { handle, terms })
    }

    /// Starts it as the root of a tree, runs it until `signal` resolves, and stops it.
    ///
    /// # Errors
    ///
    /// [`RunError`]: it did not start, or ended with a failure.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future kills the tree: nothing is stopped in order.
    pub async fn run_until(&self, signal: impl Future) -> Result<Report, RunError> {
        self.dynamic.run_until(signal).await
    }
}

#[async_trait]
impl Supervisable for TaskSupervisor {
    fn name(&self) -> &str {
        self.dynamic.name()
    }

    fn shutdown_strategy(&self) -> ShutdownStrategy {
        self.dynamic.shutdown_strategy()
    }

    fn kind(&self) -> ChildKind {
        self.dynamic.kind()
    }

    fn findings(&self, path: &ChildPath) -> Findings {
        self.dynamic.findings(path)
    }

    async fn initialize(&self, ctx: Context) -> Result<Started<'_>, InitializationError> {
        self.dynamic.initialize(ctx).await
    }
}
