//! Time that goes by only when a test says so, so that each deadline may pass at any moment, or never.

use ::std::ops::{Add, Sub};
use ::std::pin::Pin;
use ::std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use ::std::task::{Context, Poll, Waker};

pub use ::std::time::Duration;

use crate::point;

shuttle::lazy_static! {
    /// Of one execution, which begins at zero. No lock of shuttle's: it is no part of what is tested.
    static ref CLOCK: Arc<Mutex<Clock>> = Arc::default();
}

#[derive(Default)]
struct Clock {
    now: Duration,
    waiting: Vec<(Duration, Waker)>,
}

/// How long the execution has lasted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(Duration);

/// Waits for a moment.
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct Sleep(Duration);

/// Lets time go by, and lets who waited for that go on.
///
/// # Cancel safety
///
/// Time has gone by with the first poll.
pub async fn advance(by: Duration) {
    for waker in due_after(by) {
        waker.wake();
    }
    crate::task::yield_now().await;
}

/// Those whose moment comes with that much time.
fn due_after(by: Duration) -> Vec<Waker> {
    let mut clock = clock();
    clock.now += by;
    let now = clock.now;
    let due = clock.waiting.extract_if(.., |(at, _)| *at <= now);
    due.map(|(_, waker)| waker).collect()
}

/// Waits for a moment.
pub fn sleep_until(moment: Instant) -> Sleep {
    Sleep(moment.0)
}

impl Instant {
    /// This moment.
    #[must_use]
    pub fn now() -> Self {
        Self(clock().now)
    }

    /// How much later it is than the other; zero if it is not.
    #[must_use]
    pub fn saturating_duration_since(&self, earlier: Self) -> Duration {
        self.0.saturating_sub(earlier.0)
    }

    /// How much later it is than the other; zero if it is not.
    #[must_use]
    pub fn duration_since(&self, earlier: Self) -> Duration {
        self.saturating_duration_since(earlier)
    }

    /// How long ago it was.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        Self::now().duration_since(*self)
    }

    /// A later moment, unless it is too late for a number.
    #[must_use]
    pub fn checked_add(&self, duration: Duration) -> Option<Self> {
        self.0.checked_add(duration).map(Self)
    }
}

impl Add<Duration> for Instant {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        Self(self.0 + duration)
    }
}

impl Sub for Instant {
    type Output = Duration;

    fn sub(self, earlier: Self) -> Duration {
        self.duration_since(earlier)
    }
}

impl Sleep {
    /// Waits for another moment from now on.
    pub fn reset(mut self: Pin<&mut Self>, moment: Instant) {
        self.0 = moment.0;
    }
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        point();
        let mut clock = clock();
        if clock.now >= self.0 {
            return Poll::Ready(());
        }
        // One that is there in vain only makes its task look once more.
        clock.waiting.push((self.0, cx.waker().clone()));
        Poll::Pending
    }
}

fn clock() -> MutexGuard<'static, Clock> {
    CLOCK.lock().unwrap_or_else(PoisonError::into_inner)
}
