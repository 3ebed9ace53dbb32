//! Where the answer to a call goes: who gave up, whether its handler runs, and what came of it, decided in one place.

use std::fmt;
use std::sync::{Arc, PoisonError};
use std::task::{Context, Poll, Waker};

use tokio::time::Instant;

use super::error::CallError;
use crate::sync::{Mutex, MutexGuard};

/// A call between its caller and its actor.
pub(crate) struct Slot<T>(Mutex<State<T>>);

struct State<T> {
    phase: Phase<T>,
    caller: Option<Waker>,
    deadline: Option<Instant>,
}

/// How far a call is.
#[derive(Debug)]
enum Phase<T> {
    /// Its message waits.
    Queued,
    /// Its handler runs.
    InHand,
    /// Its handler runs, and has dropped the right to answer.
    Orphaned,
    /// Its handler is done, and somebody else has the right to answer.
    Deferred,
    /// What the caller is to get.
    Over(Result<T, CallError>),
    /// The caller has gone before the handler began: it never will.
    Abandoned,
    /// Nobody waits for the answer.
    Detached,
    /// The caller has got what came of it, or did not wait for that.
    Done,
}

/// A call of whatever type, as [`Reply::call`](crate::Reply::call) gives it for [`Protocol::call`](crate::Protocol::call).
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
/// use perennial_actor::{AnyCall, Reply};
///
/// fn of_get(get: &Reply<String>) -> Option<Arc<dyn AnyCall>> {
///     get.call()
/// }
/// ```
pub trait AnyCall: Send + Sync {
    /// Its handler is about to begin; `false` if it must not.
    fn begin(&self) -> bool;

    /// Its handler has returned.
    fn release(&self);

    /// It comes to this, unless it is over.
    fn fail(&self, error: CallError);

    /// Its deadline has passed.
    fn expire(&self);

    /// Whether it waits for nothing any more.
    fn is_over(&self) -> bool;

    /// When its caller gives up.
    fn deadline(&self) -> Option<Instant>;
}

impl<T> Slot<T> {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self(Mutex::new(State {
            phase: Phase::Queued,
            caller: None,
            deadline: None,
        })))
    }

    pub(crate) fn set_deadline(&self, deadline: Instant) {
        self.lock().deadline = Some(deadline);
    }

    /// The caller waits for no answer.
    pub(crate) fn detach(&self) {
        self.lock().phase = Phase::Detached;
    }

    /// The caller has gone.
    pub(crate) fn abandon(&self) {
        let mut state = self.lock();
        let next = match state.phase {
            Phase::Queued => Phase::Abandoned,
            Phase::InHand | Phase::Orphaned | Phase::Deferred => Phase::Detached,
            Phase::Over(_) => Phase::Done,
            Phase::Abandoned | Phase::Detached | Phase::Done => return,
        };
        let before = (
            std::mem::replace(&mut state.phase, next),
            state.caller.take(),
        );
        drop(state);
        drop(before);
    }

    /// The answer is there.
    pub(crate) fn answer(&self, value: T) {
        let rest = self.finish(Ok(value));
        drop(rest);
    }

    /// The right to answer is dropped.
    pub(crate) fn orphan(&self) {
        let mut state = self.lock();
        match state.phase {
            // Whoever runs the handler says why.
            Phase::InHand => state.phase = Phase::Orphaned,
            Phase::Queued | Phase::Deferred => {
                drop(state);
                drop(self.finish(Err(CallError::Dropped)));
            }
            Phase::Orphaned => (),
            Phase::Over(_) | Phase::Abandoned | Phase::Detached | Phase::Done => (),
        }
    }

    pub(crate) fn is_wanted(&self) -> bool {
        self.lock().phase.is_awaited()
    }

    /// What came of it; if nothing did yet, the caller is woken when something does.
    pub(crate) fn poll(&self, cx: &Context<'_>) -> Poll<Result<T, CallError>> {
        let mut state = self.lock();
        if let Phase::Over(_) = state.phase
            && let Phase::Over(result) = std::mem::replace(&mut state.phase, Phase::Done)
        {
            return Poll::Ready(result);
        }
        match &mut state.caller {
            Some(kept) => kept.clone_from(cx.waker()),
            none => *none = Some(cx.waker().clone()),
        }
        Poll::Pending
    }

    /// Ends it, unless it is over; what is left of the result then.
    fn finish(&self, result: Result<T, CallError>) -> Option<Result<T, CallError>> {
        let state = self.lock();
        if !state.phase.is_awaited() {
            return Some(result);
        }
        end(state, result);
        None
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        // Nothing in here is left half done by a panic.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<T> Phase<T> {
    /// Whether somebody waits for what comes of it.
    fn is_awaited(&self) -> bool {
        match self {
            Self::Queued | Self::InHand | Self::Orphaned | Self::Deferred => true,
            Self::Over(_) | Self::Abandoned | Self::Detached | Self::Done => false,
        }
    }
}

impl<T: Send> AnyCall for Slot<T> {
    fn begin(&self) -> bool {
        let mut state = self.lock();
        match state.phase {
            Phase::Queued => {
                state.phase = Phase::InHand;
                true
            }
            Phase::Detached => true,
            Phase::Over(_) | Phase::Abandoned | Phase::Done => false,
            Phase::InHand | Phase::Orphaned | Phase::Deferred => {
                debug_assert!(false, "a message is handled once");
                false
            }
        }
    }

    fn release(&self) {
        let mut state = self.lock();
        match state.phase {
            Phase::InHand => state.phase = Phase::Deferred,
            Phase::Orphaned => {
                drop(state);
                drop(self.finish(Err(CallError::Dropped)));
            }
            Phase::Queued | Phase::Deferred => (),
            Phase::Over(_) | Phase::Abandoned | Phase::Detached | Phase::Done => (),
        }
    }

    fn fail(&self, error: CallError) {
        drop(self.finish(Err(error)));
    }

    fn expire(&self) {
        let state = self.lock();
        // Decided under the lock: a call that is told as not begun never begins.
        let started = match state.phase {
            Phase::Queued => false,
            Phase::InHand | Phase::Orphaned | Phase::Deferred => true,
            Phase::Over(_) | Phase::Abandoned | Phase::Detached | Phase::Done => return,
        };
        end(state, Err(CallError::Timeout { started }));
    }

    fn is_over(&self) -> bool {
        !self.lock().phase.is_awaited()
    }

    fn deadline(&self) -> Option<Instant> {
        self.lock().deadline
    }
}

impl<T> fmt::Debug for Slot<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slot").finish_non_exhaustive()
    }
}

/// Ends a call that was not over, and wakes its caller.
fn end<T>(mut state: MutexGuard<'_, State<T>>, result: Result<T, CallError>) {
    state.phase = Phase::Over(result);
    let caller = state.caller.take();
    drop(state);
    if let Some(caller) = caller {
        caller.wake();
    }
}
