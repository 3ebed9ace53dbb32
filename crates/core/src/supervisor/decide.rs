//! What a driver knows of a machine, and how that of a spec list says it.

use super::machine::Machine;
use super::protocol::{Action, Input, Newcomer, Slot};
use super::slot::State;
use crate::clock::Moment;

/// What all machines of supervisors have in common.
pub(crate) trait Decide {
    /// Takes in one input and appends what is to be done about it.
    fn step(&mut self, now: Moment, input: Input, actions: &mut Vec<Action>);

    /// A row is there or about to be added of which there is more to say than its traits.
    fn introduce(&mut self, newcomer: Newcomer);

    /// Whether `input` may be told now; what must wait is to be told later, in the same order.
    fn attends(&self, input: &Input) -> bool;

    /// Whether what the user says to an end of that child counts; if not, nobody is asked.
    fn heeds(&self, slot: Slot) -> bool;

    /// Who is restarted with that child as they need it; `None` where the order of the list decides.
    fn dependents(&self, _slot: Slot) -> Option<Vec<Slot>> {
        None
    }

    /// Whether that child is about to be restarted with its group, which is being stopped.
    fn is_being_cleared(&self, _slot: Slot) -> bool {
        false
    }

    /// How far the child of that row is; `None` if there is no such row.
    fn state(&self, slot: Slot) -> Option<State>;
}

impl Decide for Machine {
    fn step(&mut self, now: Moment, input: Input, actions: &mut Vec<Action>) {
        Machine::step(self, now, input, actions);
    }

    fn introduce(&mut self, newcomer: Newcomer) {
        self.lay_out(newcomer);
    }

    fn attends(&self, input: &Input) -> bool {
        Machine::attends(self, input)
    }

    fn heeds(&self, slot: Slot) -> bool {
        Machine::heeds(self, slot)
    }

    fn dependents(&self, slot: Slot) -> Option<Vec<Slot>> {
        let graph = self.lanes.as_ref().map(|lanes| &lanes.graph);
        let graph = graph.filter(|graph| !graph.is_empty())?;
        Some(graph.dependents(slot).into_iter().collect())
    }

    fn is_being_cleared(&self, slot: Slot) -> bool {
        Machine::is_being_cleared(self, slot)
    }

    fn state(&self, slot: Slot) -> Option<State> {
        Machine::state(self, slot)
    }
}
