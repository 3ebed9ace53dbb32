//! New specs that the rows of a supervisor have not taken yet.

use std::collections::BTreeMap;

use super::protocol::{Newcomer, Request, Slot, Traits};
use crate::restart::Plan;

/// New specs: the one that a call is about to bring, and those that the next lives of rows take.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Renewals {
    announced: Option<Box<Newcomer>>,
    pub(super) kept: BTreeMap<Slot, Renewal>,
}

/// What a machine knows of a spec that is to take the place of another one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Renewal {
    pub(super) traits: Traits,
    pub(super) plan: Option<Plan>,
    pub(super) needs: Vec<Slot>,
    /// Whom the row needed before, if it waits for those of this spec by now.
    pub(super) before: Option<Vec<Slot>>,
    /// The call that waits for its first life, if one does.
    pub(super) asked: Option<Request>,
}

impl Renewals {
    /// There is more to say of the spec that the next call brings than its traits.
    pub(super) fn announce(&mut self, newcomer: Newcomer) {
        self.announced = Some(Box::new(newcomer));
    }

    /// A row goes.
    pub(super) fn forget(&mut self, slot: Slot) {
        if self.kept.is_empty() {
            return;
        }
        self.kept.remove(&slot);
        for renewal in self.kept.values_mut() {
            renewal.needs.retain(|&need| need != slot);
            if let Some(before) = &mut renewal.before {
                before.retain(|&need| need != slot);
            }
        }
    }

    /// What was announced of the spec that is brought for that row.
    pub(super) fn take_announced(&mut self, slot: Slot) -> (Option<Plan>, Vec<Slot>) {
        match self.announced.take() {
            Some(newcomer) if newcomer.slot == slot => (newcomer.plan, newcomer.needs),
            Some(_) | None => (None, Vec::new()),
        }
    }
}

#[cfg(test)]
impl Renewals {
    /// Whom the kept spec of that row names, and whom the row needed before it waited for those.
    pub(super) fn needs(&self, slot: Slot) -> Vec<Slot> {
        let renewal = self.kept.get(&slot);
        let needs =
            renewal.map(|renewal| renewal.needs.iter().chain(renewal.before.iter().flatten()));
        needs.into_iter().flatten().copied().collect()
    }
}
