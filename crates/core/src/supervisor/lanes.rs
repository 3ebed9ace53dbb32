//! How a group of children is stopped and started side by side, or by who depends on whom.
//!
//! Beside the way of `group`, which takes one child after the other and needs no lists: this one keeps
//! the rows that it waits for, and looks at the neighbors of each that it need not wait for any more.

use std::collections::{BTreeMap, BTreeSet};

use super::convoy::{Convoy, Members, Open, Phase, Place};
use super::machine::{Goal, Machine};
use super::protocol::{Action, Cause, Slot};
use super::ranked::Rank;
use super::slot::{Held, State};
use super::strategy::{StartMode, StopMode, Strategy};
use crate::clock::Moment;

impl Machine {
    /// Starts all children for the first time.
    pub(super) fn raise_all(&mut self) {
        self.goal = Goal::Convoy;
        self.convoy.members = Members::All;
        self.open(Phase::Raise);
    }

    /// A group that is being started in line goes on by lanes, as one of it has come to need another one by a new spec: those
    /// that have yet to come are to stop in that order already.
    pub(super) fn leave_line(&mut self) {
        let has_needs = self
            .lanes
            .as_ref()
            .is_some_and(|lanes| !lanes.graph.is_empty());
        if let Goal::Raise { busy, next } = self.goal
            && has_needs
        {
            let first = busy.or(next);
            let rest = std::iter::successors(first, |&slot| self.rows.after(slot)).collect();
            self.convoy.members = Members::These(rest);
            self.goal = Goal::Convoy;
            self.left.clear();
        }
    }

    /// Begins to restart the group of `slot`, which failed.
    pub(super) fn restart_group(&mut self, slot: Slot, now: Moment) {
        if self.is_ending() {
            return;
        }
        self.set(slot, State::Due(Cause::Restart));
        let mut group = self.group_of(slot);
        if self.convoy.phase == Phase::Raise {
            // Those that are up by now have come through, and starts that the failure has nothing to do with go on.
            let is_coming = |slot: &Slot| self.state(*slot).is_some_and(State::is_coming_up);
            let (spared, due) = self.convoy.open.slots().partition(is_coming);
            self.convoy.spared = spared;
            self.convoy.members = Members::These(due);
        }
        if let Some(left) = self.missed.get(&slot) {
            // Who needs whom may have changed since they were left down.
            let is_down = |slot: &&Slot| self.state(**slot) == Some(State::Idle);
            group.join(Members::These(
                left.iter().filter(is_down).copied().collect(),
            ));
        }
        self.convoy.spared.retain(|&slot| !group.contains(slot));
        self.convoy.members.join(group);
        self.goal = Goal::Convoy;
        self.bearing.window.stop_clock(now);
        self.open(Phase::Clear);
    }

    /// Starts the group of a row and `left` without the row itself, as far as they are down.
    pub(super) fn raise_without(&mut self, slot: Slot, left: BTreeSet<Slot>) {
        let mut group = self.group_of(slot);
        group.join(Members::These(left));
        self.held.insert(slot);
        self.raise_these(group);
    }

    /// Starts these rows, as far as they are down: with the group that is under way, if there is one.
    pub(super) fn raise_these(&mut self, group: Members) {
        match self.convoy.phase {
            Phase::Rest => {
                self.convoy.members = group;
                self.goal = Goal::Convoy;
                self.open(Phase::Raise);
            }
            // They are raised with the group that is under way.
            Phase::Clear => self.convoy.members.join(group),
            Phase::Raise => self.take_along(group),
            Phase::End => (),
        }
    }

    /// These rows are raised with the group that is under way, as far as they are down.
    fn take_along(&mut self, group: Members) {
        let group: Vec<Slot> = match group {
            Members::All => self.rows.all(),
            Members::These(slots) => slots.into_iter().collect(),
        };
        self.take_needs(&group);
        for slot in group {
            let state = self.state(slot);
            if state == Some(State::Idle) && !self.held.contains(&slot) {
                self.set(slot, State::Due(Cause::Restart));
            }
            let is_due = self.state(slot).is_some_and(State::is_due);
            if is_due && !self.convoy.open.contains(slot) {
                self.convoy.open.insert(slot);
                if self.goes_in_turns(Phase::Raise) {
                    let place = self.place_in(Phase::Raise, slot);
                    self.convoy.turns.insert(place, slot);
                } else {
                    self.convoy.fresh.push(slot);
                }
            }
        }
        // Its list is made anew.
        self.convoy.level = None;
    }

