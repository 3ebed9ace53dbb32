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
    /// The request; until it is made, what is to cut it short.
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
    /// Takes over the deadline of the other one if that is of a budget and leaves less time; whether it does.
    fn cut_by(&mut self, other: Self) -> bool {
        let (Some(deadline), true) = (other.deadline, other.budgeted) else {
            return false;
        };
        let is_cut = self.deadline.is_none_or(|before| deadline < before);
        if is_cut {
            (self.deadline, self.budgeted) = (Some(deadline), true);
        }
        is_cut
    }
}

impl StopCell {
    /// Requests the stop and wakes who waits for it; `false` if it was requested before.
    pub(crate) fn request(&self, mut request: StopRequest) -> bool {
        let mut state = self.lock();
        if self.is_requested() {
            return false;
        }
        if let Some(early) = state.request {
            request.cut_by(early);
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
        let is_cut = match &mut state.request {
            Some(before) => before.cut_by(request),
            // Who asks first tells of it before the request is made.
            none => {
                *none = Some(request);
                false
            }
        };
        if !is_cut || !self.is_requested() {
            return;
        }
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
        let state = self.lock();
        state.request.filter(|_| self.is_requested())
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.made().and_then(|request| request.deadline)
    }

    /// A token of its own that is cancelled with the request; what is behind it is made on demand.
    pub(crate) fn token(&self) -> CancellationToken {
        let mut state = self.lock();
        let requested = self.is_requested();
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
        let made = state.request.filter(|_| self.is_requested());
        drop(state);
        if let Some(request) = made {
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
        if self.is_requested() {
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn within(seconds: Option<u64>, now: Instant, budgeted: bool) -> StopRequest {
        StopRequest {
            deadline: seconds.map(|seconds| now + Duration::from_secs(seconds)),
            orphaned: false,
            budgeted,
        }
    }

    /// What is granted in seconds, by two in either order: who asks, and a budget.
    #[test]
    fn a_budget_cuts_a_request_short_whichever_of_the_two_comes_first() {
        let now = Instant::now();
        let cases = [
            (None, Some(3), Some(3)),
            (Some(5), Some(3), Some(3)),
            (Some(2), Some(3), Some(2)),
            (Some(2), None, Some(2)),
        ];
        for (asked, budget, expected) in cases {
            let (asked, budget) = (within(asked, now, false), within(budget, now, true));
            let expected = within(expected, now, false).deadline;
            let late = StopCell::default();
            assert!(late.request(asked));
            late.cut(budget);
            assert_eq!(late.deadline(), expected);
            let early = StopCell::default();
            early.cut(budget);
            assert!(!early.is_requested() && early.made().is_none());
            assert!(early.request(asked));
            assert_eq!(early.deadline(), expected);
        }
    }
}
