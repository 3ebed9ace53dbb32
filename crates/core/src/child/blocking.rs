//! Workers that block: functions with a thread of their own.

use std::fmt;
use std::ops::Deref;
use std::pin::pin;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::task::{Context as TaskContext, Poll, Wake, Waker};
use std::time::Duration;

use async_trait::async_trait;
#[cfg(not(perennial_shuttle))]
use tokio::runtime::Handle;
use tokio::sync::oneshot;

use super::{ChildSpec, Context, Life, Lodging, Started, StopRequest, Supervisable};
use crate::exit::{BoxError, ExitReason, InitializationError, IntoExit, catch, let_go};
use crate::observe::trace;
use crate::path::ChildId;
use crate::place::start_thread;

/// A worker made of a function that may block, which is called at each start in a new thread of its own.
///
/// For what has no `async` version: a database that is a C library, a serial port, hours of arithmetic. The
/// function looks again and again whether it is to stop, with [`is_stopping`](Context::is_stopping) or
/// [`stop_requested_within`](BlockingContext::stop_requested_within). A panic in it is a panic of the child.
///
/// **A thread cannot be killed.** A function that is still there when its grace is over hears of that no more than
/// of the request to stop: it has the supervisor's `abort_grace` to return, and is then declared unresponsive,
/// named and left behind. So keep each step without such a look shorter than the grace.
///
/// In the thread the runtime of the child is at hand: `tokio::spawn` and the [`scope`](Context::scope) of the child
/// work, and `Handle::current().block_on(..)` waits for what is `async`.
///
/// # Examples
///
/// ```
/// # use perennial_core as perennial;
/// use std::time::Duration;
/// use perennial::{Supervisor, blocking};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let sensor = blocking("sensor", |ctx| {
///     while !ctx.stop_requested_within(Duration::from_millis(100)) {
///         println!("it is {} degrees", 21);                // a call that blocks
///     }
///     Ok(())
/// });
/// let handle = Supervisor::one_for_one("app").child(sensor).start().await?;
/// assert!(handle.shutdown().await.is_clean());
/// # Ok(())
/// # }
/// ```
pub fn blocking<F>(name: impl Into<ChildId>, run: F) -> ChildSpec
where
    F: Fn(&BlockingContext) -> Result<(), BoxError> + Send + Sync + 'static,
{
    ChildSpec::new(Blocking {
        name: name.into(),
        run: Arc::new(run),
    })
}

/// What a [`blocking`] worker is given at each start: its [`Context`], and how to wait for the stop in a thread.
///
/// # Examples
///
/// ```
/// # use perennial_core as perennial;
/// use std::time::Duration;
/// use perennial::{BlockingContext, BoxError, blocking};
///
/// fn copy(ctx: &BlockingContext) -> Result<(), BoxError> {
///     for page in 0.. {
///         if ctx.stop_requested_within(Duration::from_secs(1)) {
///             println!("{} stops after page {page}", ctx.path());
///             break;
///         }
///     }
///     Ok(())
/// }
/// let spec = blocking("copy", copy);
/// assert_eq!(spec.settings().id, "copy");
/// ```
#[derive(Clone)]
pub struct BlockingContext {
    ctx: Context,
}

struct Blocking<F> {
    name: ChildId,
    run: Arc<F>,
}

/// Asks the thread to stop when nobody waits for it any more, as at a kill.
struct HangUp(Option<Arc<Life>>);

/// Wakes a thread that waits.
#[derive(Default)]
struct Bell {
    rung: Mutex<bool>,
    ring: Condvar,
}

impl BlockingContext {
    /// Blocks the thread until the child is asked to stop, or is killed, and no longer than `time`; whether it was.
    #[must_use]
    pub fn stop_requested_within(&self, time: Duration) -> bool {
        let bell = Arc::new(Bell::default());
        let waker = Waker::from(Arc::clone(&bell));
        let mut stopping = pin!(self.ctx.stopping());
        let mut cx = TaskContext::from_waker(&waker);
        if let Poll::Ready(()) = stopping.as_mut().poll(&mut cx) {
            return true;
        }
        bell.wait(time);
        self.ctx.is_stopping()
    }
}

impl Deref for BlockingContext {
    type Target = Context;

    fn deref(&self) -> &Context {
        &self.ctx
    }
}

impl fmt::Debug for BlockingContext {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("BlockingContext").field(&self.ctx).finish()
    }
}

#[async_trait]
impl<F> Supervisable for Blocking<F>
where
    F: Fn(&BlockingContext) -> Result<(), BoxError> + Send + Sync + 'static,
{
    fn name(&self) -> &str {
        self.name.as_str()
    }

    async fn initialize(&self, ctx: Context) -> Result<Started<'_>, InitializationError> {
        let life = Arc::clone(&ctx.life);
        let (teller, told) = oneshot::channel();
        let run = Arc::clone(&self.run);
        let lodging = Lodging::new(&life);
        #[cfg(not(perennial_shuttle))]
        let runtime = Handle::current();
        let ctx = BlockingContext { ctx };
        let body = move || {
            // The stand-in has only one runtime.
            #[cfg(not(perennial_shuttle))]
            let _at_hand = runtime.enter();
            let span = trace::span(&ctx.life.path, ctx.life.incarnation);
            let in_span = span.as_ref().map(|span| span.enter());
            let exit = match catch(|| run(&ctx)) {
                Ok(ended) => ended.into_exit(),
                Err(panic) => Some(ExitReason::Panicked(panic)),
            };
            let_go(run);
            drop(in_span);
            drop((span, ctx));
            // Nothing of the user's is left in here: who is told that it is over need not wait for the thread.
            drop(lodging);
            // Nobody may want to know.
            let_go(teller.send(exit));
        };
        start_thread(&life.path, body).map_err(InitializationError::new)?;
        let hang_up = HangUp(Some(life));
        Ok(Started::Run(Box::pin(async move {
            // Whoever drops the sender has not come to its end.
            let exit = told.await.unwrap_or(Some(ExitReason::Killed));
            hang_up.disarm();
            exit
        })))
    }
}

impl HangUp {
    /// The thread has come to its end by itself.
    fn disarm(mut self) {
        self.0 = None;
    }
}

impl Drop for HangUp {
    fn drop(&mut self) {
        if let Some(life) = &self.0 {
            life.stop.request(StopRequest {
                deadline: None,
                orphaned: false,
                budgeted: false,
            });
        }
    }
}

impl Bell {
    /// Until it rings, and no longer than that.
    fn wait(&self, time: Duration) {
        // Nothing in here is left half done by a panic.
        let rung = self.rung.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.ring.wait_timeout_while(rung, time, |rung| !*rung);
        drop(waited.unwrap_or_else(PoisonError::into_inner));
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        *self.rung.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.ring.notify_one();
    }
}
