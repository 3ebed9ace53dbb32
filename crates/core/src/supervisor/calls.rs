//! What the management calls ask of the machine; OTP's rules 32 to 38.

use super::machine::Machine;
use super::needs::Needs;
use super::protocol::{Action, Answer, Cause, Newcomer, Refusal, Request, Slot, Traits};
use super::slot::{State, Then, Wish};
use crate::clock::Moment;

impl Machine {
    pub(super) fn add(
        &mut self,
        request: Request,
        slot: Slot,
        traits: Traits,
        actions: &mut Vec<Action>,
    ) {
        if self.is_ending() {
            self.refuse(request, Refusal::ShuttingDown, actions);
            self.forget(slot);
            return actions.push(Action::Remove(slot));
        }
        if self.needs_of(slot) != Needs::Met {
            self.refuse(request, Refusal::DependencyDown, actions);
            self.forget(slot);
            return actions.push(Action::Remove(slot));
        }
        self.rows.append(slot, traits);
        self.hold(slot);
        self.waiting.push(slot, request, Wish::Up);
        self.start(slot, Cause::Add, actions);
    }

    /// There is more to say of a spec than its traits.
    pub(super) fn lay_out(&mut self, newcomer: Newcomer) {
        if newcomer.renews {
            return self.renewals.announce(newcomer);
        }
        let Newcomer {
            slot, plan, needs, ..
        } = newcomer;
        if let Some(plan) = plan {
            self.paces.plan(slot, plan);
        }
        if !needs.is_empty() {
            let lanes = self.lanes.get_or_insert_default();
            lanes.graph.add(slot, needs);
        }
    }

    pub(super) fn add_known(&self, request: Request, slot: Slot, actions: &mut Vec<Action>) {
        let refusal = if self.is_ending() {
            Refusal::ShuttingDown
        } else {
            self.row(slot).state.known()
        };
        self.refuse(request, refusal, actions);
    }

    pub(super) fn terminate(&mut self, request: Request, slot: Slot, actions: &mut Vec<Action>) {
        let then = self.row(slot).when_terminated();
        self.take_down(request, slot, then, actions);
    }

    /// Nobody wants the child any more: in one go, so that no restart of its group comes between its end and its row's.
    pub(super) fn discard(&mut self, request: Request, slot: Slot, actions: &mut Vec<Action>) {
        if self.is_ending() {
            return self.refuse(request, Refusal::ShuttingDown, actions);
        }
        self.take_down(request, slot, Then::Remove, actions);
    }

    /// Ends the child for good, and its row if that is to go with it.
    fn take_down(&mut self, request: Request, slot: Slot, then: Then, actions: &mut Vec<Action>) {
        self.hold(slot);
        self.part_from_group(slot);
        match self.row(slot).state {
            State::Idle | State::Due(_) | State::Retrying | State::Delayed(_) | State::Paused => {
                self.waiting
                    .answer(slot, Wish::Up, Answer::Cancelled, actions);
                actions.push(Action::Answer(request, Answer::Done));
                if then == Then::Remove {
                    return self.remove(slot, actions);
                }
                return self.set(slot, State::Idle);
            }
            State::Starting(..) | State::Running(_) => self.tell_to_end(slot, then, actions),
            // Who has asked for the end of the row is told that it is gone.
            State::Stopping(Then::Remove, _) => (),
            State::Stopping(_, force) => self.set(slot, State::Stopping(then, force)),
        }
        self.waiting.push(slot, request, Wish::Down);
    }

    pub(super) fn restart_by_call(
        &mut self,
        now: Moment,
        request: Request,
        slot: Slot,
        actions: &mut Vec<Action>,
    ) {
        let is_delayed = matches!(self.row(slot).state, State::Delayed(_));
        let is_waiting = is_delayed && !self.is_ending() && !self.is_ahead(slot);
        let refusal = match self.why_not(slot) {
            Some(refusal) if !is_waiting => Some(refusal),
            _ => (self.needs_of_next(slot) != Needs::Met).then_some(Refusal::DependencyDown),
        };
        if let Some(refusal) = refusal {
            return self.refuse(request, refusal, actions);
        }
        self.waiting.push(slot, request, Wish::Up);
        if is_waiting {
            // Who asks for it does not want to wait for it.
            self.begin_restart(now, slot, actions);
        } else {
            self.start(slot, Cause::Call, actions);
        }
    }

    pub(super) fn delete(&mut self, request: Request, slot: Slot, actions: &mut Vec<Action>) {
        match self.why_not(slot) {
            Some(Refusal::Paused) | None => {
                actions.push(Action::Answer(request, Answer::Done));
                self.remove(slot, actions);
            }
            Some(refusal) => self.refuse(request, refusal, actions),
        }
    }

    /// A row is not tried again: its group goes on without it, if it is down since a start of it has failed.
    pub(super) fn part_from_group(&mut self, slot: Slot) {
        let left = self.missed.remove(&slot);
        let waits = matches!(self.row(slot).state, State::Retrying | State::Delayed(_));
        if let Some(left) = left.filter(|_| waits && !self.settings.semantics.deserted_groups) {
            self.go_on_without(slot, left);
        }
    }

    /// From now on the row's group, if it is being restarted, passes it over.
    pub(super) fn hold(&mut self, slot: Slot) {
        if self.is_ahead(slot) {
            self.held.insert(slot);
        }
    }

    /// Why a row cannot be restarted or deleted by a call.
    pub(super) fn why_not(&self, slot: Slot) -> Option<Refusal> {
        if self.is_ending() {
            return Some(Refusal::ShuttingDown);
        }
        let due = self.is_due(slot).then_some(Refusal::Restarting);
        self.row(slot).state.refusal().or(due)
    }

    pub(super) fn refuse(&self, request: Request, refusal: Refusal, actions: &mut Vec<Action>) {
        actions.push(Action::Answer(request, Answer::Refused(refusal)));
    }
}
