//! The task of one life of a child, from its initialization to its last word.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll, ready};

use crate::child::{
    ChildKind, ChildSpec, Context, Departure, Life, RunFuture, ScopeCell, Started, StopSignal,
    Supervisable, Word,
};
use crate::exit::{ExitReason, InitializationError, Panic, catch, let_go};
use crate::meter::{Entered, Gauge};
use crate::observe::EventKind;
use crate::observe::trace::{self, Span, caught};
use crate::stall::{InPoll, Watched};

/// Says the last word of a life when the child's future is gone, however that came about.
struct Farewell {
    life: Arc<Life>,
    started: bool,
    said: bool,
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

/// The child's own part of its task; small, as each child has one.
struct Course<'a> {
    /// Who wants to know of its polls, if anybody does.
    around: Option<Box<Around>>,
    progress: Progress<'a>,
}

/// What is around the polls of a child.
struct Around {
    span: Option<Span>,
    gauge: Option<Arc<Gauge>>,
    watched: Option<Watched>,
}

/// What the child's task does, phase by phase.
struct Progress<'a> {
    child: &'a dyn Supervisable,
    farewell: &'a mut Farewell,
    phase: Phase<'a>,
}

enum Phase<'a> {
    New(Beginning),
    /// With what cuts it short, if that may be.
    Initializing(Initialization<'a>, Option<StopSignal>),
    /// Those go first who wait in this thread's queue.
    SteppingBack(RunFuture<'a>),
    Running(RunFuture<'a>),
    Over,
}

type Initialization<'a> = Pin<Box<dyn Future<Output = Initialized<'a>> + Send + 'a>>;

type Initialized<'a> = Result<Started<'a>, InitializationError>;

/// One life of a child.
pub(super) fn live(
    child: Arc<dyn Supervisable>,
    beginning: Beginning,
    life: Arc<Life>,
) -> impl Future<Output = ()> + Send + 'static {
    life.begin();
    // Made before the task runs for the first time, so that one that is aborted earlier has a last
    // word too; dropped after all that belongs to the user.
    let mut farewell = Farewell {
        life,
        started: matches!(beginning, Beginning::AtOnce),
        said: false,
    };
    async move {
        let around = Around::of(&farewell.life);
        let course = Course {
            around,
            progress: Progress {
                child: child.as_ref(),
                farewell: &mut farewell,
                phase: Phase::New(beginning),
            },
        };
        let end = course.await;
        // What is told of its end is true: nothing of the user's is left in here.
        let_go(child);
        farewell.say_last_word(Some(end));
    }
}

impl Future for Course<'_> {
    type Output = End;

    fn poll(mut self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<End> {
        let Self { around, progress } = &mut *self;
        let around = around.as_deref();
        let _entered = around.map(Around::enter);
        progress.poll(around.and_then(|around| around.span.as_ref()), cx)
    }
}

impl Around {
    fn of(life: &Life) -> Option<Box<Self>> {
        let span = trace::span(&life.path, life.incarnation);
        let gauge = life.gauge();
        let watched = life.watched();
        if span.is_none() && gauge.is_none() && watched.is_none() {
            return None;
        }
        let gauge = gauge.cloned();
        Some(Box::new(Self {
            span,
            gauge,
            watched,
        }))
    }

    /// Notes that a poll begins. Apart, as most children are polled without.
    #[inline(never)]
    fn enter(&self) -> (Option<Entered<'_>>, Option<InPoll<'_>>) {
        let entered = self.gauge.as_ref().map(|gauge| gauge.enter());
        (entered, self.watched.as_ref().map(Watched::enter))
    }
}

impl<'a> Progress<'a> {
    fn poll(&mut self, span: Option<&Span>, cx: &mut TaskContext<'_>) -> Poll<End> {
        loop {
            if let Phase::Running(future) = &mut self.phase {
                let polled = caught(span, || future.as_mut().poll(cx));
                if !self.farewell.started {
                    self.farewell.start_if_ready(cx);
                }
                return Poll::Ready(self.ended(ready!(polled)));
            }
            let next = match std::mem::replace(&mut self.phase, Phase::Over) {
                Phase::New(beginning) => self.begin(beginning),
                Phase::Initializing(future, stop) => {
                    ready!(self.initialize(future, stop, span, cx))
                }
                Phase::SteppingBack(future) => Ok(Phase::Running(future)),
                Phase::Running(_) | Phase::Over => unreachable!("it is polled in place, or ended"),
            };
            match next {
                Ok(next) => self.phase = next,
                Err(end) => return Poll::Ready(end),
            }
            if let Phase::SteppingBack(_) = self.phase {
                // Not by tokio's `yield_now`: it keeps a task where no other thread finds it until this
                // thread has nothing else to do, so that a task which blocks this thread meanwhile
                // would block this one too.
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
        }
    }

    fn begin(&mut self, beginning: Beginning) -> Result<Phase<'a>, End> {
        let life = &self.farewell.life;
        let stop = match beginning {
            Beginning::Worker => Some(StopSignal::new(Arc::clone(life))),
            Beginning::AtOnce | Beginning::Supervisor => None,
        };
        let context = Context {
            life: Arc::clone(life),
        };
        match catch(|| self.child.initialize(context)) {
            Ok(future) => Ok(Phase::Initializing(future, stop)),
            Err(panic) => Err(self.panicked(panic)),
        }
    }

    fn initialize(
        &mut self,
        mut future: Initialization<'a>,
        mut stop: Option<StopSignal>,
        span: Option<&Span>,
        cx: &mut TaskContext<'_>,
    ) -> Poll<Result<Phase<'a>, End>> {
        let initialized = match caught(span, || future.as_mut().poll(cx)) {
            Poll::Ready(Ok(initialized)) => initialized,
            Poll::Ready(Err(panic)) => return Poll::Ready(Err(self.panicked(panic))),
            Poll::Pending => {
                let stop_now = stop.as_mut().map(|stop| Pin::new(stop).poll(cx));
                if let Some(Poll::Ready(())) = stop_now {
                    let cut = InitializationError::cut(ExitReason::Shutdown);
                    return Poll::Ready(Err(self.failed(cut)));
                }
                self.phase = Phase::Initializing(future, stop);
                return Poll::Pending;
            }
        };
        // What it holds is free before others hear that it is done.
        drop((future, stop));
        Poll::Ready(match initialized {
            Ok(Started::Run(future)) if self.farewell.started => Ok(Phase::Running(future)),
            // It says so later.
            Ok(Started::Run(future)) if self.farewell.life.is_explicit() => {
                Ok(Phase::Running(future))
            }
            Ok(Started::Run(future)) => {
                self.farewell.started();
                // The supervisor may now stand in this thread's queue where no other thread finds
                // it: let it out before the child gets the chance to block the thread.
                Ok(Phase::SteppingBack(future))
            }
            // It was taken to run, and has nothing more to do.
            Ok(Started::Ignore) if self.farewell.started => Err(End::Exited(ExitReason::Normal)),
            Ok(Started::Ignore) => Err(End::Ignored),
            Err(error) => Err(self.failed(error)),
        })
    }

    /// How the life ended of which the run future yielded this.
    fn ended(&self, polled: Result<Option<ExitReason>, Panic>) -> End {
        End::Exited(match polled {
            Ok(Some(reason)) => reason,
            Ok(None) if self.farewell.life.stop.is_requested() => ExitReason::Shutdown,
            Ok(None) => ExitReason::Normal,
            Err(panic) => ExitReason::Panicked(panic),
        })
    }

    /// It came to nothing before it ran, unless it was taken to run from the first moment on.
    fn failed(&self, error: InitializationError) -> End {
        End::Exited(if self.farewell.started {
            ExitReason::failed(error)
        } else {
            ExitReason::InitializationFailed(error)
        })
    }

    fn panicked(&self, panic: Panic) -> End {
        if self.farewell.started {
            End::Exited(ExitReason::Panicked(panic))
        } else {
            self.failed(InitializationError::panicked(panic))
        }
    }
}

