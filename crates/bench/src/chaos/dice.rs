//! Numbers that look random and are the same each time.

use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Rolls numbers that look random; the same seed rolls the same ones.
///
/// Not that of the test kit: it turns on tokio's clock for tests, which would be measured with the rest.
#[derive(Clone, Debug)]
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// Dice for one purpose among many: the same seed and purpose, the same numbers.
    pub(super) fn of(seed: u64, purpose: impl Hash) -> Self {
        let mut hasher = DefaultHasher::new();
        purpose.hash(&mut hasher);
        Self(seed ^ hasher.finish())
    }

    /// A number below `sides`; 0 if there are none.
    pub(super) fn roll(&mut self, sides: u64) -> u64 {
        self.draw().checked_rem(sides).unwrap_or(0)
    }

    /// Anything from nothing to that time.
    pub(super) fn within(&mut self, most: Duration) -> Duration {
        let most = u64::try_from(most.as_micros()).unwrap_or(u64::MAX);
        Duration::from_micros(self.roll(most))
    }

    /// One of them, if there are any.
    pub(super) fn one_of<'a, T>(&mut self, all: &'a [T]) -> Option<&'a T> {
        // It fits, as it is below a number that does.
        all.get(self.roll(all.len() as u64) as usize)
    }

    fn draw(&mut self) -> u64 {
        // The generator known as SplitMix64: a counter, and a function that scatters it.
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        bits ^ (bits >> 31)
    }
}

/// A seed that nobody has chosen.
pub(super) fn fresh_seed() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.map_or(0, |since| since.as_nanos() as u64);
    // Six digits are enough to be different, and short enough to be typed.
    Dice::new(now).roll(1_000_000)
}
