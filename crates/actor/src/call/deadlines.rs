//! When calls have waited long enough.
//!
//! Nearly all calls are answered long before: a timer for each would cost more than the call. So they are only noted, and
//! looked at every 10 ms, for as long as there are any.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::fmt;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::slot::AnyCall;
use crate::sync::{Mutex, MutexGuard, OnceLock};

/// How late a deadline may be heard of.
const TICK: Duration = Duration::from_millis(10);

/// The deadlines of the calls to one actor.
#[derive(Default)]
pub(crate) struct Deadlines(OnceLock<Arc<Mutex<Lists>>>);

#[derive(Default)]
struct Lists {
    /// Noted since the last look.
    young: Vec<Due>,
    /// Those that were not over by then, the earliest first.
    old: BinaryHeap<Reverse<Due>>,
    /// Somebody looks at them.
    is_watched: bool,
}

struct Due {
    at: Instant,
    call: Arc<dyn AnyCall>,
}

/// Looks at the deadlines. When its runtime ends before they do, the next call starts another one.
struct Watch {
    lists: Arc<Mutex<Lists>>,
    is_done: bool,
}

impl Deadlines {
    /// Notes a call. Must be called on a runtime of tokio.
    pub(crate) fn note(&self, at: Instant, call: Arc<dyn AnyCall>) {
        let shared = self.0.get_or_init(Arc::default);
        let mut lists = lock(shared);
        lists.young.push(Due { at, call });
        let is_watched = std::mem::replace(&mut lists.is_watched, true);
        drop(lists);
        if !is_watched {
            let mut watch = Watch {
                lists: Arc::clone(shared),
                is_done: false,
            };
            tokio::spawn(async move {
                while !watch.is_done {
                    sleep(TICK).await;
                    watch.look(Instant::now());
                }
            });
        }
    }
}

impl Watch {
    /// Ends what is due. It is done when there is nothing left to look at.
    fn look(&mut self, now: Instant) {
        let mut lists = lock(&self.lists);
        let young = std::mem::take(&mut lists.young);
        drop(lists);
        let (due, survivors): (Vec<Due>, Vec<Due>) = young
            .into_iter()
            .filter(|young| !young.call.is_over())
            .partition(|young| young.at <= now);
        let mut lists = lock(&self.lists);
        lists.old.extend(survivors.into_iter().map(Reverse));
        let mut late = due;
        while let Some(Reverse(first)) = lists.old.peek()
            && (first.at <= now || first.call.is_over())
            && let Some(Reverse(first)) = lists.old.pop()
        {
            late.push(first);
        }
        self.is_done = lists.young.is_empty() && lists.old.is_empty();
        lists.is_watched = !self.is_done;
        drop(lists);
        for due in late {
            if due.at <= now {
                due.call.expire();
            }
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        // One that is done may have a successor.
        if !self.is_done {
            lock(&self.lists).is_watched = false;
        }
    }
}

impl Ord for Due {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.at.cmp(&other.at)
    }
}

impl PartialOrd for Due {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Due {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Due {}

impl fmt::Debug for Deadlines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Deadlines").finish_non_exhaustive()
    }
}

fn lock(lists: &Mutex<Lists>) -> MutexGuard<'_, Lists> {
    // Nothing in here is left half done by a panic.
    lists.lock().unwrap_or_else(PoisonError::into_inner)
}
