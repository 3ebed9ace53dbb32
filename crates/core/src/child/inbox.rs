//! The one inbox of a supervisor: exits, calls and requests to stop, in order of arrival.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, PoisonError};
use std::task::{Poll, Waker};

use tokio::sync::{OwnedSemaphorePermit, Semaphore, TryAcquireError, oneshot};

use super::{
    ApplyError, ChildError, ChildRef, ChildSpec, Comparison, Replace, StartChildError, StopRequest,
};
use crate::exit::ExitReason;
use crate::path::{ChildId, Incarnation};
use crate::sync::{Mutex, MutexGuard, OnceLock};

/// How many calls wait in an inbox before further callers have to wait outside.
const CALLS: usize = 1024;

/// What a supervisor hears.
#[derive(Debug)]
pub(crate) enum Message {
    /// From the task of a child.
    Life(usize, Incarnation, Word),
    /// The task of the child was aborted from outside.
    Killed(usize, Incarnation),
    /// The supervisor's own note to try a failed restart again.
    Retry(usize),
    /// The supervisor is to stop.
    Stop(StopRequest),
    /// A call, and its place among those that may wait.
    Call(Call, OwnedSemaphorePermit),
}

/// What the task of a child says.
#[derive(Debug)]
pub(crate) enum Word {
    Started,
    /// It needs more time from now on to start; how much stands in its life.
    Extended,
    Ignored,
    Exited(ExitReason),
}

/// A management call.
#[derive(Debug)]
pub(crate) enum Call {
    Start(Box<ChildSpec>, Via, StartReply),
    Order(Box<Whom>, Via, Order),
    /// A new spec for the child of its id.
    Replace(Box<ChildSpec>, Replace, RestartReply),
    /// What is to be done so that there are these children and no others.
    Compare(Vec<ChildSpec>, Replace, CompareReply),
    /// To be done when all that came before it was heard.
    Read(Reading),
}

/// Which child an order is for.
#[derive(Debug)]
pub(crate) struct Whom {
    pub(crate) id: ChildId,
    /// If there is one, only that life is meant.
    pub(crate) life: Option<Incarnation>,
}

/// Looks something up and hands it to who asked.
pub(crate) struct Reading(pub(crate) Box<dyn FnOnce() + Send>);

/// Through which handle a call came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Via {
    Supervisor,
    Dynamic,
}

pub(crate) type StartReply = oneshot::Sender<Result<ChildRef, StartChildError>>;

pub(crate) type RestartReply = oneshot::Sender<Result<ChildRef, ChildError>>;

pub(crate) type CompareReply = oneshot::Sender<Result<Comparison, ApplyError>>;

/// What is to be done to a child, and whom to tell.
#[derive(Debug)]
pub(crate) enum Order {
    Terminate(oneshot::Sender<Result<(), ChildError>>),
    Restart(RestartReply),
    Delete(oneshot::Sender<Result<(), ChildError>>),
    /// Terminate and delete, as one.
    Discard(oneshot::Sender<Result<(), ChildError>>),
    Pause(oneshot::Sender<Result<(), ChildError>>),
    Resume(RestartReply),
}

/// Takes in from any thread, gives out to one supervisor.
///
/// Not bounded for children, each life of which has at most three messages in it; bounded for calls.
#[derive(Debug)]
pub(crate) struct Inbox {
    state: Mutex<InboxState>,
    /// The places for calls; made for the first one.
    calls: OnceLock<Arc<Semaphore>>,
    /// Requests to stop go to the front.
    stop_first: bool,
}

#[derive(Debug, Default)]
struct InboxState {
    queue: VecDeque<Message>,
    waker: Option<Waker>,
    /// How the supervisor ended: nothing is taken in any more.
    closed: Option<ExitReason>,
    /// While above zero nothing is given out.
    held: usize,
}

impl Whom {
    /// The child, whatever life it has.
    pub(crate) fn any(id: impl Into<ChildId>) -> Box<Self> {
        let (id, life) = (id.into(), None);
        Box::new(Self { id, life })
    }
}

impl fmt::Debug for Reading {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reading")
    }
}

impl Inbox {
    pub(crate) fn new(stop_first: bool) -> Arc<Self> {
        Arc::new(Self {
            state: Mutex::default(),
            calls: OnceLock::new(),
            stop_first,
        })
    }

    pub(crate) fn push(&self, message: Message) {
        self.insert(message, false);
    }

    pub(crate) fn push_stop(&self, request: StopRequest) {
        self.insert(Message::Stop(request), self.stop_first);
    }

    /// Hands in a call, when there is a place for it; gives it back if the supervisor is gone.
    pub(crate) async fn call(&self, call: Call) -> Result<(), Call> {
        let places = self.calls.get_or_init(|| Arc::new(Semaphore::new(CALLS)));
        let permit = match Arc::clone(places).try_acquire_owned() {
            Ok(permit) => permit,
            Err(TryAcquireError::Closed) => return Err(call),
            // A place that gets free goes to who has waited longest.
            Err(TryAcquireError::NoPermits) => match Arc::clone(places).acquire_owned().await {
                Ok(permit) => permit,
                Err(_closed) => return Err(call),
            },
        };
        match self.insert(Message::Call(call, permit), false) {
            Some(Message::Call(call, _)) => Err(call),
            _ => Ok(()),
        }
    }

    /// The next message, and in `more` those behind it, at most that many; if there is none, `waker` is
    /// woken by the next that comes.
    pub(crate) fn poll(
        &self,
        waker: &Waker,
        most: usize,
        more: &mut VecDeque<Message>,
    ) -> Poll<Message> {
        let mut state = self.lock();
        if state.held == 0
            && let Some(message) = state.queue.pop_front()
        {
            while more.len() < most
                && let Some(message) = state.queue.pop_front()
            {
                more.push_back(message);
            }
            return Poll::Ready(message);
        }
        match &mut state.waker {
            Some(kept) => kept.clone_from(waker),
            none => *none = Some(waker.clone()),
        }
        Poll::Pending
    }

    /// Takes nothing in any more and gives out what is left.
    pub(crate) fn close(&self, reason: &ExitReason) -> VecDeque<Message> {
        // Who makes them later than this has a place, and finds the inbox closed.
        if let Some(places) = self.calls.get() {
            places.close();
        }
        let mut state = self.lock();
        state.closed.get_or_insert_with(|| reason.clone());
        std::mem::take(&mut state.queue)
    }

    /// How the supervisor ended.
    pub(crate) fn closed(&self) -> Option<ExitReason> {
        self.lock().closed.clone()
    }

    /// Gives out nothing until it is released as often.
    #[cfg(feature = "test-util")]
    pub(crate) fn hold(&self) {
        self.lock().held += 1;
    }

    #[cfg(feature = "test-util")]
    pub(crate) fn release(&self) {
        let mut state = self.lock();
        state.held = state.held.saturating_sub(1);
        let waker = state.waker.take();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    #[cfg(feature = "test-util")]
    pub(crate) fn is_empty(&self) -> bool {
        self.lock().queue.is_empty()
    }

    /// Puts a message in and wakes the supervisor; gives it back if the inbox is closed.
    fn insert(&self, message: Message, first: bool) -> Option<Message> {
        let mut state = self.lock();
        if state.closed.is_some() {
            return Some(message);
        }
        if first {
            state.queue.push_front(message);
        } else {
            state.queue.push_back(message);
        }
        let waker = if state.held == 0 {
            state.waker.take()
        } else {
            None
        };
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
        None
    }

    fn lock(&self) -> MutexGuard<'_, InboxState> {
        // Nothing in here is left half done by a panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
