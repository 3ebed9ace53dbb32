//! How many tasks there are.

use ::std::future::{Future, poll_fn};
use ::std::pin::Pin;
use ::std::sync::{Arc, Mutex, PoisonError};
use ::std::task::{Context, Poll, Waker};

shuttle::lazy_static! {
    /// Of one execution, which begins with none. No lock of shuttle's: it is no part of what is tested.
    static ref COUNT: Arc<Mutex<Count>> = Arc::default();
}

#[derive(Default)]
struct Count {
    tasks: usize,
    waiting: Option<Waker>,
}

/// A future, and the fact that its task is not over.
pub(crate) struct Counted<F> {
    // Dropped before the task counts as over.
    future: Pin<Box<F>>,
    _alive: Alive,
}

struct Alive(Arc<Mutex<Count>>);

/// Waits until no task is left that was spawned.
///
/// If one never ends, that is a deadlock, which shuttle reports.
pub async fn all_tasks_ended() {
    let count = Arc::clone(&COUNT);
    poll_fn(|cx| {
        let mut count = count.lock().unwrap_or_else(PoisonError::into_inner);
        if count.tasks == 0 {
            return Poll::Ready(());
        }
        count.waiting = Some(cx.waker().clone());
        Poll::Pending
    })
    .await;
}

impl<F> Counted<F> {
    pub(crate) fn new(future: F) -> Self {
        let count = Arc::clone(&COUNT);
        count.lock().unwrap_or_else(PoisonError::into_inner).tasks += 1;
        Self {
            future: Box::pin(future),
            _alive: Alive(count),
        }
    }
}

impl<F: Future> Future for Counted<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        self.future.as_mut().poll(cx)
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        let mut count = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        count.tasks -= 1;
        let waiting = if count.tasks == 0 {
            count.waiting.take()
        } else {
            None
        };
        drop(count);
        if let Some(waker) = waiting {
            waker.wake();
        }
    }
}
