//! Numbers that look random and are the same each time.

/// Rolls numbers that look random; the same seed rolls the same ones.
///
/// # Examples
///
/// ```
/// use perennial_test::Dice;
///
/// let (mut one, mut other) = (Dice::new(7), Dice::new(7));
/// assert_eq!(one.roll(6), other.roll(6));
/// ```
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    /// Dice that roll what belongs to this seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A number below `sides`; 0 if there are none.
    #[must_use]
    pub fn roll(&mut self, sides: usize) -> usize {
        let side = self.draw().checked_rem(sides as u64).unwrap_or_default();
        // It fits, as it is below a number that does.
        usize::try_from(side).unwrap_or_default()
    }

    /// Any number.
    pub(crate) fn draw(&mut self) -> u64 {
        // The generator known as SplitMix64: a counter, and a function that scatters it.
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        bits ^ (bits >> 31)
    }
}