/// Withdraws what a life publishes, and lets it publish no more.
pub(super) fn retire(life: &Life) {
    if life.license.expire() {
        withdraw_all(life);
    }
}

/// Apart, as few lives publish.
#[cold]
fn withdraw_all(life: &Life) {
    // One by one: two panics at a time would end the OS process.
    for value in life.withdraw_all() {
        let_go(value);
    }
}

impl Beginning {
    pub(super) fn of(spec: &ChildSpec) -> Self {
        let explicit = spec.settings.ready_within().is_some();
        Self::of_kind(spec.settings.kind, explicit || spec.has_initialization)
    }

    pub(super) fn of_kind(kind: ChildKind, has_initialization: bool) -> Self {
        match kind {
            ChildKind::Supervisor => Self::Supervisor,
            ChildKind::Worker if has_initialization => Self::Worker,
            ChildKind::Worker => Self::AtOnce,
        }
    }

    /// As that of a child which says itself that it is up, if that is asked for.
    pub(super) fn acknowledged_if(self, asked: bool) -> Self {
        match self {
            Self::AtOnce if asked => Self::Worker,
            Self::AtOnce | Self::Worker | Self::Supervisor => self,
        }
    }
}

impl Farewell {
    /// The initialization succeeded.
    fn started(&mut self) {
        self.started = true;
        // Before it is told, as all that a snapshot shows.
        self.life.set_started();
        self.life.tell(EventKind::Started);
        self.life.say(Word::Started);
    }

