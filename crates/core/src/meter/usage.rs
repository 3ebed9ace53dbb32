//! What is measured of a child, and who measures what the tree itself cannot.

use std::iter::Sum;
use std::ops::AddAssign;
use std::time::Duration;

use crate::path::ChildPath;

/// The time in which a child kept a thread: that of its polls, and of those of the tasks of its [`Scope`](crate::Scope).
///
/// With such tasks it may keep several threads at once, and then is busy for longer than time passes.
///
/// Measured if the root says [`busy_time`](crate::Supervisor::busy_time), by the machine's clock, also
/// where tokio's is paused. A poll counts when it is over.
///
/// # Examples
///
/// ```
/// # use perennial_core as perennial;
/// use perennial::{Supervisor, worker};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let clock = worker("clock", |ctx| async move { ctx.stopping().await; Ok(()) });
/// let handle = Supervisor::one_for_one("app").busy_time(true).child(clock).start().await?;
/// tokio::task::yield_now().await;
/// let snapshot = handle.snapshot();
/// let clock = snapshot.find("app/clock").ok_or("there is no clock")?;
/// let busy = clock.busy.ok_or("it is not measured")?;
/// println!("{:?} in {} polls, the longest {:?}", busy.time, busy.polls, busy.longest_poll);
/// # handle.shutdown().await;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Busy {
    /// The time of all polls together.
    pub time: Duration,
    /// How often it was polled.
    pub polls: u64,
    /// The time of the longest poll: for so long others on its thread had to wait.
    pub longest_poll: Duration,
}

/// The memory that a child has allocated, and what of it is not freed yet.
///
/// What a [`Meter`] tells; the crate `perennial-alloc` has one.
///
/// # Examples
///
/// ```
/// # use perennial_core as perennial;
/// use perennial::Memory;
///
/// let mut cache = Memory::default();
/// (cache.live_bytes, cache.live_allocations) = (1_024, 2);
/// let mut index = Memory::default();
/// index.live_bytes = 512;
/// let storage: Memory = [cache, index].into_iter().sum();
/// assert_eq!((storage.live_bytes, storage.live_allocations), (1_536, 2));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Memory {
    /// Bytes that are allocated and not freed.
    pub live_bytes: u64,
    /// Allocations that are not freed.
    pub live_allocations: u64,
    /// All bytes that were ever allocated.
    pub allocated_bytes: u64,
    /// All allocations that were ever made; to resize one makes none.
    pub allocations: u64,
}

/// Somebody who measures what children use while they are polled.
///
/// It is asked around each poll of each child, on the thread that polls, so it must be quick, and must
/// not block. A panic in it is caught and dropped.
///
/// Each child has an account, over all its lives and until it is removed from its supervisor, or that
/// is restarted. The polls of the tasks of its [`Scope`](crate::Scope) are polls of the child, also if they run beside it on
/// other threads. What a child drops when it ends, and the tasks that it spawns elsewhere, are in no poll of it.
///
/// # Examples
///
/// ```
/// use std::sync::atomic::{AtomicU64, Ordering};
/// # use perennial_core as perennial;
/// use perennial::{ChildPath, Meter, Supervisor};
///
/// /// Counts all polls in a tree.
/// #[derive(Debug, Default)]
/// struct Polls(AtomicU64);
///
/// impl Meter for Polls {
///     fn open(&self, path: &ChildPath) -> u64 {
///         println!("{path} is measured");
///         0
///     }
///
///     fn enter(&self, _account: u64) -> u64 {
///         self.0.fetch_add(1, Ordering::Relaxed)
///     }
///
///     fn leave(&self, _account: u64, _entered: u64) {}
/// }
///
/// let app = Supervisor::one_for_one("app").meter(Polls::default());
/// # let _: Supervisor = app;
/// ```
pub trait Meter: Send + Sync + 'static {
    /// Opens an account for the child at `path`, before its first life, and tells its number.
    fn open(&self, path: &ChildPath) -> u64;

    /// Takes note that nothing more will be entered into `account`. Does nothing by default.
    fn close(&self, account: u64) {
        let _ = account;
    }

    /// Takes note that the child of `account`, or a task of its scope, is about to be polled on this thread; what it
    /// answers [`leave`](Self::leave) is told.
    ///
    /// Polls nest where a child polls another one itself, and do not otherwise overlap on a thread.
    fn enter(&self, account: u64) -> u64;

    /// Takes note that this poll is over, however it ended.
    fn leave(&self, account: u64, entered: u64);

    /// What the child of `account` has allocated, if that is what is measured; it is not by default.
    fn memory(&self, account: u64) -> Option<Memory> {
        let _ = account;
        None
    }
}

impl AddAssign for Memory {
    fn add_assign(&mut self, other: Self) {
        self.live_bytes += other.live_bytes;
        self.live_allocations += other.live_allocations;
        self.allocated_bytes += other.allocated_bytes;
        self.allocations += other.allocations;
    }
}

impl Sum for Memory {
    fn sum<I: Iterator<Item = Self>>(all: I) -> Self {
        all.fold(Self::default(), |mut sum, one| {
            sum += one;
            sum
        })
    }
}