    /// The start of a row has failed: those of its group that wait for theirs stay down, and all others go on.
    pub(super) fn leave_behind(&mut self, slot: Slot, actions: &mut Vec<Action>) -> BTreeSet<Slot> {
        let graph = self.lanes.as_ref().map(|lanes| &lanes.graph);
        let waits_by_needs = match self.settings.strategy {
            Strategy::OneForOne => true,
            Strategy::OneForAll => false,
            Strategy::RestForOne => graph.is_some_and(|graph| !graph.is_empty()),
        };
        // Many may fail side by side, and the group is listed for none of them in vain.
        let mut left = BTreeSet::new();
        if waits_by_needs || self.rows.last_due().is_none() {
            return left;
        }
        let group: Vec<Slot> = match self.group_of(slot) {
            Members::All => self.convoy.open.slots().collect(),
            Members::These(slots) => slots.into_iter().collect(),
        };
        for slot in group.into_iter().rev() {
            let is_due = self.state(slot).is_some_and(State::is_due);
            if is_due {
                left.extend(self.leave(slot, actions));
                self.convoy.members.leave(slot);
            }
        }
        left
    }

    /// Stops all children for good.
    pub(super) fn end_all(&mut self) {
        self.convoy = Convoy::default();
        if self.lanes.is_some() {
            self.open(Phase::End);
        }
    }

    /// A row has come to that state.
    pub(super) fn note(&mut self, slot: Slot, was: State, state: State) {
        if let Some(lanes) = &mut self.lanes {
            lanes.needy += usize::from(state == State::Delayed(Held::Needy));
            lanes.needy -= usize::from(was == State::Delayed(Held::Needy));
        }
        if let State::Running(_) | State::Paused = state {
            self.stir(slot);
        }
        if self.convoy.note(slot, state) && !self.convoy.turns.is_empty() {
            let place = self.place_in(self.convoy.phase, slot);
            self.convoy.turns.remove(&place);
        }
    }

    /// A row is about to be removed: whoever waits for it waits no more.
    pub(super) fn leave_convoy(&mut self, slot: Slot) {
        self.convoy.members.leave(slot);
        if self.convoy.fresh.contains(&slot) {
            self.convoy.fresh.retain(|&other| other != slot);
            self.look_beside(slot);
        }
    }

    /// No group is under way any more.
    pub(super) fn dissolve(&mut self) {
        self.convoy = Convoy::default();
        self.held.clear();
    }

    /// Does what may be done next; whether all is done.
    pub(super) fn advance(&mut self, now: Moment, actions: &mut Vec<Action>) -> bool {
        loop {
            while let Some(slot) = self.next_turn() {
                self.have_turn(slot, actions);
            }
            if self.convoy.open.count > 0 {
                return false;
            }
            match self.convoy.phase {
                Phase::Clear => {
                    self.bearing.window.go_on(now);
                    self.open(Phase::Raise);
                }
                Phase::Raise => {
                    self.dissolve();
                    self.goal = Goal::Run;
                    if std::mem::take(&mut self.booting) {
                        actions.push(Action::Up);
                    }
                    return true;
                }
                Phase::Rest | Phase::End => return true,
            }
        }
    }

    /// The rows that are restarted with this one.
    fn group_of(&self, slot: Slot) -> Members {
        let graph = self.lanes.as_ref().map(|lanes| &lanes.graph);
        match (self.settings.strategy, graph) {
            (Strategy::OneForAll, _) => Members::All,
            (Strategy::RestForOne, Some(graph)) if !graph.is_empty() => {
                Members::These(graph.dependents(slot))
            }
            (Strategy::OneForOne | Strategy::RestForOne, _) => {
                let behind = std::iter::successors(Some(slot), |&slot| self.rows.after(slot));
                Members::These(behind.collect())
            }
        }
    }

