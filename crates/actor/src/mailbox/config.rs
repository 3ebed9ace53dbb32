//! What a mailbox is like.

/// What a mailbox is like: how many messages wait in it, and what follows when there is no room.
///
/// By default it has room for 1,024, and whoever sends more waits, or is refused if it cannot wait.
///
/// # Examples
///
/// ```
/// use perennial_actor::{Mailbox, Overflow};
///
/// let latest = Mailbox::bounded(16).overflow(Overflow::DropOldest);
/// assert_eq!(latest.capacity(), 16);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Mailbox {
    pub(super) capacity: usize,
    pub(super) overflow: Overflow,
}

/// What follows when a mailbox has no room for a message.
///
/// # Examples
///
/// ```
/// use perennial_actor::{Mailbox, Overflow};
///
/// // Readings of a sensor: the newest count, and nobody waits.
/// let readings = Mailbox::bounded(64).overflow(Overflow::DropOldest);
/// # let _ = readings;
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Overflow {
    /// Whoever can wait waits for room, in order; whoever cannot is refused. This is the default.
    #[default]
    Wait,
    /// The sender is refused.
    Reject,
    /// The message goes to the dead letters.
    DropNewest,
    /// The oldest message of the lowest lane gives way, if it is not more urgent; a caller who waits for it is told.
    DropOldest,
}

/// How urgent a message is: those of a higher lane are taken first.
///
/// There is an order in each lane and none across lanes. While higher lanes are never empty, each 17th message is of a lower one.
///
/// # Examples
///
/// ```
/// use perennial_actor::Lane;
///
/// assert!(Lane::High < Lane::Normal);                      // it comes before it
/// assert_eq!(Lane::default(), Lane::Normal);
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lane {
    /// Before all others.
    High,
    /// What is said without a lane.
    #[default]
    Normal,
    /// After all others.
    Low,
}

impl Mailbox {
    /// One with room for so many messages, one at least.
    #[must_use]
    pub const fn bounded(capacity: usize) -> Self {
        Self {
            capacity: if capacity == 0 { 1 } else { capacity },
            overflow: Overflow::Wait,
        }
    }

    /// One without a bound: whoever sends faster than the actor works fills the memory.
    #[must_use]
    pub const fn unbounded() -> Self {
        Self::bounded(usize::MAX)
    }

    /// What follows when there is no room.
    #[must_use]
    pub const fn overflow(mut self, overflow: Overflow) -> Self {
        self.overflow = overflow;
        self
    }

    /// For how many messages there is room.
    #[must_use]
    pub const fn capacity(&self) -> usize {
        self.capacity
    }
}

impl Default for Mailbox {
    fn default() -> Self {
        Self::bounded(1024)
    }
}

impl Lane {
    pub(super) const COUNT: usize = 3;

    pub(super) const ALL: [Self; Self::COUNT] = [Self::High, Self::Normal, Self::Low];

    pub(super) const fn index(self) -> usize {
        match self {
            Self::High => 0,
            Self::Normal => 1,
            Self::Low => 2,
        }
    }
}
