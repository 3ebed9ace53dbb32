//! Tasks that belong to one life of a child, as the child uses them.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::sync::oneshot;
use tokio::task::AbortHandle;

use super::{Life, ScopedTaskError};
use crate::exit::{Panic, let_go};
use crate::meter::Gauge;
use crate::observe::trace::{self, Span};
use crate::stall::Watched;

/// Tasks that belong to one life of a child.
///
/// From [`Context::scope`](super::Context::scope), where each call gives the same scope. Cheap to clone; to
/// drop it ends nothing. The child may be in several places at once by it, and is still one child:
///
/// - **No task outlives the life.** When the run future is over, by whatever end, the tasks that are left
///   are aborted. The child has exited, for its supervisor and in events, when the last of them is gone:
///   the next life finds nothing of this one.
/// - **A panic in a task is a panic of the child.** The run future is dropped where it awaits, the other
///   tasks are aborted, and the child exits with [`ExitReason::Panicked`](crate::ExitReason::Panicked) and what
///   that task said. A panic of a task that is being aborted because the child ends changes nothing any more.
/// - **A task that blocks its thread** cannot be aborted. It gets the `abort_grace` of the supervisor, and
///   then the child is declared unresponsive.
///
/// Asked to stop, the child itself sees to it that its tasks end in good order: they hear
/// [`stopping`](super::Context::stopping) by a clone of the context, and [`join`](Self::join) waits for them,
/// all within the grace of the child. A child that is killed is dropped at once, its tasks as well.
///
/// A task's error is its result, for whoever waits for its [`ScopedTask`]; what becomes of the child is the
/// child's choice. There is no limit on the number of tasks. To have tasks restarted one by one, make
/// them children.
///
/// # Examples
///
/// ```
/// # use perennial_core as perennial;
/// use perennial::{Supervisor, worker};
/// use tokio::sync::mpsc;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let bakery = worker("bakery", |ctx| async move {
///     let (loaves, mut shelf) = mpsc::channel(8);
///     let scope = ctx.scope();
///     for oven in 1..=2 {
///         let (loaves, oven_ctx) = (loaves.clone(), ctx.clone());
///         scope.spawn(async move {
///             while !oven_ctx.is_stopping() {
///                 if loaves.send(oven).await.is_err() {
///                     return;                              // nobody buys any more
///                 }
///             }
///             println!("oven {oven} is off");
///         });
///     }
///     for _ in 0..10 {
///         println!("a loaf from oven {:?}", shelf.recv().await);
///     }
///     ctx.stopping().await;
///     drop(shelf);
///     scope.join().await;                                  // both ovens are off
///     Ok(())
/// });
/// let handle = Supervisor::one_for_one("app").child(bakery).start().await?;
/// assert!(handle.shutdown().await.is_clean());
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Scope {
    life: Arc<Life>,
}

/// A task of a [`Scope`], and what it will yield.
///
/// A future of the task's result. To drop it loses the result and nothing else: the task goes on, as
/// part of its scope.
///
/// # Examples
///
/// ```
/// # use perennial_core as perennial;
/// use perennial::worker;
///
/// let report = worker("report", |ctx| async move {
///     let scope = ctx.scope();
///     let sold = scope.spawn(async { 40 + 2 });
///     let bought = scope.spawn(async { 8 });
///     println!("{} are left", 50 + bought.await? - sold.await?);
///     Ok(())
/// });
/// # let _: perennial_core::ChildSpec = report;
/// ```
pub struct ScopedTask<T> {
    told: oneshot::Receiver<Result<T, Panic>>,
    /// None if it was never spawned.
    task: Option<AbortHandle>,
}

/// The future of such a task.
struct Member<F: Future> {
    /// None when it is over.
    future: Option<Pin<Box<F>>>,
    /// That of the life, if anybody wants to know.
    span: Option<Box<Span>>,
    watched: Option<Watched>,
    /// That of the life, if anything is measured: what the task uses, the child uses.
    gauge: Option<Arc<Gauge>>,
    teller: Option<oneshot::Sender<Result<F::Output, Panic>>>,
    /// Left at the very end, when nothing of the user's is there any more.
    place: Place,
}

