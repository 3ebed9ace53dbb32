//! How a child gets a new spec while its supervisor runs.

use super::kept::Renewal;
use super::machine::Machine;
use super::needs::Needs;
use super::protocol::{Action, Answer, Cause, Refusal, Request, Slot, Traits};
use super::slot::{Held, State, Then, Wish};
use super::strategy::Strategy;
use crate::child::Replace;
use crate::clock::Moment;

impl Machine {
    /// A call of replace_child.
    pub(super) fn replace(
        &mut self,
        now: Moment,
        request: Request,
        (slot, traits, when): (Slot, Traits, Replace),
        actions: &mut Vec<Action>,
    ) {
        let (plan, needs) = self.renewals.take_announced(slot);
        if let Some(refusal) = self.why_not_replaced(slot, &needs, when) {
            return self.refuse(request, refusal, actions);
        }
        if !needs.is_empty() {
            // From now on groups go by lanes, so that the one that takes the new spec minds them.
            self.lanes.get_or_insert_default();
        }
        if let Some(earlier) = self.renewals.kept.remove(&slot) {
            // It never comes to run; who waits for the row for another reason goes on to.
            if let Some(asked) = earlier.asked {
                self.waiting
                    .answer_one(slot, asked, Answer::Cancelled, actions);
            }
            if let Some(before) = earlier.before {
                self.link(slot, before);
            }
        }
        let renewal = Renewal {
            traits,
            plan,
            needs,
            before: None,
            asked: (when == Replace::Now).then_some(request),
        };
        self.renewals.kept.insert(slot, renewal);
        actions.push(Action::Keep(slot));
        match self.row(slot).state {
            State::Due(_) if self.convoy.raises(slot) => self.take_needs(&[slot]),
            State::Delayed(Held::Needy) => {
                self.take_needs(&[slot]);
                self.stir_itself(slot);
            }
            _ => (),
        }
        match when {
            Replace::Now => self.replace_now(now, request, slot, actions),
            Replace::AtNextRestart => {
                if self.row(slot).state == State::Paused {
                    self.renew(slot, actions);
                }
                actions.push(Action::Answer(request, Answer::Done));
            }
        }
    }

    fn why_not_replaced(&self, slot: Slot, needs: &[Slot], when: Replace) -> Option<Refusal> {
        if self.is_ending() {
            return Some(Refusal::ShuttingDown);
        }
        let is_alone = match self.row(slot).state {
            State::Paused | State::Due(_) | State::Stopping(Then::Pause | Then::Due(_), _) => false,
            // Its group may have yet to come to it, and pass it over.
            State::Idle => when == Replace::Now && !self.is_due(slot),
            _ => when == Replace::Now && !self.is_ahead(slot),
        };
        (is_alone && self.all_of(needs) != Needs::Met).then_some(Refusal::DependencyDown)
    }

    fn replace_now(
        &mut self,
        now: Moment,
        request: Request,
        slot: Slot,
        actions: &mut Vec<Action>,
    ) {
        match self.row(slot).state {
            State::Paused => {
                self.renew(slot, actions);
                return actions.push(Action::Answer(request, Answer::Done));
            }
            State::Stopping(Then::Pause, _) => {
                return self.waiting.push(slot, request, Wish::Down);
            }
            // It goes along with its group.
            State::Due(_) | State::Stopping(Then::Due(_), _) => (),
            State::Idle if self.is_due(slot) => self.set(slot, State::Due(Cause::Restart)),
            State::Retrying | State::Delayed(_) if self.is_ahead(slot) => {
                self.set(slot, State::Due(Cause::Restart));
            }
            State::Idle => {
                // If it cannot start, its group must not try it again this time.
                self.hold(slot);
                self.waiting.push(slot, request, Wish::Up);
                return self.start(slot, Cause::Replace, actions);
            }
            State::Retrying | State::Delayed(_) => {
                self.waiting.push(slot, request, Wish::Up);
                let is_alone = self.settings.strategy == Strategy::OneForOne
                    || self.row(slot).state == State::Delayed(Held::Needy);
                return if is_alone {
                    self.start(slot, Cause::Replace, actions);
                } else {
                    // What its failure is to bring about is still to come.
                    self.begin_restart(now, slot, actions);
                };
            }
            State::Starting(..) | State::Running(_) => {
                self.waiting
                    .answer(slot, Wish::Up, Answer::Cancelled, actions);
                self.tell_to_end(slot, Then::Replace, actions);
            }
            State::Stopping(_, force) => self.set(slot, State::Stopping(Then::Replace, force)),
        }
        self.waiting.push(slot, request, Wish::Up);
    }

    /// If there is a new spec for the row, its next life is of that one.
    pub(super) fn renew(&mut self, slot: Slot, actions: &mut Vec<Action>) {
        let Some(renewal) = self.renewals.kept.remove(&slot) else {
            return;
        };
        self.rows.renew(slot, renewal.traits);
        self.paces.replan(slot, renewal.plan);
        self.link(slot, renewal.needs);
        actions.push(Action::Renew(slot));
    }

    /// How far those are that the next life of the row needs.
    pub(super) fn needs_of_next(&self, slot: Slot) -> Needs {
        match self.renewals.kept.get(&slot) {
            Some(renewal) => self.all_of(&renewal.needs),
            None => self.needs_of(slot),
        }
    }

    /// These rows have no life and are to be started: those that get a new spec by that wait for whom that one names.
    pub(super) fn take_needs(&mut self, slots: &[Slot]) {
        if self.renewals.kept.is_empty() {
            return;
        }
        for &slot in slots {
            let has_no_life = matches!(
                self.state(slot),
                Some(State::Idle | State::Due(_) | State::Delayed(_))
            );
            let renewal = self.renewals.kept.get_mut(&slot);
            let Some(renewal) = renewal.filter(|_| has_no_life) else {
                continue;
            };
            let graph = self.lanes.as_ref().map(|lanes| &lanes.graph);
            let before = graph.map_or(&[][..], |graph| graph.needs(slot));
            renewal.before.get_or_insert_with(|| before.to_vec());
            let needs = renewal.needs.clone();
            self.link(slot, needs);
        }
    }

    /// From now on the row needs these others.
    fn link(&mut self, slot: Slot, mut needs: Vec<Slot>) {
        let Some(lanes) = &mut self.lanes else {
            return;
        };
        needs.sort_unstable();
        needs.dedup();
        let before = lanes.graph.needs(slot).to_vec();
        if before != needs {
            lanes.graph.relink(slot, needs);
            self.look_again(slot, before);
        }
    }
}
