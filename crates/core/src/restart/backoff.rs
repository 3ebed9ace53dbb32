//! How long to wait before a restart.

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::time::Duration;

/// A factor of one, in thousandths.
const ONE: u32 = 1_000;

/// How long a child waits before each of its restarts.
///
/// The first restart is at once; the next waits for `base`, and each further one `factor` times as
/// long as the one before, never longer than `cap`. A child that has been up for `stable_after`
/// begins anew. The wait blocks nobody: siblings, calls and a stop go on, and
/// [`restart_child`](crate::SupervisorHandle::restart_child) skips it.
///
/// The defaults: factor 2, [`Jitter::Full`], stable after `cap`, and a seed that differs from
/// child to child and from run to run.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// # use perennial_core as perennial;
/// use perennial::{Backoff, worker};
///
/// let feed = worker("feed", |ctx| async move { ctx.stopping().await; Ok(()) })
///     .backoff(Backoff::exponential(Duration::from_millis(100), Duration::from_secs(30)));
/// # let _: perennial_core::ChildSpec = feed;
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Backoff {
    base: Duration,
    cap: Duration,
    /// In thousandths, so that it can be compared.
    factor: u32,
    jitter: Jitter,
    seed: Option<u64>,
    first_at_once: bool,
    stable_after: Duration,
}

/// How chance shortens a wait, so that children that failed together do not come back together.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// # use perennial_core as perennial;
/// use perennial::{Backoff, Jitter};
///
/// let steady = Backoff::constant(Duration::from_secs(1)).jitter(Jitter::None);
/// # let _: Backoff = steady;
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Jitter {
    /// Anything from nothing to the whole wait.
    #[default]
    Full,
    /// Anything from half to the whole wait.
    Equal,
    /// The whole wait.
    None,
}

impl Backoff {
    /// Waits that double from `base` up to `cap`.
    #[must_use]
    pub const fn exponential(base: Duration, cap: Duration) -> Self {
        Self {
            base,
            cap,
            factor: 2 * ONE,
            jitter: Jitter::Full,
            seed: None,
            first_at_once: true,
            stable_after: cap,
        }
    }

    /// The same wait each time.
    #[must_use]
    pub const fn constant(wait: Duration) -> Self {
        let mut backoff = Self::exponential(wait, wait);
        backoff.factor = ONE;
        backoff
    }

    /// Sets how many times longer each wait is than the one before: 2 by default, kept in thousandths.
    #[must_use]
    pub fn factor(mut self, factor: f64) -> Self {
        // A cast of what is no number, too large or below zero ends at a bound, and `check` refuses it.
        self.factor = (factor * f64::from(ONE)).round() as u32;
        self
    }

    /// Sets how chance shortens each wait: [`Jitter::Full`] by default.
    #[must_use]
    pub const fn jitter(mut self, jitter: Jitter) -> Self {
        self.jitter = jitter;
        self
    }

    /// Makes chance repeatable: the same seed gives the same waits for the child at the same place.
    #[must_use]
    pub const fn seed(mut self, seed: u64) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Lets the first restart wait for `base` too.
    #[must_use]
    pub const fn not_at_once(mut self) -> Self {
        self.first_at_once = false;
        self
    }

    /// Sets after what time up a child counts as recovered, and its waits begin anew: `cap` by default.
    #[must_use]
    pub const fn stable_after(mut self, time: Duration) -> Self {
        self.stable_after = time;
        self
    }

    /// Whether it makes sense.
    /// Whether the first restart does not wait.
    pub(crate) fn is_first_at_once(&self) -> bool {
        self.first_at_once
    }

    pub(crate) fn is_valid(&self) -> bool {
        self.factor >= ONE && !self.base.is_zero() && self.base <= self.cap
    }

    pub(crate) fn recovers_after(&self) -> Duration {
        self.stable_after
    }

    /// Where its chance begins: at its seed, or anywhere.
    pub(crate) fn first_seed(&self) -> u64 {
        self.seed.unwrap_or_else(|| RandomState::new().hash_one(()))
    }

    /// The wait before the restart that comes after so many others without a recovery in between.
    pub(crate) fn wait(&self, restarts: u32, dice: &mut Dice) -> Duration {
        let Some(doublings) = restarts.checked_sub(u32::from(self.first_at_once)) else {
            return Duration::ZERO;
        };
        let whole = self.undiced(doublings);
        match self.jitter {
            Jitter::Full => dice.up_to(whole),
            Jitter::Equal => whole - dice.up_to(whole / 2),
            Jitter::None => whole,
        }
    }