/// The place of a task in the scope of a life.
struct Place {
    life: Arc<Life>,
    number: u64,
}

impl Scope {
    pub(crate) fn new(life: Arc<Life>) -> Self {
        Self { life }
    }

    /// Spawns a task that belongs to the scope.
    ///
    /// It runs on the runtime that this is called on, beside the child and on any of its threads. When the life
    /// is over, or about to be because the child is killed or a task has panicked, nothing is spawned: the
    /// future is dropped, and its [`ScopedTask`] yields [`Cancelled`](ScopedTaskError::Cancelled).
    ///
    /// # Panics
    ///
    /// If it is called outside of a runtime. In the child itself and in its tasks there always is one.
    pub fn spawn<F>(&self, future: F) -> ScopedTask<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        let (teller, told) = oneshot::channel();
        let Some(number) = self.life.admit_task() else {
            return ScopedTask { told, task: None };
        };
        let life = Arc::clone(&self.life);
        let member = Member {
            future: Some(Box::pin(future)),
            span: trace::span(&life.path, life.incarnation).map(Box::new),
            watched: life.watched(),
            gauge: life.gauge().cloned(),
            teller: Some(teller),
            place: Place { life, number },
        };
        let task = tokio::spawn(member).abort_handle();
        self.life.open_scope().set_task(number, task.clone());
        ScopedTask {
            told,
            task: Some(task),
        }
    }

    /// Waits until no task is in the scope; those that come in meanwhile are waited for too.
    ///
    /// Not for the tasks themselves: they would wait for their own end.
    ///
    /// # Cancel safety
    ///
    /// It changes nothing.
    pub async fn join(&self) {
        self.life.open_scope().emptied().await;
    }

    /// Aborts all tasks that are in the scope now. The life goes on, and others may be spawned.
    ///
    /// They are gone when [`join`](Self::join) returns.
    pub fn abort_all(&self) {
        self.life.open_scope().abort_all();
    }

    /// How many tasks are in the scope. One that has just yielded its result may still be counted.
    #[must_use]
    pub fn len(&self) -> usize {
        self.life.open_scope().len()
    }

    /// Whether no task is in the scope.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl<T> ScopedTask<T> {
    /// Aborts the task where it awaits; nothing happens if it is over. The child goes on.
    pub fn abort(&self) {
        if let Some(task) = &self.task {
            task.abort();
        }
    }

    /// Whether the task is over, or was never spawned.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.task.as_ref().is_none_or(AbortHandle::is_finished)
    }
}

impl<T> Future for ScopedTask<T> {
    type Output = Result<T, ScopedTaskError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let told = ready!(Pin::new(&mut self.told).poll(cx));
        Poll::Ready(match told {
            Ok(Ok(result)) => Ok(result),
            Ok(Err(panic)) => Err(ScopedTaskError::Panicked { panic }),
            Err(_dropped) => Err(ScopedTaskError::Cancelled),
        })
    }
}

impl<F: Future> Future for Member<F> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        let Some(future) = &mut this.future else {
            return Poll::Ready(());
        };
        let _entered = this.gauge.as_ref().map(|gauge| gauge.enter());
        let _in_poll = this.watched.as_ref().map(Watched::enter);
        let result = ready!(trace::caught(this.span.as_deref(), || future
            .as_mut()
            .poll(cx)));
        // Nothing of it is left when others hear of its end.
        let_go(this.future.take());
        if let Err(panic) = &result {
            this.place.life.task_panicked(panic);
        }
        if let Some(teller) = this.teller.take() {
            // Nobody may want to know.
            let_go(teller.send(result));
        }
        Poll::Ready(())
    }
}

impl<F: Future> Drop for Member<F> {
    fn drop(&mut self) {
        let_go(self.future.take());
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.life.open_scope().leave(self.number);
    }
}

impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scope")
            .field("path", &self.life.path)
            .field("tasks", &self.len())
            .finish_non_exhaustive()
    }
}

impl<T> fmt::Debug for ScopedTask<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScopedTask")
            .field("is_finished", &self.is_finished())
            .finish_non_exhaustive()
    }
}
