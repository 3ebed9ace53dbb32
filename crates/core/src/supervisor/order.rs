//! The order of rows, as links between slots: everything is O(1).

/// A row of a supervisor: the place of a child spec in its tables.
pub(crate) type Slot = usize;

/// Slots in an order, each linked with its neighbors.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Order {
    /// By slot; `None` where the slot is not in this order.
    links: Vec<Option<Link>>,
    first: Option<Slot>,
    last: Option<Slot>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Link {
    before: Option<Slot>,
    after: Option<Slot>,
}

impl Order {
    /// Puts `slot` at the end.
    pub(super) fn push_last(&mut self, slot: Slot) {
        if self.links.len() <= slot {
            self.links.resize(slot + 1, None);
        }
        let before = self.last;
        self.links[slot] = Some(Link {
            before,
            after: None,
        });
        self.join(before, Some(slot));
        self.last = Some(slot);
    }

    /// Takes `slot` out; the others keep their order.
    pub(super) fn remove(&mut self, slot: Slot) {
        if let Some(link) = self.links.get_mut(slot).and_then(Option::take) {
            self.join(link.before, link.after);
        }
    }

    pub(super) fn first(&self) -> Option<Slot> {
        self.first
    }

    pub(super) fn after(&self, slot: Slot) -> Option<Slot> {
        self.links.get(slot)?.as_ref()?.after
    }

    /// Makes the two neighbors; `None` stands for the end on its side.
    fn join(&mut self, before: Option<Slot>, after: Option<Slot>) {
        match before {
            Some(slot) => {
                if let Some(link) = &mut self.links[slot] {
                    link.after = after;
                }
            }
            None => self.first = after,
        }
        match after {
            Some(slot) => {
                if let Some(link) = &mut self.links[slot] {
                    link.before = before;
                }
            }
            None => self.last = before,
        }
    }
}
