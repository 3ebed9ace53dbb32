//! The task of one life of a child, from its initialization to its last word.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context as TaskContext, Poll};

use crate::child::{
    ChildKind, ChildSpec, Context, Departure, Inbox, Life, Message, Started, StopSignal,
    Supervisable, Word,
};
use crate::exit::{ExitReason, InitializationError, Panic, take_location};
use crate::observe::EventKind;
use crate::observe::trace::{self, Span};

/// Who hears the last word of a child.
pub(super) enum Hearer {
    Supervisor(Arc<Inbox>, usize),
    /// Nobody: it is the root of its tree.
    Nobody,
}

/// Says the last word of a life when the child's future is gone, however that came about.
struct Farewell {
    life: Arc<Life>,
    hearer: Hearer,
    end: Option<End>,
    started: bool,
}

/// How a life begins.
#[derive(Clone, Copy, Debug)]
pub(super) enum Beginning {
    /// There is nothing to initialize: it is up as soon as its task is spawned.
    AtOnce,
    /// Its initialization is dropped when it is to stop meanwhile.
    Worker,
    /// It hears the request itself, and stops what it has started.
    Supervisor,
}

/// How the task itself saw the end.
enum End {
    Ignored,
    Exited(ExitReason),
}

/// Runs a future in a span and catches its panic, close to where it happens.
struct Caught<F> {
    future: F,
    span: Span,
}

/// One life of a child.
pub(super) fn live(
    child: Arc<dyn Supervisable>,
    beginning: Beginning,
    life: Arc<Life>,
    hearer: Hearer,
) -> impl Future<Output = ()> + Send + 'static {
    life.commons.tasks.fetch_add(1, Ordering::AcqRel);
    life.begin();
    // Made before the task runs for the first time, so that one that is aborted earlier has a last
    // word too; dropped after all that belongs to the user.
    let mut farewell = Farewell {
        life,
        hearer,
        end: None,
        started: matches!(beginning, Beginning::AtOnce),
    };
    async move {
        let end = run(child.as_ref(), beginning, &mut farewell).await;
        farewell.ends(end);
    }
}

async fn run(child: &dyn Supervisable, beginning: Beginning, farewell: &mut Farewell) -> End {
    let life = Arc::clone(&farewell.life);
    let span = trace::span(&life.path, life.incarnation);
    let context = Context {
        life: Arc::clone(&life),
    };
    let initialized = match catch(|| child.initialize(context)) {
        Ok(future) => {
            let may_cut = matches!(beginning, Beginning::Worker);
            let future = Caught {
                future,
                span: span.clone(),
            };
            unless_stopped(future, may_cut, &life).await
        }
        Err(panic) => Some(Err(panic)),
    };
    let at_once = farewell.started;
    let failed = |error| {
        End::Exited(if at_once {
            ExitReason::failed(error)
        } else {
            ExitReason::InitializationFailed(error)
        })
    };
    let future = match initialized {
        Some(Ok(Ok(Started::Run(future)))) => future,
        Some(Ok(Ok(Started::Ignore))) => return End::Ignored,
        Some(Ok(Err(error))) => return failed(error),
        Some(Err(panic)) if at_once => return End::Exited(ExitReason::Panicked(panic)),
        Some(Err(panic)) => return failed(InitializationError::panicked(panic)),
        None => return failed(InitializationError::cut(ExitReason::Shutdown)),
    };
    if !at_once {
        farewell.started();
        // The supervisor may now stand in this thread's queue where no other thread finds it: let it
        // out before the child gets the chance to block the thread.
        step_back().await;
    }
    End::Exited(match (Caught { future, span }).await {
        Ok(Some(reason)) => reason,
        Ok(None) if life.stop.is_requested() => ExitReason::Shutdown,
        Ok(None) => ExitReason::Normal,
        Err(panic) => ExitReason::Panicked(panic),
    })
}