    fn undiced(&self, doublings: u32) -> Duration {
        let mut wait = self.base;
        if self.factor == ONE {
            return wait;
        }
        for _ in 0..doublings {
            if wait >= self.cap {
                break;
            }
            wait = wait.saturating_mul(self.factor) / ONE;
        }
        wait.min(self.cap)
    }
}

/// A small source of chance: the same seed gives the same numbers.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64, place: usize) -> Self {
        Self(seed ^ (place as u64).wrapping_mul(0xD605_1A1C_52B3_8F4D))
    }

    /// Anything from nothing to `most`.
    fn up_to(&mut self, most: Duration) -> Duration {
        let nanos = u64::try_from(most.as_nanos()).unwrap_or(u64::MAX);
        let share = (u128::from(self.next()) * (u128::from(nanos) + 1)) >> 64;
        // The share is at most `nanos`.
        Duration::from_nanos(u64::try_from(share).unwrap_or(nanos))
    }

    /// The generator SplitMix64.
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        bits ^ (bits >> 31)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn millis(backoff: Backoff, count: u32) -> Vec<u128> {
        let mut dice = Dice::new(7, 0);
        let waits = (0..count).map(|restarts| backoff.wait(restarts, &mut dice).as_millis());
        waits.collect()
    }

    #[test]
    fn the_first_restart_is_at_once_and_then_each_wait_doubles_up_to_the_cap() {
        let backoff = Backoff::exponential(Duration::from_millis(100), Duration::from_secs(1));
        let plain = backoff.jitter(Jitter::None);
        assert_eq!(millis(plain, 7), [0, 100, 200, 400, 800, 1_000, 1_000]);
        assert_eq!(millis(plain.not_at_once(), 3), [100, 200, 400]);
        assert_eq!(millis(plain.factor(1.5), 4), [0, 100, 150, 225]);
    }

    #[test]
    fn a_constant_wait_does_not_grow() {
        let backoff = Backoff::constant(Duration::from_millis(50)).jitter(Jitter::None);
        assert_eq!(millis(backoff, 4), [0, 50, 50, 50]);
        assert_eq!(backoff.wait(u32::MAX, &mut Dice::new(0, 0)).as_millis(), 50);
    }

    proptest! {
        #[test]
        fn no_wait_is_above_the_cap_and_jitter_keeps_to_its_band(
            base in 1..10_000_u64,
            more in 0..100_000_u64,
            factor in 1.0..10.0_f64,
            restarts in 0..u32::MAX,
            seed in any::<u64>(),
        ) {
            let cap = Duration::from_millis(base + more);
            let whole = Backoff::exponential(Duration::from_millis(base), cap)
                .factor(factor)
                .jitter(Jitter::None);
            prop_assert!(whole.is_valid());
            let most = whole.wait(restarts, &mut Dice::new(seed, 3));
            prop_assert!(most <= cap);
            let full = whole.jitter(Jitter::Full).wait(restarts, &mut Dice::new(seed, 3));
            prop_assert!(full <= most);
            let equal = whole.jitter(Jitter::Equal).wait(restarts, &mut Dice::new(seed, 3));
            prop_assert!(most / 2 <= equal && equal <= most);
        }

        #[test]
        fn the_same_seed_gives_the_same_waits(seed in any::<u64>()) {
            let backoff = Backoff::exponential(Duration::from_secs(1), Duration::from_secs(60));
            let waits = |seed| {
                let mut dice = Dice::new(seed, 3);
                (0..20).map(|restarts| backoff.wait(restarts, &mut dice)).collect::<Vec<_>>()
            };
            prop_assert_eq!(waits(seed), waits(seed));
            prop_assert_ne!(waits(seed), waits(seed.wrapping_add(1)));
        }
    }

    #[test]
    fn chance_reaches_the_whole_band() {
        let mut dice = Dice::new(1, 0);
        let most = Duration::from_nanos(3);
        let mut seen = [false; 4];
        for _ in 0..200 {
            seen[dice.up_to(most).as_nanos() as usize] = true;
        }
        assert_eq!(seen, [true; 4]);
    }

    #[test]
    fn a_backoff_that_makes_no_sense_is_not_valid() {
        let second = Duration::from_secs(1);
        for backoff in [
            Backoff::exponential(second, Duration::ZERO),
            Backoff::exponential(Duration::ZERO, second),
            Backoff::exponential(second, second).factor(0.5),
            Backoff::exponential(second, second).factor(f64::NAN),
            Backoff::exponential(second, second).factor(-1.0),
        ] {
            assert!(!backoff.is_valid(), "{backoff:?}");
        }
    }
}
