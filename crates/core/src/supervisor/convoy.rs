//! A group of children on its way: whom it stops or starts, and for whom it still waits.

use std::collections::{BTreeMap, BTreeSet};

use super::graph::Graph;
use super::protocol::Slot;
use super::ranked::Rank;
use super::slot::State;
use super::strategy::{StartMode, StopMode};

/// How the children of a supervisor start and stop beside each other.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Lanes {
    pub(crate) start: StartMode,
    pub(crate) stop: StopMode,
    pub(crate) graph: Graph,
    /// How many rows wait for others that they need.
    pub(super) needy: usize,
    /// Those of them that are to be looked at, as something has become of one that they need.
    pub(super) stirred: Vec<Slot>,
}

/// Rows that are stopped or started together.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Convoy {
    pub(super) members: Members,
    pub(super) phase: Phase,
    /// The rows that it waits for.
    pub(super) open: Open,
    /// The same in order, where rows or levels of rows go one after the other.
    pub(super) turns: BTreeMap<Place, Slot>,
    /// Those that it has not looked at since they may have their turn.
    pub(super) fresh: Vec<Slot>,
    /// The level that has its turn, where whole levels go together, and those of it that did not yet.
    pub(super) level: Option<u32>,
    pub(super) queue: Vec<Slot>,
    /// The row that has its turn before others that stand before it, where one goes after the other.
    pub(super) stray: Option<Slot>,
    /// Rows beside those that are being stopped, whose starts go on and are waited for afterward.
    pub(super) spared: BTreeSet<Slot>,
}

/// A set of rows: by slot whether it is one of them, and how many there are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Open {
    rows: Vec<bool>,
    pub(super) count: usize,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Members {
    All,
    These(BTreeSet<Slot>),
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) enum Phase {
    /// Nothing is under way.
    #[default]
    Rest,
    Clear,
    Raise,
    End,
}

/// Level and rank: in what order they have their turn.
pub(super) type Place = (u32, Rank);

impl Convoy {
    /// A row has come to that state; whether it is one that need not be waited for any more.
    pub(super) fn note(&mut self, slot: Slot, state: State) -> bool {
        if !state.is_coming_up() {
            self.spared.remove(&slot);
        }
        let waits = match self.phase {
            Phase::Rest => return false,
            Phase::Clear | Phase::End => state.is_live(),
            Phase::Raise => state.is_due() || state.is_coming_up(),
        };
        let leaves = !waits && self.open.remove(slot);
        if leaves {
            self.fresh.push(slot);
        } else if !waits && self.phase == Phase::Raise {
            // One beside the group, for which some of it may have waited.
            self.fresh.push(slot);
            self.level = None;
        }
        leaves
    }

    /// Whether a group is under way whose rows are to be stopped first, this one among them.
    pub(super) fn clears(&self, slot: Slot) -> bool {
        self.phase == Phase::Clear && self.members.contains(slot)
    }

    /// Whether all are being stopped for good.
    pub(super) fn is_last(&self) -> bool {
        self.phase == Phase::End
    }

    /// Whether a group is under way in which this row is still to be stopped.
    pub(super) fn is_to_clear(&self, slot: Slot) -> bool {
        self.phase == Phase::Clear && self.open.contains(slot)
    }

    /// Whether a group waits for the start of this row.
    pub(super) fn raises(&self, slot: Slot) -> bool {
        self.phase == Phase::Raise && self.open.contains(slot) || self.spared.contains(&slot)
    }
}

impl Open {
    pub(super) fn insert(&mut self, slot: Slot) {
        if self.rows.len() <= slot {
            self.rows.resize(slot + 1, false);
        }
        self.count += usize::from(!self.rows[slot]);
        self.rows[slot] = true;
    }

    /// Takes the row out; whether it was one of them.
    pub(super) fn remove(&mut self, slot: Slot) -> bool {
        let was = self.rows.get_mut(slot).is_some_and(std::mem::take);
        self.count -= usize::from(was);
        was
    }

    pub(super) fn slots(&self) -> impl Iterator<Item = Slot> {
        let open = self
            .rows
            .iter()
            .enumerate()
            .filter(|&(_, &is_open)| is_open);
        open.map(|(slot, _)| slot)
    }

    pub(super) fn contains(&self, slot: Slot) -> bool {
        self.rows.get(slot).copied().unwrap_or(false)
    }
}

impl Default for Members {
    fn default() -> Self {
        Self::These(BTreeSet::new())
    }
}

impl Members {
    pub(super) fn contains(&self, slot: Slot) -> bool {
        match self {
            Self::All => true,
            Self::These(slots) => slots.contains(&slot),
        }
    }

    /// Takes the row out, unless all are meant.
    pub(super) fn leave(&mut self, slot: Slot) {
        if let Self::These(slots) = self {
            slots.remove(&slot);
        }
    }

    pub(super) fn join(&mut self, other: Self) {
        match (&mut *self, other) {
            (Self::All, _) => (),
            (Self::These(slots), Self::These(more)) => slots.extend(more),
            (Self::These(_), Self::All) => *self = Self::All,
        }
    }
}