/// Waits for an initialization; `None` if the child is to stop before it is done.
async fn unless_stopped<F: Future + Unpin>(
    mut initialization: F,
    may_cut: bool,
    life: &Arc<Life>,
) -> Option<F::Output> {
    let mut stop = StopSignal::new(Arc::clone(life));
    std::future::poll_fn(|cx| {
        if let Poll::Ready(done) = Pin::new(&mut initialization).poll(cx) {
            return Poll::Ready(Some(done));
        }
        if may_cut && Pin::new(&mut stop).poll(cx).is_ready() {
            return Poll::Ready(None);
        }
        Poll::Pending
    })
    .await
}

/// Lets those go first who wait in this thread's queue.
///
/// Not by tokio's `yield_now`: it keeps a task where no other thread finds it until this thread has
/// nothing else to do, so that a task which blocks this thread meanwhile would block this one too.
async fn step_back() {
    let mut is_back = false;
    std::future::poll_fn(|cx| {
        if std::mem::replace(&mut is_back, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await
}

fn catch<T>(act: impl FnOnce() -> T) -> Result<T, Panic> {
    catch_unwind(AssertUnwindSafe(act))
        .map_err(|payload| Panic::caught(payload.as_ref(), take_location()))
}

/// Drops what may hold values of the user's: a panic in their drop must not reach the supervisor.
pub(super) fn let_go<T>(value: T) {
    // The panic hook has told of it.
    let _panicked = catch(|| drop(value));
}

impl Beginning {
    pub(super) fn of(spec: &ChildSpec) -> Self {
        match spec.settings.kind {
            ChildKind::Supervisor => Self::Supervisor,
            ChildKind::Worker if spec.has_initialization => Self::Worker,
            ChildKind::Worker => Self::AtOnce,
        }
    }
}

impl Farewell {
    /// The initialization succeeded.
    fn started(&mut self) {
        self.started = true;
        self.life.tell(EventKind::Started);
        self.say(Word::Started);
    }

    /// The task itself has come to an end.
    fn ends(&mut self, end: End) {
        self.end = Some(end);
    }

    fn say(&self, word: Word) {
        if let Hearer::Supervisor(inbox, slot) = &self.hearer {
            inbox.push(Message::Life(*slot, self.life.incarnation, word));
        }
    }

    /// How the life ended, as the rest of the world sees it.
    fn reason(&mut self) -> Option<ExitReason> {
        let reason = match self.end.take() {
            Some(End::Ignored) => return None,
            Some(End::Exited(reason)) => reason,
            None => ExitReason::Killed,
        };
        if self.started {
            return Some(reason);
        }
        let error = match (self.life.overdue.get(), reason) {
            (Some(&after), _) => InitializationError::timed_out(after),
            (None, ExitReason::InitializationFailed(error)) => error,
            (None, reason) => InitializationError::cut(reason),
        };
        Some(ExitReason::InitializationFailed(error))
    }
}

impl Drop for Farewell {
    fn drop(&mut self) {
        self.life.set_gone();
        let reason = self.reason();
        self.life.tell(match &reason {
            None => EventKind::Ignored,
            Some(ExitReason::InitializationFailed(error)) if !self.started => {
                EventKind::StartFailed {
                    error: error.clone(),
                }
            }
            Some(reason) => EventKind::Exited {
                reason: reason.clone(),
            },
        });
        self.life.end_is_told();
        if let Some(seat) = self.life.seat.get() {
            let departure = self.life.departure().cloned();
            let departure = departure.unwrap_or_else(|| Arc::new(Departure::of(reason.as_ref())));
            let_go(seat.leave(departure));
        }
        self.life.commons.tasks.fetch_sub(1, Ordering::AcqRel);
        self.say(match reason {
            None => Word::Ignored,
            Some(reason) => Word::Exited(reason),
        });
    }
}

impl<F: Future + Unpin> Future for Caught<F> {
    type Output = Result<F::Output, Panic>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<Self::Output> {
        let this = &mut *self;
        let _in_span = this.span.enter();
        match catch(|| Pin::new(&mut this.future).poll(cx)) {
            Ok(Poll::Ready(output)) => Poll::Ready(Ok(output)),
            Ok(Poll::Pending) => Poll::Pending,
            Err(panic) => Poll::Ready(Err(panic)),
        }
    }
}
