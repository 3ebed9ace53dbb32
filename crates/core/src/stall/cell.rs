//! Since when a task is in a poll: one word, which the task writes and others read.

use std::time::Duration;

use crate::sync::atomic::{AtomicU64, Ordering};

/// The least time between two looks at the cells, and the most.
const PERIODS: (Duration, Duration) = (Duration::from_millis(5), Duration::from_secs(1));

/// Set in a word when the poll was told of.
const TOLD: u64 = 1;

/// Since when a task is in its present poll, as a time since the tree began, and whether that was told.
///
/// Zero between polls. Otherwise nanoseconds, enough for two centuries, and above them the bit [`TOLD`] at
/// the low end. Relaxed, all of it: the word is all that there is to know, and guards nothing else.
#[derive(Debug, Default)]
pub(super) struct PollCell(AtomicU64);

impl PollCell {
    /// A poll begins.
    pub(super) fn enter(&self, now: Duration) {
        self.0.store(word(now), Ordering::Relaxed);
    }

    /// The poll is over: when it began, if it was told of.
    pub(super) fn leave(&self) -> Option<Duration> {
        // Not a load and a store: between them the poll might be told of, and nobody told of its end.
        let word = self.0.swap(0, Ordering::Relaxed);
        (word & TOLD != 0).then(|| began(word))
    }

    /// How long the present poll lasts, if that is too long.
    pub(super) fn overdue(&self, now: Duration, threshold: Duration) -> Option<Duration> {
        overdue(self.0.load(Ordering::Relaxed), now, threshold)
    }

    /// How long the present poll lasts, if that is too long and not told yet.
    pub(super) fn untold(&self, now: Duration, threshold: Duration) -> Option<Duration> {
        let word = self.0.load(Ordering::Relaxed);
        overdue(word, now, threshold).filter(|_| word & TOLD == 0)
    }

    /// The same, and from now on it counts as told.
    pub(super) fn claim(&self, now: Duration, threshold: Duration) -> Option<Duration> {
        let word = self.0.load(Ordering::Relaxed);
        let lasts = overdue(word, now, threshold).filter(|_| word & TOLD == 0)?;
        let order = Ordering::Relaxed;
        // A poll that is over now is not told of. No later one looks the same: time has passed.
        let claimed = self.0.compare_exchange(word, word | TOLD, order, order);
        claimed.ok().map(|_| lasts)
    }
}

/// How often the cells are looked at to find out about polls that last longer than this.
pub(super) fn period(threshold: Duration) -> Duration {
    let (least, most) = PERIODS;
    (threshold / 4).clamp(least, most)
}

/// A poll that begins now; never zero.
fn word(now: Duration) -> u64 {
    let nanos = u64::try_from(now.as_nanos()).unwrap_or(u64::MAX);
    nanos.clamp(1, u64::MAX >> 1) << 1
}

fn began(word: u64) -> Duration {
    Duration::from_nanos(word >> 1)
}

fn overdue(word: u64, now: Duration, threshold: Duration) -> Option<Duration> {
    let lasts = (word != 0).then(|| now.saturating_sub(began(word)))?;
    (lasts >= threshold).then_some(lasts)
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn a_poll_is_overdue_from_its_threshold_on() {
        let cell = PollCell::default();
        assert_eq!(cell.overdue(ms(900), ms(50)), None, "there is no poll");
        cell.enter(ms(900));
        assert_eq!(cell.overdue(ms(949), ms(50)), None);
        assert_eq!(cell.overdue(ms(950), ms(50)), Some(ms(50)));
        assert_eq!(cell.overdue(ms(1_900), ms(50)), Some(ms(1_000)));
        assert_eq!(cell.leave(), None, "nobody told of it");
        assert_eq!(cell.overdue(ms(1_900), ms(50)), None);
    }

    #[test]
    fn each_poll_is_told_of_once_and_its_end_says_so() {
        let cell = PollCell::default();
        for begin in [100, 300] {
            cell.enter(ms(begin));
            assert_eq!(cell.untold(ms(begin + 70), ms(50)), Some(ms(70)));
            assert_eq!(cell.claim(ms(begin + 70), ms(50)), Some(ms(70)));
            assert_eq!(cell.untold(ms(begin + 90), ms(50)), None);
            assert_eq!(cell.claim(ms(begin + 90), ms(50)), None);
            assert_eq!(cell.overdue(ms(begin + 90), ms(50)), Some(ms(90)));
            assert_eq!(cell.leave(), Some(ms(begin)));
        }
    }

    #[test]
    fn a_poll_that_begins_with_the_tree_is_one() {
        let cell = PollCell::default();
        cell.enter(Duration::ZERO);
        let lasts = ms(51) - Duration::from_nanos(1);
        assert_eq!(cell.claim(ms(51), ms(50)), Some(lasts));
    }

    #[test]
    fn a_time_that_no_word_can_tell_is_the_latest_one() {
        let cell = PollCell::default();
        cell.enter(Duration::MAX);
        assert_eq!(cell.leave(), None, "it counts as told of");
    }

    #[test]
    fn the_cells_are_looked_at_four_times_a_threshold_within_bounds() {
        let table = [(0, 5), (10, 5), (100, 25), (2_000, 500), (60_000, 1_000)];
        for (threshold, expected) in table {
            assert_eq!(period(ms(threshold)), ms(expected), "{threshold} ms");
        }
    }
}