    /// It says itself when it is ready, and may have said so by now.
    fn start_if_ready(&mut self, cx: &TaskContext<'_>) {
        if self.life.poll_ready(cx.waker()) {
            self.started();
        }
    }

    /// How the life ended, as the rest of the world sees it; `None` if it declined to start.
    fn reason(&self, end: Option<End>) -> Option<ExitReason> {
        let reason = match end {
            Some(End::Ignored) => return None,
            Some(End::Exited(reason)) => reason,
            None => ExitReason::Killed,
        };
        if self.started {
            let stuck = self.life.stuck();
            return Some(stuck.map_or(reason, ExitReason::Stuck));
        }
        let error = match (self.life.overdue(), reason) {
            (Some(after), _) => InitializationError::timed_out(after),
            (None, ExitReason::InitializationFailed(error)) => error,
            // In a task of its scope.
            (None, ExitReason::Panicked(panic)) => InitializationError::panicked(panic),
            (None, reason) => InitializationError::cut(reason),
        };
        Some(ExitReason::InitializationFailed(error))
    }

    /// Says how it ended, as the task itself saw it; `None` if it was aborted. If other tasks belong to
    /// the life, the last of them says it.
    fn say_last_word(&mut self, end: Option<End>) {
        if std::mem::replace(&mut self.said, true) {
            return;
        }
        let Some(scope) = self.life.close_scope() else {
            return self.speak(end);
        };
        let last = Self {
            life: Arc::clone(&self.life),
            started: self.started,
            said: true,
        };
        let is_to_come = scope.close_with(move || {
            let panicked = last.life.scope().and_then(ScopeCell::panic);
            last.speak(match panicked {
                Some(panic) => {
                    let_go(end);
                    Some(End::Exited(ExitReason::Panicked(panic)))
                }
                None => end,
            });
        });
        if is_to_come {
            // They may block their threads, and nobody waits for that for ever.
            self.life.tell_of_kill();
        }
    }

    fn speak(&self, end: Option<End>) {
        self.life.set_gone();
        // Before anybody hears of the end: the next life finds its keys free.
        retire(&self.life);
        let reason = self.reason(end);
        if let Some(stashes) = self.life.kept_stashes()
            && reason.as_ref().is_some_and(ExitReason::is_panic)
        {
            stashes.survive_panic();
        }
        // What is told is shown already.
        let end = reason.as_ref().unwrap_or(&ExitReason::Normal);
        self.life.set_end(end.clone());
        self.life.tell_with(|| match &reason {
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
        if let Some(seat) = self.life.seat() {
            let departure = self.life.departure().cloned();
            let departure = departure.unwrap_or_else(|| Arc::new(Departure::of(reason.as_ref())));
            let_go(seat.leave(departure));
        }
        self.life.finish();
        if let Some(reason) = &reason {
            self.life.bequeath(reason);
        }
        self.life.say(match reason {
            None => Word::Ignored,
            Some(reason) => Word::Exited(reason),
        });
    }
}

impl Drop for Farewell {
    fn drop(&mut self) {
        self.say_last_word(None);
    }
}
