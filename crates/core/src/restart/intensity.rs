//! How many restarts a supervisor bears before it gives up.

use std::collections::VecDeque;
use std::time::Duration;

use crate::clock::Moment;

/// A limit on restarts: at most `restarts` within any `period`.
///
/// Each attempt of a restart counts once, whatever it restarts; one more than `restarts` within
/// `period` and the supervisor gives up. The default is 3 restarts in 5 seconds.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// # use perennial_core as perennial;
/// use perennial::Intensity;
///
/// assert_eq!(Intensity::default(), Intensity::new(3, Duration::from_secs(5)));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Intensity {
    /// How many restarts are borne; with 0 the first one is too many, and [`u32::MAX`] are never too many.
    pub restarts: u32,
    /// Within what time; must not be zero.
    pub period: Duration,
}

/// The restarts within the latest period, never more than the limit bears; each is counted in amortized O(1).
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Window {
    /// When each restart happened, oldest first.
    at: VecDeque<Moment>,
    /// How long the clock stood still so far.
    skipped: Duration,
    /// Since when the clock stands still.
    stopped: Option<Moment>,
}

impl Intensity {
    /// At most `restarts` within any `period`.
    #[must_use]
    pub const fn new(restarts: u32, period: Duration) -> Self {
        Self { restarts, period }
    }

    /// No limit: nothing is counted. What keeps failing is then best slowed down by a [`Backoff`](crate::Backoff).
    #[must_use]
    pub const fn unlimited() -> Self {
        Self::new(u32::MAX, Duration::from_secs(1))
    }

    /// Whether there is no limit.
    #[must_use]
    pub const fn is_unlimited(&self) -> bool {
        self.restarts == u32::MAX
    }
}

impl Default for Intensity {
    fn default() -> Self {
        Self::new(3, Duration::from_secs(5))
    }
}

impl Window {
    /// Counts a restart at `now`, unless it is one too many.
    ///
    /// With `whole_seconds` the clock is read in whole seconds, never stands still, and the period
    /// includes its end, as in OTP: failures just under `period` + 1 s apart can count together.
    pub(crate) fn admit(&mut self, limit: Intensity, whole_seconds: bool, now: Moment) -> bool {
        if limit.is_unlimited() {
            return true;
        }
        let now = if whole_seconds { now } else { self.read(now) };
        let has_left = |&oldest: &Moment| has_left(oldest, limit.period, whole_seconds, now);
        while self.at.front().is_some_and(has_left) {
            self.at.pop_front();
        }
        if self.at.len() >= limit.restarts as usize {
            return false;
        }
        self.at.push_back(now);
        true
    }

    /// The clock stands still from now on: a group is being stopped, which may take longer than the
    /// period and must not wash the failures out of it.
    pub(crate) fn stop_clock(&mut self, now: Moment) {
        self.stopped.get_or_insert(now);
    }

    /// The clock goes on.
    pub(crate) fn go_on(&mut self, now: Moment) {
        if let Some(stopped) = self.stopped.take() {
            self.skipped += now.since(stopped);
        }
    }

    fn read(&self, now: Moment) -> Moment {
        let now = self.stopped.unwrap_or(now);
        Moment(now.0.saturating_sub(self.skipped))
    }
}

fn has_left(oldest: Moment, period: Duration, whole_seconds: bool, now: Moment) -> bool {
    if whole_seconds {
        now.0.as_secs() - oldest.0.as_secs().min(now.0.as_secs()) > period.as_secs()
    } else {
        now.since(oldest) >= period
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Moment {
        Moment(Duration::from_millis(millis))
    }

    /// Plays restarts at these milliseconds and tells which were admitted.
    fn admitted(limit: Intensity, whole_seconds: bool, millis: &[u64]) -> Vec<bool> {
        let mut window = Window::default();
        millis
            .iter()
            .map(|&now| window.admit(limit, whole_seconds, at(now)))
            .collect()
    }

    #[test]
    fn a_restart_counts_until_the_period_is_over_and_no_longer() {
        let one_a_second = Intensity::new(1, Duration::from_secs(1));
        assert_eq!(admitted(one_a_second, false, &[0, 999]), [true, false]);
        assert_eq!(admitted(one_a_second, false, &[0, 1000]), [true, true]);
    }

    #[test]
    fn an_intensity_of_zero_bears_nothing() {
        let none = Intensity::new(0, Duration::from_secs(1));
        assert_eq!(admitted(none, false, &[0]), [false]);
        assert_eq!(admitted(none, true, &[0]), [false]);
    }

    #[test]
    fn whole_seconds_count_as_otp_measured() {
        // Period 1 s: a gap of 1.05 s at offset .90 and one of 1.90 s at .05 count together, 2.05 s does not.
        let one_a_second = Intensity::new(1, Duration::from_secs(1));
        assert_eq!(admitted(one_a_second, true, &[900, 1950]), [true, false]);
        assert_eq!(admitted(one_a_second, true, &[50, 1950]), [true, false]);
        assert_eq!(admitted(one_a_second, true, &[0, 2050]), [true, true]);
    }

    #[test]
    fn the_time_in_which_a_group_is_stopped_does_not_wash_failures_out() {
        let one_a_second = Intensity::new(1, Duration::from_secs(1));
        for (whole_seconds, expected) in [(false, false), (true, true)] {
            let mut window = Window::default();
            assert!(window.admit(one_a_second, whole_seconds, at(0)));
            window.stop_clock(at(100));
            window.go_on(at(2_200));
            assert_eq!(
                window.admit(one_a_second, whole_seconds, at(2_300)),
                expected
            );
        }
    }

    #[test]
    fn restarts_that_have_left_the_window_are_forgotten() {
        let mut window = Window::default();
        let many = Intensity::new(u32::MAX - 1, Duration::from_secs(1));
        for restart in 0..100_000 {
            assert!(window.admit(many, false, at(restart * 100)));
            assert!(window.at.len() <= 10, "ten are within a second");
        }
    }

    #[test]
    fn the_largest_intensity_reserves_no_memory() {
        let mut window = Window::default();
        let largest = Intensity::new(u32::MAX - 1, Duration::from_secs(1));
        assert!(window.admit(largest, false, at(0)));
        assert!(window.at.capacity() < 16);
    }

    #[test]
    fn without_a_limit_nothing_is_counted() {
        let mut window = Window::default();
        for _ in 0..1_000 {
            assert!(window.admit(Intensity::unlimited(), false, at(0)));
        }
        assert!(window.at.is_empty());
    }
}
