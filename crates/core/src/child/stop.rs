//! The request to stop: a flag and those who wait for it.

use std::fmt;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context as TaskContext, Poll, Waker};

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::inbox::Inbox;
use super::life::Life;

/// Resolves when the child is asked to stop.
///
/// From [`Context::stopping`](super::Context::stopping); may be cloned, kept and waited for anywhere,
/// also after it has resolved. Dropping it loses nothing.
///
/// # Examples
///
/// ```
/// use perennial_core::worker;
///
/// let mailer = worker("mailer", |ctx| async move {
///     let stop = ctx.stopping();
///     tokio::spawn(async move {
///         stop.await;
///         println!("no more mail today");
///     });
///     Ok(ctx.stopping().await)
/// });
/// # let _: perennial_core::ChildSpec = mailer;
/// ```
#[must_use = "a future does nothing unless it is awaited"]
pub struct StopSignal {
    life: Arc<Life>,
    /// Where its waker stands among those of the cell.
    key: Option<usize>,
}

/// One request to stop.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StopRequest {
    /// When the grace is over.
    pub(crate) deadline: Option<Instant>,
    /// Its supervisor was killed: nobody waits for it any more.
    pub(crate) orphaned: bool,
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
    wakers: Vec<Option<Waker>>,
    token: Option<CancellationToken>,
    inbox: Option<Arc<Inbox>>,
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
        let wakers = std::mem::take(&mut state.wakers);
        let token = state.token.clone();
        let inbox = state.inbox.clone();
        drop(state);
        for waker in wakers.into_iter().flatten() {
            waker.wake();
        }
        if let Some(token) = token {
            token.cancel();
        }
        if let Some(inbox) = inbox {
            inbox.push_stop(request);
        }
        true
    }

    pub(crate) fn is_requested(&self) -> bool {
        self.requested.load(Ordering::Acquire)
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.lock().request.and_then(|request| request.deadline)
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
    fn poll(&self, key: &mut Option<usize>, waker: &Waker) -> bool {
        if self.is_requested() {
            return true;
        }
        let mut state = self.lock();
        if state.request.is_some() {
            return true;
        }
        let at = *key.get_or_insert_with(|| {
            let free = state.wakers.iter().position(Option::is_none);
            free.unwrap_or_else(|| {
                state.wakers.push(None);
                state.wakers.len() - 1
            })
        });
        match &mut state.wakers[at] {
            Some(kept) => kept.clone_from(waker),
            slot => *slot = Some(waker.clone()),
        }
        false
    }

    fn forget(&self, key: usize) {
        if let Some(slot) = self.lock().wakers.get_mut(key) {
            *slot = None;
        }
    }
}

impl StopSignal {
    pub(crate) fn new(life: Arc<Life>) -> Self {
        Self { life, key: None }
    }

    /// Whether the stop was requested.
    #[must_use]
    pub fn is_requested(&self) -> bool {
        self.life.stop.is_requested()
    }
}

impl Future for StopSignal {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut TaskContext<'_>) -> Poll<()> {
        let this = self.get_mut();
        if this.life.stop.poll(&mut this.key, cx.waker()) {
            this.key = None;
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }
}

impl Clone for StopSignal {
    fn clone(&self) -> Self {
        Self::new(Arc::clone(&self.life))
    }
}

impl Drop for StopSignal {
    fn drop(&mut self) {
        if let Some(key) = self.key
            && !self.is_requested()
        {
            self.life.stop.forget(key);
        }
    }
}

impl fmt::Debug for StopSignal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StopSignal")
            .field("requested", &self.is_requested())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for StopCell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StopCell")
            .field("requested", &self.is_requested())
            .finish_non_exhaustive()
    }
}
