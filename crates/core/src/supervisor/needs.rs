//! Who waits for siblings that it needs: none is started before they are ready, but those that are restarted alone.

use std::collections::BTreeSet;
use std::time::Duration;

use super::convoy::{Members, Phase};
use super::machine::Machine;
use super::protocol::{Action, Answer, Cause, Refusal, Slot};
use super::slot::{Held, State, Wish};
use crate::restart::DelayCause;

/// How far the rows are that a row needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Needs {
    /// All are ready.
    Met,
    /// One of them is down, and nobody is about to start it.
    Unmet,
    /// One of them starts or stops, or is about to.
    Open,
}

impl Machine {
    /// How far those are that the row needs.
    pub(super) fn needs_of(&self, slot: Slot) -> Needs {
        let Some(lanes) = &self.lanes else {
            return Needs::Met;
        };
        self.all_of(lanes.graph.needs(slot))
    }

    /// How far these rows are for who needs them.
    pub(super) fn all_of(&self, needs: &[Slot]) -> Needs {
        let all = needs.iter().map(|&need| self.as_need(need)).max();
        all.unwrap_or(Needs::Met)
    }

    /// What this row is to those that need it. One that declined to start, that is paused, or that has ended and is
    /// not to be restarted, keeps nobody from starting.
    fn as_need(&self, slot: Slot) -> Needs {
        match self.state(slot) {
            // About to be stopped with its group.
            Some(State::Running(_)) if self.is_to_be_cleared(slot) => Needs::Open,
            None | Some(State::Running(_) | State::Paused) => Needs::Met,
            // Its group is about to start it again.
            Some(State::Idle) if self.is_due(slot) => Needs::Open,
            Some(State::Idle) if self.row(slot).is_done => Needs::Met,
            Some(State::Idle | State::Retrying | State::Delayed(_)) => Needs::Unmet,
            Some(State::Due(_) | State::Starting(..) | State::Stopping(..)) => Needs::Open,
        }
    }

    /// A row has its turn to be started with its group: it is, or waits for those that it needs.
    pub(super) fn start_or_wait(&mut self, slot: Slot, cause: Cause, actions: &mut Vec<Action>) {
        // Those of the spec that it gets by this start.
        self.take_needs(&[slot]);
        if self.needs_of(slot) == Needs::Met {
            return self.start(slot, cause, actions);
        }
        let refused = Answer::Refused(Refusal::DependencyDown);
        self.waiting.answer(slot, Wish::Up, refused, actions);
        if cause == Cause::Add {
            // The call that brought it has failed, so it leaves no row.
            return self.remove(slot, actions);
        }
        // Its group has been started: it alone waits.
        self.missed.remove(&slot);
        self.set(slot, State::Delayed(Held::Needy));
        let wait = Action::Delay(slot, DelayCause::Dependency, Duration::MAX);
        actions.push(wait);
    }

    /// A child is down as it has nothing more to do: who needs it need not wait for it.
    pub(super) fn be_done(&mut self, slot: Slot) {
        if self.rows.be_done(slot) {
            self.stir(slot);
        }
    }

    /// Those that wait for this row are to be looked at.
    pub(super) fn stir(&mut self, slot: Slot) {
        let Some(lanes) = &mut self.lanes else {
            return;
        };
        if lanes.needy > 0 {
            let rows = &self.rows;
            let waits = |by: &&Slot| rows.state(**by) == Some(State::Delayed(Held::Needy));
            let needed_by = lanes.graph.needed_by(slot).iter();
            lanes.stirred.extend(needed_by.filter(waits));
        }
    }

    /// It has come to need others, and is to be looked at itself.
    pub(super) fn stir_itself(&mut self, slot: Slot) {
        if let Some(lanes) = &mut self.lanes {
            lanes.stirred.push(slot);
        }
    }

    /// Starts those that were stirred and wait for nobody any more; whether there are any.
    #[inline]
    pub(super) fn rouse(&mut self) -> bool {
        // Each step asks, and mostly there are none.
        let is_any = self
            .lanes
            .as_ref()
            .is_some_and(|lanes| !lanes.stirred.is_empty());
        is_any && self.rouse_stirred()
    }

    fn rouse_stirred(&mut self) -> bool {
        if self.is_ending() || !self.goes_in_convoy() {
            return false;
        }
        let Some(lanes) = &mut self.lanes else {
            return false;
        };
        let mut ready = BTreeSet::new();
        for slot in std::mem::take(&mut lanes.stirred) {
            let waits = self.state(slot) == Some(State::Delayed(Held::Needy));
            if waits && self.needs_of(slot) == Needs::Met {
                self.set(slot, State::Due(Cause::Restart));
                ready.insert(slot);
            }
        }
        let is_any = !ready.is_empty();
        if is_any {
            self.raise_these(Members::These(ready));
        }
        is_any
    }

    /// Whether the row has to wait for one that needs it, or that it needs.
    pub(super) fn is_blocked(&self, slot: Slot) -> bool {
        let Some(lanes) = &self.lanes else {
            return false;
        };
        match self.convoy.phase {
            Phase::Raise => self.needs_of(slot) == Needs::Open,
            Phase::Clear | Phase::End | Phase::Rest => {
                let mut others = lanes.graph.needed_by(slot).iter();
                others.any(|&other| self.convoy.open.contains(other))
            }
        }
    }
}
