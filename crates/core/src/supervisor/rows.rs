//! The rows of a supervisor, and what is derived from their states.

use super::order::{Order, Slot};
use super::protocol::Traits;
use super::ranked::{Rank, Ranked};
use super::slot::{Row, State};

/// All rows in start order, running or not.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Rows {
    /// By slot; `None` where no row is.
    rows: Vec<Option<Row>>,
    order: Order,
    /// The rows that start, run, stop or wait for a retry.
    live: Ranked,
    /// The rows that wait for their group.
    due: Ranked,
    next_rank: Rank,
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
    /// Returns the state before.
    pub(super) fn set(&mut self, slot: Slot, state: State) -> State {
        #[cfg(test)]
        touch();
        let row = self.rows[slot].as_mut().expect("slot is of a row");
        let (was, rank, significant) = (row.state, row.rank, row.traits.significant);
        row.state = state;
        row.is_done = false;
        self.unsettled += usize::from(state.is_unsettled());
        self.unsettled -= usize::from(was.is_unsettled());
        if significant {
            self.significant += usize::from(state.is_alive());
            self.significant -= usize::from(was.is_alive());
        }
        if was.is_live() != state.is_live() {
            toggle(&mut self.live, rank, slot, state.is_live());
        }
        if was.is_due() != state.is_due() {
            toggle(&mut self.due, rank, slot, state.is_due());
        }
        was
    }

    /// Notes that an idle row has nothing more to do; `false` if there is no such row.
    pub(super) fn be_done(&mut self, slot: Slot) -> bool {
        let row = self.rows.get_mut(slot).and_then(Option::as_mut);
        row.map(|row| row.is_done = row.state == State::Idle)
            .is_some()
    }

    /// The row has these traits from now on.
    pub(super) fn renew(&mut self, slot: Slot, traits: Traits) {
        let row = self.rows[slot].as_mut().expect("slot is of a row");
        let was = std::mem::replace(&mut row.traits, traits);
        if row.state.is_alive() {
            self.significant += usize::from(traits.significant);
            self.significant -= usize::from(was.significant);
        }
    }

    pub(super) fn row(&self, slot: Slot) -> &Row {
        #[cfg(test)]
        touch();
        self.rows[slot].as_ref().expect("slot is of a row")
    }

    /// How far the child of that row is; `None` if there is no such row.
    pub(super) fn state(&self, slot: Slot) -> Option<State> {
        Some(self.rows.get(slot)?.as_ref()?.state)
    }

    /// All slots in start order.
    pub(super) fn all(&self) -> Vec<Slot> {
        std::iter::successors(self.first(), |&slot| self.after(slot)).collect()
    }

    pub(super) fn first(&self) -> Option<Slot> {
        self.order.first()
    }

    pub(super) fn after(&self, slot: Slot) -> Option<Slot> {
        #[cfg(test)]
        touch();
        self.order.after(slot)
    }

    /// The last live row whose rank is below that.
    pub(super) fn last_live(&self, below: Rank) -> Option<Slot> {
        #[cfg(test)]
        touch();
        self.live.last_below(below)
    }

    pub(super) fn last_due(&self) -> Option<Slot> {
        #[cfg(test)]
        touch();
        self.due.last()
    }

    /// A rank that is above those of all rows.
    pub(super) fn end(&self) -> Rank {
        self.next_rank
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
}

fn toggle(list: &mut Ranked, rank: Rank, slot: Slot, on: bool) {
    if on {
        list.insert(rank, slot);
    } else {
        list.remove(rank);
    }
}

#[cfg(test)]
thread_local! {
    static TOUCHED: std::cell::Cell<u64> = const { std::cell::Cell::new(0) };
}

#[cfg(test)]
fn touch() {
    TOUCHED.set(TOUCHED.get() + 1);
}

/// How often this thread has looked at a row: what a machine's work is measured by.
#[cfg(test)]
pub(super) fn touched() -> u64 {
    TOUCHED.get()
}

#[cfg(test)]
impl Rows {
    /// The slots in start order.
    pub(super) fn slots(&self) -> impl Iterator<Item = Slot> {
        std::iter::successors(self.first(), |&slot| self.after(slot))
    }

    /// Counts again what is kept with each change of a state.
    pub(super) fn recount(&self) {
        let (mut live, mut due) = (self.live.iter(), self.due.iter());
        let (mut unsettled, mut significant, mut rank) = (0, 0, None);
        for slot in self.slots() {
            let row = self.row(slot);
            assert!(rank < Some(row.rank), "the ranks grow along the order");
            rank = Some(row.rank);
            unsettled += usize::from(row.state.is_unsettled());
            significant += usize::from(row.traits.significant && row.state.is_alive());
            let listed = Some((row.rank, slot));
            match row.state {
                State::Idle | State::Paused => (),
                State::Due(_) => assert_eq!(due.next(), listed, "it is due"),
                State::Starting(..)
                | State::Running(_)
                | State::Retrying
                | State::Delayed(_)
                | State::Stopping(..) => {
                    assert_eq!(live.next(), listed, "it is live");
                }
            }
        }
        assert_eq!(
            (live.next(), due.next()),
            (None, None),
            "nothing else is live or due"
        );
        assert!(rank < Some(self.next_rank), "new rows come last");
        assert_eq!(unsettled, self.unsettled, "rows that start or stop");
        assert_eq!(significant, self.significant, "significant children");
    }
}
