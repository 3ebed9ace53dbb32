//! A child that runs once, and its result.

use std::fmt;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::{Arc, PoisonError};
use std::task::{Context as TaskContext, Poll, ready};

use async_trait::async_trait;
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use crate::child::{Context, Heir, ShutdownStrategy, Started, Supervisable};
use crate::exit::{ExitReason, InitializationError};
use crate::path::ChildId;
use crate::restart::Restart;
use crate::sync::atomic::{AtomicBool, Ordering};
use crate::sync::{Mutex, MutexGuard};

/// A child that runs once. With the last one who holds it the result goes to who waits for it: then its supervisor
/// has forgotten it, and its place is free.
pub(super) struct Once<F, T> {
    pub(super) name: ChildId,
    pub(super) shutdown: ShutdownStrategy,
    /// What it does; taken out at its only start.
    pub(super) begin: Mutex<Option<F>>,
    /// Its future hears the request to stop; another one is dropped at it.
    pub(super) hears_stop: bool,
    pub(super) verdict: Arc<Verdict<T>>,
    pub(super) place: Option<OwnedSemaphorePermit>,
}

/// What becomes of a task: a result, or how it ended without one.
pub(super) struct Verdict<T> {
    state: Mutex<State<T>>,
    /// It ends when nobody waits for its result any more.
    bound: AtomicBool,
}

struct State<T> {
    value: Option<T>,
    exit: Option<ExitReason>,
    /// Who waits; taken when it is told.
    waiting: Option<oneshot::Sender<Told<T>>>,
}

/// A result, or how the task ended without one.
pub(super) type Told<T> = Result<T, ExitReason>;

impl<T> Verdict<T> {
    pub(super) fn new(bound: bool) -> (Arc<Self>, oneshot::Receiver<Told<T>>) {
        let (waiting, told) = oneshot::channel();
        let state = State {
            value: None,
            exit: None,
            waiting: Some(waiting),
        };
        let verdict = Self {
            state: Mutex::new(state),
            bound: AtomicBool::new(bound),
        };
        (Arc::new(verdict), told)
    }

    /// From now on the task ends when nobody waits for its result any more.
    pub(super) fn bind(&self) {
        // Who stops to wait does so later, and the channel orders that.
        self.bound.store(true, Ordering::Relaxed);
    }

    /// Whether the task is to end because nobody waits for it.
    fn poll_unwanted(&self, cx: &mut TaskContext<'_>) -> Poll<()> {
        if let Some(waiting) = &mut self.lock().waiting {
            ready!(waiting.poll_closed(cx));
        }
        if self.bound.load(Ordering::Relaxed) {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }

    /// Tells who waits, unless that was done before, and lets go of the result.
    fn tell(&self) {
        let mut state = self.lock();
        let (value, exit, waiting) = (state.value.take(), state.exit.take(), state.waiting.take());
        // What nobody waits for is the user's to drop: not under the lock.
        drop(state);
        let told = match value {
            Some(value) => Ok(value),
            // Its task was aborted before it ran.
            None => Err(exit.unwrap_or(ExitReason::Killed)),
        };
        if let Some(waiting) = waiting {
            let _unheard = waiting.send(told);
        }
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        // Nothing in here is left half done by a panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T: Send> Heir for Verdict<T> {
    fn learn(&self, exit: &ExitReason) {
        let mut state = self.lock();
        state.exit = Some(exit.clone());
        // It may never end, and nobody is to wait that long.
        let is_lost = matches!(exit, ExitReason::Unresponsive) && state.value.is_none();
        let waiting = is_lost.then(|| state.waiting.take()).flatten();
        drop(state);
        if let Some(waiting) = waiting {
            let _unheard = waiting.send(Err(ExitReason::Unresponsive));
        }
    }
}

#[async_trait]
impl<F, Fut, T> Supervisable for Once<F, T>
where
    F: FnOnce(Context) -> Fut + Send + 'static,
    Fut: Future<Output = T> + Send + 'static,
    T: Send + 'static,
{
    fn name(&self) -> &str {
        self.name.as_str()
    }

    fn restart(&self) -> Restart {
        Restart::Temporary
    }

    fn shutdown_strategy(&self) -> ShutdownStrategy {
        self.shutdown
    }

    fn has_initialization(&self) -> bool {
        false
    }

    async fn initialize(&self, ctx: Context) -> Result<Started<'_>, InitializationError> {
        let begin = self
            .begin
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let Some(begin) = begin else {
            debug_assert!(false, "a temporary child is started once");
            return Ok(Started::Ignore);
        };
        let heir: Arc<dyn Heir> = Arc::clone(&self.verdict) as _;
        ctx.life.set_heir(heir);
        Ok(Started::run(self.run(begin, ctx)))
    }
}

impl<F, Fut, T> Once<F, T>
where
    F: FnOnce(Context) -> Fut,
    Fut: Future<Output = T>,
{
    async fn run(&self, begin: F, ctx: Context) -> Option<ExitReason> {
        let mut stopping = pin!((!self.hears_stop).then(|| ctx.stopping()));
        let done = {
            let mut work = pin!(begin(ctx));
            poll_fn(|cx| {
                if let Poll::Ready(value) = work.as_mut().poll(cx) {
                    return Poll::Ready(Ok(value));
                }
                if self.verdict.poll_unwanted(cx).is_ready() {
                    return Poll::Ready(Err(Some(unwanted())));
                }
                match stopping.as_mut().as_pin_mut().map(|stop| stop.poll(cx)) {
                    Some(Poll::Ready(())) => Poll::Ready(Err(None)),
                    Some(Poll::Pending) | None => Poll::Pending,
                }
            })
            .await
        };
        match done {
            Ok(value) => {
                self.verdict.lock().value = Some(value);
                None
            }
            Err(reason) => reason,
        }
    }
}

fn unwanted() -> ExitReason {
    ExitReason::shutdown_with("nobody waits for its result")
}

impl<F, T> Drop for Once<F, T> {
    fn drop(&mut self) {
        // Who is told of the result finds the place free.
        drop(self.place.take());
        self.verdict.tell();
    }
}

impl<T> fmt::Debug for Verdict<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Verdict").finish_non_exhaustive()
    }
}