    /// Lists the rows that this phase has to do with.
    fn open(&mut self, phase: Phase) {
        self.convoy.phase = Phase::Rest;
        let slots = match &self.convoy.members {
            Members::These(slots) if phase == Phase::Raise => {
                slots.union(&self.convoy.spared).copied().collect()
            }
            Members::These(slots) if phase != Phase::End => slots.iter().copied().collect(),
            _ => self.rows.all(),
        };
        if phase == Phase::Raise {
            self.take_needs(&slots);
        }
        let (mut open, mut turns, mut fresh) = (Open::default(), BTreeMap::new(), Vec::new());
        let in_turns = self.goes_in_turns(phase);
        for slot in slots {
            let Some(state) = self.state(slot) else {
                continue;
            };
            let is_held = phase == Phase::Raise && self.held.remove(&slot);
            let waits = match phase {
                Phase::Raise if state == State::Idle && !is_held => {
                    self.set(slot, State::Due(Cause::Restart));
                    true
                }
                Phase::Raise => state.is_due() || self.convoy.spared.contains(&slot),
                Phase::Clear | Phase::End => state.is_live(),
                Phase::Rest => false,
            };
            if !waits {
                continue;
            }
            open.insert(slot);
            if in_turns {
                turns.insert(self.place_in(phase, slot), slot);
            } else {
                fresh.push(slot);
            }
        }
        // The last of the list is looked at first: starts go forward, stops backward.
        if phase == Phase::Raise {
            fresh.reverse();
        }
        let convoy = &mut self.convoy;
        convoy.queue.clear();
        (convoy.level, convoy.stray) = (None, None);
        if phase == Phase::Raise {
            // Where one goes after the other, there is one at most.
            convoy.stray = std::mem::take(&mut convoy.spared).pop_first();
        }
        (convoy.open, convoy.turns, convoy.fresh) = (open, turns, fresh);
        convoy.phase = phase;
    }

    /// Whether rows or levels of rows wait for those before them, whoever depends on whom.
    fn goes_in_turns(&self, phase: Phase) -> bool {
        let Some(lanes) = &self.lanes else {
            return true;
        };
        match phase {
            Phase::Raise => lanes.start != StartMode::Concurrent,
            Phase::Clear | Phase::End | Phase::Rest => lanes.stop != StopMode::Concurrent,
        }
    }

    /// The next row that may have its turn.
    fn next_turn(&mut self) -> Option<Slot> {
        let phase = self.convoy.phase;
        if self.goes_in_turns(phase) {
            return self.next_in_turn(phase == Phase::Raise);
        }
        while let Some(slot) = self.convoy.fresh.pop() {
            if self.convoy.open.contains(slot) {
                if self.awaits_turn(slot) && !self.is_blocked(slot) {
                    return Some(slot);
                }
                continue;
            }
            self.look_beside(slot);
        }
        None
    }

    /// A row is out of the way of those that it needs, or that need it: they may have their turn.
    fn look_beside(&mut self, slot: Slot) {
        let Some(lanes) = &self.lanes else {
            return;
        };
        let beside = match self.convoy.phase {
            Phase::Raise => lanes.graph.needed_by(slot),
            Phase::Clear | Phase::End | Phase::Rest => lanes.graph.needs(slot),
        };
        let is_open = |slot: &&Slot| self.convoy.open.contains(**slot);
        let open: Vec<Slot> = beside.iter().filter(is_open).copied().collect();
        self.convoy.fresh.extend(open);
    }

    /// The next row of the foremost level, or the foremost row where one goes after the other.
    fn next_in_turn(&mut self, forward: bool) -> Option<Slot> {
        self.convoy.fresh.clear();
        if !self.goes_by_levels(forward) {
            return self.next_in_line(forward);
        }
        let foremost = if forward {
            self.convoy.turns.first_key_value()
        } else {
            self.convoy.turns.last_key_value()
        };
        let (&(level, _), _) = foremost?;
        if self.convoy.level != Some(level) {
            self.convoy.level = Some(level);
            let level = self.convoy.turns.range((level, 0)..=(level, Rank::MAX));
            let mut slots: Vec<Slot> = level.map(|(_, &slot)| slot).collect();
            if forward {
                slots.reverse();
            }
            self.convoy.queue = slots;
        }
        while let Some(slot) = self.convoy.queue.pop() {
            if self.may_have_turn(slot) {
                return Some(slot);
            }
        }
        None
    }

