//! The rows of a supervisor, and what is derived from their states.

use super::order::{Order, Slot};
use super::protocol::Traits;
use super::slot::{Row, State};

/// All rows in start order, running or not.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Rows {
    /// By slot; `None` where no row is.
    rows: Vec<Option<Row>>,
    order: Order,
    /// The rows that are not idle, in the same order.
    live: Order,
    next_rank: u64,
    /// How many rows start or stop.
    unsettled: usize,
    /// How many significant children keep the supervisor up.
    significant: usize,
}

impl Rows {
    /// Puts a row at the end of the order.
    pub(super) fn append(&mut self, slot: Slot, traits: Traits) {
        if self.rows.len() <= slot {
            self.rows.resize(slot + 1, None);
        }
        self.rows[slot] = Some(Row::new(traits, self.next_rank, State::Idle));
        self.next_rank += 1;
        self.order.push_last(slot);
    }

    /// Takes out an idle row.
    pub(super) fn remove(&mut self, slot: Slot) {
        self.order.remove(slot);
        self.rows[slot] = None;
    }

    /// The only place where a state changes: all that is derived from states is kept here.
    pub(super) fn set(&mut self, slot: Slot, state: State) {
        let row = self.rows[slot].as_mut().expect("slot is of a row");
        let (was, significant) = (row.state, row.traits.significant);
        row.state = state;
        self.unsettled += usize::from(state.is_unsettled());
        self.unsettled -= usize::from(was.is_unsettled());
        if significant {
            self.significant += usize::from(state.is_alive());
            self.significant -= usize::from(was.is_alive());
        }
        match (was == State::Idle, state == State::Idle) {
            (true, false) => {
                let before = self.last_live_before(slot);
                self.live.insert_after(before, slot);
            }
            (false, true) => self.live.remove(slot),
            (true, true) | (false, false) => (),
        }
    }

    pub(super) fn row(&self, slot: Slot) -> &Row {
        self.rows[slot].as_ref().expect("slot is of a row")
    }

    /// How far the child of that row is; `None` if there is no such row.
    pub(super) fn state(&self, slot: Slot) -> Option<State> {
        Some(self.rows.get(slot)?.as_ref()?.state)
    }

    pub(super) fn first(&self) -> Option<Slot> {
        self.order.first()
    }

    pub(super) fn after(&self, slot: Slot) -> Option<Slot> {
        self.order.after(slot)
    }

    pub(super) fn last_live(&self) -> Option<Slot> {
        self.live.last()
    }

    pub(super) fn live_before(&self, slot: Slot) -> Option<Slot> {
        self.live.before(slot)
    }

    pub(super) fn live_after(&self, slot: Slot) -> Option<Slot> {
        self.live.after(slot)
    }

    /// Whether `slot` stands at `from` or behind it.
    pub(super) fn reaches(&self, from: Slot, slot: Slot) -> bool {
        self.row(slot).rank >= self.row(from).rank
    }

    /// Which of the two stands first.
    pub(super) fn earlier(&self, a: Option<Slot>, b: Slot) -> Slot {
        match a {
            Some(a) if self.reaches(a, b) => a,
            _ => b,
        }
    }

    pub(super) fn is_settled(&self) -> bool {
        self.unsettled == 0
    }

    pub(super) fn has_significant(&self) -> bool {
        self.significant > 0
    }

    /// The live row that stands last before `slot`. Searches both ways at once, so that filling a
    /// gap row by row costs little, in whatever order.
    fn last_live_before(&self, slot: Slot) -> Option<Slot> {
        let (mut back, mut ahead) = (self.order.before(slot), self.order.after(slot));
        loop {
            match back {
                None => return None,
                Some(row) if self.live.contains(row) => return Some(row),
                Some(row) => back = self.order.before(row),
            }
            match ahead {
                None => return self.live.last(),
                Some(row) if self.live.contains(row) => return self.live.before(row),
                Some(row) => ahead = self.order.after(row),
            }
        }
    }
}

#[cfg(test)]
impl Rows {
    /// The slots in start order.
    pub(super) fn slots(&self) -> impl Iterator<Item = Slot> {
        std::iter::successors(self.first(), |&slot| self.after(slot))
    }

    /// Counts again what is kept with each change of a state.
    pub(super) fn recount(&self) {
        let mut live = self.live.first();
        let (mut unsettled, mut significant, mut rank) = (0, 0, None);
        for slot in self.slots() {
            let row = self.row(slot);
            assert!(rank < Some(row.rank), "the ranks grow along the order");
            rank = Some(row.rank);
            unsettled += usize::from(row.state.is_unsettled());
            significant += usize::from(row.traits.significant && row.state.is_alive());
            if row.state != State::Idle {
                assert_eq!(live, Some(slot), "a row that is not idle stands among the live ones");
                live = self.live.after(slot);
            }
        }
        assert_eq!(live, None, "an idle row stands among the live ones");
        assert_eq!(unsettled, self.unsettled, "rows that start or stop");
        assert_eq!(significant, self.significant, "significant children");
    }
}
