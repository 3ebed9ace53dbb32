//! All deadlines of a supervisor's children, behind one timer.

use std::collections::BTreeSet;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::time::{Instant, Sleep, sleep_until};

use super::protocol::Slot;

/// At most one deadline for each child, and one timer for all of them.
#[derive(Debug, Default)]
pub(crate) struct Deadlines {
    by_time: BTreeSet<(Instant, Slot)>,
    by_slot: Vec<Option<Instant>>,
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
        self.by_time.insert((at, slot));
    }

    /// Takes the deadline of a child back.
    pub(crate) fn clear(&mut self, slot: Slot) {
        if let Some(at) = self.by_slot.get_mut(slot).and_then(Option::take) {
            self.by_time.remove(&(at, slot));
        }
    }

    /// The next child whose deadline has passed.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Slot> {
        while let Some(&(at, slot)) = self.by_time.first() {
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
            let passed = at <= *fires;
            if passed {
                // The timer stays as it is: more deadlines may have passed with this one.
                self.clear(slot);
                return Poll::Ready(slot);
            }
            self.timer = None;
        }
        Poll::Pending
    }
}