    /// Whether something can be done about the row now.
    fn may_have_turn(&self, slot: Slot) -> bool {
        let is_start = self.convoy.phase == Phase::Raise;
        self.awaits_turn(slot) && !(is_start && self.is_blocked(slot))
    }

    /// The foremost row that waits for nobody, unless another one has its turn. Each stands behind those that it needs, so
    /// this is the first one, but where a new spec names somebody behind it.
    fn next_in_line(&mut self, forward: bool) -> Option<Slot> {
        let has_turn = |slot| self.convoy.open.contains(slot) && !self.awaits_turn(slot);
        if self.convoy.stray.is_some_and(has_turn) {
            return None;
        }
        let (mut first, mut last) = (self.convoy.turns.values(), self.convoy.turns.values().rev());
        let mut next = || if forward { first.next() } else { last.next() };
        let mut is_foremost = true;
        while let Some(&slot) = next() {
            if !self.awaits_turn(slot) {
                return None;
            }
            if !self.is_blocked(slot) {
                self.convoy.stray = (!is_foremost).then_some(slot);
                return Some(slot);
            }
            if !self.waits_in_line(slot) {
                return None;
            }
            is_foremost = false;
        }
        None
    }

    /// Whether the row waits for one that is to have its turn too.
    fn waits_in_line(&self, slot: Slot) -> bool {
        let Some(lanes) = &self.lanes else {
            return false;
        };
        let others = match self.convoy.phase {
            Phase::Raise => lanes.graph.needs(slot),
            Phase::Clear | Phase::End | Phase::Rest => lanes.graph.needed_by(slot),
        };
        let mut others = others.iter();
        others.any(|&other| self.convoy.open.contains(other))
    }

    /// Who needs whom has changed for this row: what a group that is under way knows of it is made anew.
    pub(super) fn look_again(&mut self, slot: Slot, before: Vec<Slot>) {
        let phase = self.convoy.phase;
        if phase == Phase::Rest {
            return;
        }
        if self.goes_in_turns(phase) {
            let open: Vec<Slot> = self.convoy.open.slots().collect();
            let turns = open
                .into_iter()
                .map(|slot| (self.place_in(phase, slot), slot));
            self.convoy.turns = turns.collect();
            self.convoy.level = None;
        } else {
            self.convoy.fresh.extend(before);
            self.convoy.fresh.push(slot);
        }
    }

    fn goes_by_levels(&self, forward: bool) -> bool {
        self.lanes.as_ref().is_some_and(|lanes| {
            if forward {
                lanes.start == StartMode::Waves
            } else {
                lanes.stop == StopMode::Waves
            }
        })
    }

    /// Whether something is still to be done about the row.
    fn awaits_turn(&self, slot: Slot) -> bool {
        let Some(state) = self.state(slot) else {
            return false;
        };
        match self.convoy.phase {
            Phase::Raise => state.is_due(),
            Phase::Clear | Phase::End => state.is_live() && !matches!(state, State::Stopping(..)),
            Phase::Rest => false,
        }
    }

    fn have_turn(&mut self, slot: Slot, actions: &mut Vec<Action>) {
        match self.row(slot).state {
            State::Due(cause) if self.convoy.phase == Phase::Raise => {
                self.start_or_wait(slot, cause, actions);
            }
            _ => {
                self.bring_down(slot, actions);
            }
        }
    }

    /// Where the row stands among those of a group in that phase.
    fn place_in(&self, phase: Phase, slot: Slot) -> Place {
        let rank = self.row(slot).rank;
        match &self.lanes {
            Some(lanes) if self.goes_by_levels(phase == Phase::Raise) => {
                (lanes.graph.level(slot), rank)
            }
            _ => (0, rank),
        }
    }
}

#[cfg(test)]
impl Machine {
    /// Whether a group is being stopped.
    pub(super) fn is_clearing(&self) -> bool {
        matches!(self.goal, Goal::Clear { .. }) || self.convoy.phase == Phase::Clear
    }

    /// Whether a group is being started.
    pub(super) fn is_lifting(&self) -> bool {
        matches!(self.goal, Goal::Raise { .. }) || self.convoy.phase == Phase::Raise
    }
}
