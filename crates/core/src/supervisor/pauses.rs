//! How a call puts a child to rest, and another one wakes it.

use super::machine::Machine;
use super::needs::Needs;
use super::protocol::{Action, Answer, Cause, Refusal, Request, Slot};
use super::slot::{State, Then, Wish};

impl Machine {
    /// A call of pause_child: the row keeps its place, and nothing but a call starts its child.
    pub(super) fn pause(&mut self, request: Request, slot: Slot, actions: &mut Vec<Action>) {
        if self.is_ending() {
            return self.refuse(request, Refusal::ShuttingDown, actions);
        }
        self.hold(slot);
        self.part_from_group(slot);
        match self.row(slot).state {
            State::Idle | State::Due(_) | State::Retrying | State::Delayed(_) => {
                self.waiting
                    .answer(slot, Wish::Up, Answer::Cancelled, actions);
                self.rest(slot, actions);
                return actions.push(Action::Answer(request, Answer::Done));
            }
            State::Paused => return actions.push(Action::Answer(request, Answer::Done)),
            State::Starting(..) | State::Running(_) => {
                self.tell_to_end(slot, Then::Pause, actions);
            }
            State::Stopping(_, force) => self.set(slot, State::Stopping(Then::Pause, force)),
        }
        self.waiting.push(slot, request, Wish::Down);
    }

    /// A call of resume_child.
    pub(super) fn resume(&mut self, request: Request, slot: Slot, actions: &mut Vec<Action>) {
        let refusal = match self.why_not(slot) {
            Some(Refusal::Paused) if self.needs_of(slot) == Needs::Met => None,
            Some(Refusal::Paused) => Some(Refusal::DependencyDown),
            Some(other) => Some(other),
            None => Some(Refusal::NotPaused),
        };
        if let Some(refusal) = refusal {
            return self.refuse(request, refusal, actions);
        }
        // If it cannot start, its group must not try it again this time.
        self.hold(slot);
        self.waiting.push(slot, request, Wish::Up);
        self.start(slot, Cause::Resume, actions);
    }

    /// Nothing of the child runs or waits any more.
    pub(super) fn rest(&mut self, slot: Slot, actions: &mut Vec<Action>) {
        self.set(slot, State::Paused);
        actions.push(Action::Paused(slot));
        // It has no life that would still need the old one.
        self.renew(slot, actions);
    }
}
