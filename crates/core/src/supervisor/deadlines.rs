//! All deadlines of a supervisor's children, behind one timer.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::time::{Instant, Sleep, sleep_until};

use super::protocol::Slot;

/// So many deadlines that were taken back may stand among the others, beside as many as there are others.
const SLACK: usize = 64;

/// At most one deadline for each child, and one timer for all of them.
///
/// Made for deadlines that come in order of time and are nearly all taken back: then each costs O(1).
#[derive(Debug, Default)]
pub(crate) struct Deadlines {
    /// Earliest first; one that does not stand in `by_slot` was taken back, and may still wake the timer.
    by_time: BinaryHeap<Reverse<(Instant, Slot)>>,
    by_slot: Vec<Option<Instant>>,
    /// How many stand in `by_slot`.
    count: usize,
    /// Fires at the earliest deadline or before: a deadline that is taken back, as that of each
    /// start that succeeds, leaves it alone.
    timer: Option<(Instant, Pin<Box<Sleep>>)>,
}

impl Deadlines {
    /// Sets the deadline of a child, in place of the one before.
    pub(crate) fn set(&mut self, slot: Slot, at: Instant) {
        self.clear(slot);
        if self.by_slot.len() <= slot {
            self.by_slot.resize(slot + 1, None);
        }
        self.by_slot[slot] = Some(at);
        self.count += 1;
        if self.by_time.len() >= 2 * self.count + SLACK {
            self.sweep();
        }
        self.by_time.push(Reverse((at, slot)));
    }

    /// Takes the deadline of a child back.
    pub(crate) fn clear(&mut self, slot: Slot) {
        if self.by_slot.get_mut(slot).and_then(Option::take).is_some() {
            self.count -= 1;
        }
    }

    /// The deadline of a child.
    pub(crate) fn at(&self, slot: Slot) -> Option<Instant> {
        self.by_slot.get(slot).copied().flatten()
    }

    /// The next child whose deadline has passed.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Slot> {
        if self.count == 0 {
            self.by_time.clear();
        }
        while let Some(&Reverse((at, slot))) = self.by_time.peek() {
            let (fires, timer) = self
                .timer
                .get_or_insert_with(|| (at, Box::pin(sleep_until(at))));
            if at < *fires {
                timer.as_mut().reset(at);
                *fires = at;
            }
            if timer.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            if at > *fires {
                self.timer = None;
                continue;
            }
            // The timer stays as it is: more deadlines may have passed with this one.
            self.by_time.pop();
            if self.by_slot[slot] == Some(at) {
                self.clear(slot);
                return Poll::Ready(slot);
            }
        }
        Poll::Pending
    }

    /// Leaves only those that stand in `by_slot`.
    fn sweep(&mut self) {
        let mut left = std::mem::take(&mut self.by_time).into_vec();
        left.retain(|Reverse((at, slot))| self.by_slot[*slot] == Some(*at));
        // One that was taken back and set to the same moment again is there twice.
        left.sort_unstable();
        left.dedup();
        self.by_time = left.into();
    }
}

#[cfg(test)]
mod tests {
    use std::task::Waker;
    use std::time::Duration;

    use super::*;

    const NOBODY: [Slot; 0] = [];

    /// The children whose deadlines have passed, in the order in which they are told.
    fn passed(deadlines: &mut Deadlines) -> Vec<Slot> {
        let mut cx = Context::from_waker(Waker::noop());
        std::iter::from_fn(|| match deadlines.poll(&mut cx) {
            Poll::Ready(slot) => Some(slot),
            Poll::Pending => None,
        })
        .collect()
    }

    #[tokio::test(start_paused = true)]
    async fn each_child_has_its_latest_deadline_only_and_one_that_was_taken_back_never_passes() {
        let (mut deadlines, start) = (Deadlines::default(), Instant::now());
        let at = |seconds| start + Duration::from_secs(seconds);
        for (slot, seconds) in [(0, 5), (1, 3), (2, 4), (3, 1), (1, 6), (3, 1)] {
            deadlines.set(slot, at(seconds));
        }
        deadlines.clear(2);
        assert_eq!(passed(&mut deadlines), NOBODY);
        tokio::time::advance(Duration::from_secs(2)).await;
        assert_eq!(passed(&mut deadlines), [3]);
        tokio::time::advance(Duration::from_secs(10)).await;
        assert_eq!(passed(&mut deadlines), [0, 1]);
        assert_eq!(passed(&mut deadlines), NOBODY);
    }

    #[tokio::test(start_paused = true)]
    async fn deadlines_of_one_moment_that_are_set_again_and_again_do_not_pile_up() {
        let (mut deadlines, start) = (Deadlines::default(), Instant::now());
        let at = start + Duration::from_secs(1);
        for slot in 0..10 {
            for _ in 0..1_000 {
                deadlines.set(slot, at);
                let most = 2 * deadlines.count + SLACK;
                assert!(deadlines.by_time.len() <= most);
            }
        }
        tokio::time::advance(Duration::from_secs(2)).await;
        assert_eq!(passed(&mut deadlines), Vec::from_iter(0..10));
    }

    #[tokio::test(start_paused = true)]
    async fn deadlines_that_are_taken_back_behind_one_that_stays_do_not_pile_up() {
        let mut deadlines = Deadlines::default();
        deadlines.set(0, Instant::now() + Duration::from_secs(1));
        for more in 0..100_000 {
            deadlines.set(1, Instant::now() + Duration::from_millis(2_000 + more));
            deadlines.clear(1);
            assert!(deadlines.by_time.len() <= 2 * 2 + SLACK + 1);
        }
        assert_eq!(passed(&mut deadlines), NOBODY);
    }
}
