//! When so much fails that restarts are held back.

use std::time::Duration;

use crate::clock::Moment;

/// Holds restarts back when too much fails at once under one supervisor.
///
/// Each failure adds one to a score, and the score halves within each `half_life`. When it comes above
/// `threshold`, restarts pause once for `pause`; then they are released one by one, `spacing` apart,
/// until the score has come down to half the threshold. Only then can there be another pause.
/// It stands beside the [`Intensity`](crate::Intensity), which still counts each restart: to live through a storm
/// give the supervisor [`Intensity::unlimited`](crate::Intensity::unlimited).
///
/// The defaults: half-life 30 seconds, pause 15 seconds, spacing 100 milliseconds.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// # use perennial_core as perennial;
/// use perennial::{StormGuard, Supervisor};
///
/// let feeds = Supervisor::one_for_one("feeds")
///     .unlimited_intensity()
///     .storm_guard(StormGuard::new(20).pause(Duration::from_secs(5)));
/// # let _: Supervisor = feeds;
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct StormGuard {
    threshold: u32,
    half_life: Duration,
    pause: Duration,
    spacing: Duration,
}

/// How much has failed lately.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Storm {
    /// In thousandths of a failure, as it was at `scored`.
    score: u64,
    scored: Moment,
    /// From the pause on, until the score has come down.
    is_raging: bool,
    /// When the next restart may be.
    next: Moment,
}

/// What a storm says to a restart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Hold {
    /// How long it has to wait.
    pub(crate) wait: Duration,
    /// A pause of that length begins.
    pub(crate) pause: Option<Duration>,
}

/// One failure, in thousandths.
const FAILURE: u64 = 1_000;

impl StormGuard {
    /// Restarts pause when the score comes above that.
    #[must_use]
    pub const fn new(threshold: u32) -> Self {
        Self {
            threshold,
            half_life: Duration::from_secs(30),
            pause: Duration::from_secs(15),
            spacing: Duration::from_millis(100),
        }
    }

    /// Sets within what time the score halves: 30 seconds by default. Must not be zero.
    #[must_use]
    pub const fn half_life(mut self, time: Duration) -> Self {
        self.half_life = time;
        self
    }

    /// Sets how long restarts pause: 15 seconds by default.
    #[must_use]
    pub const fn pause(mut self, time: Duration) -> Self {
        self.pause = time;
        self
    }

    /// Sets how far apart restarts are released after the pause: 100 milliseconds by default.
    #[must_use]
    pub const fn spacing(mut self, time: Duration) -> Self {
        self.spacing = time;
        self
    }

    /// Whether it makes sense.
    pub(crate) fn is_valid(&self) -> bool {
        self.threshold > 0 && !self.half_life.is_zero()
    }
}

impl Storm {
    /// Counts a failure, and says how long its restart has to wait.
    pub(crate) fn strike(&mut self, guard: &StormGuard, now: Moment) -> Hold {
        self.score = self.score_at(guard, now) + FAILURE;
        self.scored = now;
        let threshold = u64::from(guard.threshold) * FAILURE;
        if self.is_raging && self.score <= threshold / 2 && self.next <= now {
            self.is_raging = false;
        }
        let mut pause = None;
        if !self.is_raging && self.score > threshold {
            self.is_raging = true;
            self.next = now.plus(guard.pause);
            pause = Some(guard.pause);
        }
        if !self.is_raging {
            return Hold::default();
        }
        let at = self.next.max(now);
        self.next = at.plus(guard.spacing);
        Hold {
            wait: at.since(now),
            pause,
        }
    }

    fn score_at(&self, guard: &StormGuard, now: Moment) -> u64 {
        let half_lives = now.since(self.scored).as_secs_f64() / guard.half_life.as_secs_f64();
        // It is at most the score before, and not below zero.
        (self.score as f64 * (-half_lives).exp2()).round() as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GUARD: StormGuard = StormGuard::new(3)
        .half_life(Duration::from_secs(10))
        .pause(Duration::from_secs(5))
        .spacing(Duration::from_secs(1));

    /// Plays failures at these milliseconds, and tells how many milliseconds each restart has to wait.
    fn waits(millis: &[u64]) -> (Vec<u128>, usize) {
        let mut storm = Storm::default();
        let mut pauses = 0;
        let mut waits = Vec::new();
        for &at in millis {
            let hold = storm.strike(&GUARD, Moment(Duration::from_millis(at)));
            pauses += usize::from(hold.pause.is_some());
            waits.push(hold.wait.as_millis());
        }
        (waits, pauses)
    }

    #[test]
    fn failures_below_the_threshold_wait_for_nothing() {
        assert_eq!(waits(&[0, 0, 0]), (vec![0, 0, 0], 0));
        let spread: Vec<u64> = (0..50).map(|nth| nth * 10_000).collect();
        assert_eq!(waits(&spread), (vec![0; 50], 0));
    }

    #[test]
    fn above_the_threshold_there_is_one_pause_and_then_one_restart_after_the_other() {
        let (waits, pauses) = waits(&[0, 0, 0, 0, 0, 0]);
        assert_eq!(waits, [0, 0, 0, 5_000, 6_000, 7_000]);
        assert_eq!(pauses, 1);
    }

    #[test]
    fn a_storm_that_goes_on_is_spaced_and_does_not_pause_again() {
        let on: Vec<u64> = (0..40).map(|nth| nth * 500).collect();
        let (waits, pauses) = waits(&on);
        assert_eq!(pauses, 1);
        let at: Vec<u128> = waits
            .iter()
            .zip(&on)
            .map(|(wait, at)| wait + u128::from(*at))
            .collect();
        for pair in at[4..].windows(2) {
            assert!(pair[1] >= pair[0] + 1_000, "{at:?}");
        }
    }

    #[test]
    fn after_the_score_has_come_down_the_next_storm_has_a_pause_of_its_own() {
        let calm = 600_000;
        let (waits, pauses) = waits(&[0, 0, 0, 0, calm, calm, calm, calm]);
        assert_eq!(waits, [0, 0, 0, 5_000, 0, 0, 0, 5_000]);
        assert_eq!(pauses, 2);
    }

    #[test]
    fn a_guard_that_makes_no_sense_is_not_valid() {
        assert!(GUARD.is_valid());
        assert!(!StormGuard::new(0).is_valid());
        assert!(!GUARD.half_life(Duration::ZERO).is_valid());
    }
}
