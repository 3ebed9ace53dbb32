//! The request to stop: a flag and those who wait for it.

use std::fmt;
use std::num::NonZeroUsize;
use std::sync::{Arc, PoisonError};
use std::task::Waker;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::inbox::Inbox;
use crate::sync::atomic::{AtomicBool, Ordering};
use crate::sync::{Mutex, MutexGuard};

/// One request to stop.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StopRequest {
    /// When the grace is over.
    pub(crate) deadline: Option<Instant>,
    /// Its supervisor was killed: nobody waits for it any more.
    pub(crate) orphaned: bool,
    /// The deadline comes of a budget for the whole stop, of which each level keeps a reserve.
    pub(crate) budgeted: bool,
}

/// Whether a life is asked to stop, and whom to tell.
#[derive(Default)]
pub(crate) struct StopCell {
    requested: AtomicBool,
    state: Mutex<StopState>,
}

#[derive(Default)]
struct StopState {
    request: Option<StopRequest>,
    waiters: Waiters,
    token: Option<CancellationToken>,
    inbox: Option<Arc<Inbox>>,
}

/// Those who wait, each under a key of its own. Most lives have one at a time, which is kept in here.
#[derive(Default)]
struct Waiters {
    first: Option<Waker>,
    others: Option<Box<Others>>,
}

#[derive(Default)]
struct Others {
    wakers: Vec<Option<Waker>>,
    /// Where `wakers` has no waker.
    free: Vec<usize>,
}

/// Which waiter it is.
pub(super) type Key = NonZeroUsize;

/// Of the waiter that is kept first; the others have theirs above it.
const FIRST: Key = Key::MIN;

impl StopRequest {
    /// Whether the other one is of a budget that leaves less time.
    fn is_cut_by(self, other: Self) -> bool {
        let (Some(deadline), true) = (other.deadline, other.budgeted) else {
            return false;
        };
        self.deadline.is_none_or(|before| deadline < before)
    }
}

impl StopCell {
    /// Requests the stop and wakes who waits for it; `false` if it was requested before.
    pub(crate) fn request(&self, request: StopRequest) -> bool {
        let mut state = self.lock();
        if state.request.is_some() {
            return false;
        }
        state.request = Some(request);
        // Release pairs with the acquire in `is_requested`: who sees the flag finds the request.
        self.requested.store(true, Ordering::Release);
        let waiters = std::mem::take(&mut state.waiters);
        // Nobody is told twice.
        let token = state.token.take();
        let inbox = state.inbox.clone();
        drop(state);
        waiters.wake();
        if let Some(token) = token {
            token.cancel();
        }
        if let Some(inbox) = inbox {
            inbox.push_stop(request);
        }
        true
    }

    /// Leaves it less time than it was given when it was asked to stop, if `request` is of a budget that says so.
    pub(crate) fn cut(&self, request: StopRequest) {
        let mut state = self.lock();
        let Some(before) = state.request.as_mut() else {
            return;
        };
        if !before.is_cut_by(request) {
            return;
        }
        (before.deadline, before.budgeted) = (request.deadline, true);
        let inbox = state.inbox.clone();
        drop(state);
        if let Some(inbox) = inbox {
            inbox.push_stop(request);
        }
    }

    pub(crate) fn is_requested(&self) -> bool {
        self.requested.load(Ordering::Acquire)
    }

    /// The request, if it was made.
    pub(crate) fn made(&self) -> Option<StopRequest> {
        self.lock().request
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.made().and_then(|request| request.deadline)
    }

    /// A token of its own that is cancelled with the request; what is behind it is made on demand.
    pub(crate) fn token(&self) -> CancellationToken {
        let mut state = self.lock();
        let requested = state.request.is_some();
        let token = state.token.get_or_insert_with(CancellationToken::new);
        if requested {
            token.cancel();
        }
        token.child_token()
    }

    /// Passes the request on to the inbox of a supervisor, also one that was made before.
    pub(crate) fn forward_to(&self, inbox: &Arc<Inbox>) {
        let mut state = self.lock();
        state.inbox = Some(Arc::clone(inbox));
        if let Some(request) = state.request {
            drop(state);
            inbox.push_stop(request);
        }
    }

    fn lock(&self) -> MutexGuard<'_, StopState> {
        // Nothing in here is left half done by a panic.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether the stop was requested; otherwise keeps `waker` under `key`.
    pub(super) fn poll(&self, key: &mut Option<Key>, waker: &Waker) -> bool {
        if self.is_requested() {
            return true;
        }
        let mut state = self.lock();
        if state.request.is_some() {
            return true;
        }
        let key = *key.get_or_insert_with(|| state.waiters.new_key());
        match state.waiters.at(key) {
            Some(kept) => kept.clone_from(waker),
            place => *place = Some(waker.clone()),
        }
        false
    }

    pub(super) fn forget(&self, key: Key) {
        self.lock().waiters.forget(key);
    }
}

impl Waiters {
    /// A key that nobody has; its place is to be filled at once.
    fn new_key(&mut self) -> Key {
        if self.first.is_none() {
            return FIRST;
        }
        let others = self.others.get_or_insert_default();
        let at = others.free.pop().unwrap_or_else(|| {
            others.wakers.push(None);
            others.wakers.len() - 1
        });
        FIRST.saturating_add(at + 1)
    }

    /// The place of that key.
    fn at(&mut self, key: Key) -> &mut Option<Waker> {
        match &mut self.others {
            Some(others) if key > FIRST => &mut others.wakers[behind_first(key)],
            _ => &mut self.first,
        }
    }

    fn forget(&mut self, key: Key) {
        *self.at(key) = None;
        if let (Some(others), true) = (&mut self.others, key > FIRST) {
            others.free.push(behind_first(key));
        }
    }

    fn wake(self) {
        let others = self.others.map(|others| others.wakers);
        let others = others.into_iter().flatten().flatten();
        for waker in self.first.into_iter().chain(others) {
            waker.wake();
        }
    }
}

/// Where the others have the waker of that key.
fn behind_first(key: Key) -> usize {
    key.get() - FIRST.get() - 1
}

impl fmt::Debug for StopCell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StopCell")
            .field("requested", &self.is_requested())
            .finish_non_exhaustive()
    }
}
