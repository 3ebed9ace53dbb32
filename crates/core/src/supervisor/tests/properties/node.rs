//! One supervisor of a tree: its machine, and a ledger of what its children do, kept beside it.

use std::sync::Arc;
use std::time::Duration;

use super::super::super::convoy::Lanes;
use super::super::super::decide::Decide;
use super::super::super::graph::Graph;
use super::super::super::machine::Machine;
use super::super::super::protocol::{Action, End, Exit, Input, Newcomer, Request, Slot};
use super::super::super::slot::State;
use super::super::super::strategy::{AutoShutdown, StartMode, StopMode};
use super::drawn::{Branch, Child};
use crate::clock::Moment;
use crate::dynamic;
use crate::restart::Intensity;

/// One life of a supervisor.
pub(super) type Id = u64;

/// A supervisor that runs.
#[derive(Clone)]
pub(super) struct Node {
    pub(super) machine: Brain,
    pub(super) branch: Arc<Branch>,
    pub(super) began: Duration,
    /// The supervisor above, and which life of which of its children this one is.
    pub(super) above: Option<(Id, Slot, u64)>,
    pub(super) rows: Vec<Option<Row>>,
    /// The rows as they start one after the other.
    pub(super) order: Vec<Slot>,
    pub(super) calls: Vec<(Request, Slot)>,
    pub(super) requests: Request,
    pub(super) up: bool,
    pub(super) is_asked: bool,
    pub(super) ending: Option<End>,
    pub(super) finished: bool,
    /// Since when it ends, and what time it has for that.
    pub(super) stop: Option<(Duration, Duration)>,
    /// When restarts were counted, by the clock that stands still while a group is stopped.
    pub(super) counted: Vec<Duration>,
    pub(super) stood_still: Duration,
    /// A new spec has changed who needs whom: the order of the list is not the whole order any more.
    pub(super) is_relinked: bool,
}

#[derive(Clone)]
pub(super) enum Brain {
    List(Box<Machine>),
    Dynamic(Box<dynamic::Machine>),
}

#[derive(Clone)]
pub(super) struct Row {
    pub(super) child: Child,
    pub(super) needs: Vec<Slot>,
    pub(super) level: u32,
    pub(super) life: Option<Life>,
    pub(super) deadline: Option<Duration>,
    /// A try that was asked for is still to come.
    pub(super) retries: u32,
    /// When its own restarts were counted.
    pub(super) counted: Vec<Duration>,
    /// The spec that a call has brought, and the one that its next life takes.
    pub(super) brought: Option<(Child, Vec<Slot>)>,
    pub(super) kept: Option<(Child, Vec<Slot>)>,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Life {
    pub(super) number: u64,
    pub(super) is_up: bool,
    /// It was asked to end, or aborted, by its supervisor.
    pub(super) is_told: bool,
    pub(super) is_aborted: bool,
    pub(super) below: Option<Id>,
    /// When it said that it gets on, if nobody has looked since.
    pub(super) progress: Option<Duration>,
    /// It has ended, and its supervisor is yet to hear of that.
    pub(super) is_gone: bool,
}

/// One step of a machine, and how things were before it.
pub(super) struct Turn {
    pub(super) now: Duration,
    pub(super) input: Input,
    pub(super) actions: Vec<Action>,
    /// By slot: the state, and the life.
    pub(super) before: Vec<(Option<State>, Option<Life>)>,
    /// The child that it is about was to be stopped with its group anyway.
    pub(super) was_cleared: bool,
    pub(super) rows: usize,
    pub(super) was_asked: bool,
    pub(super) was_ending: bool,
}

impl Node {
    pub(super) fn new(branch: &Arc<Branch>, now: Duration, above: Option<(Id, Slot, u64)>) -> Self {
        let mut node = Self {
            machine: Brain::of(branch),
            branch: Arc::clone(branch),
            began: now,
            above,
            rows: Vec::new(),
            order: Vec::new(),
            calls: Vec::new(),
            requests: 0,
            up: false,
            is_asked: false,
            ending: None,
            finished: false,
            stop: None,
            counted: Vec::new(),
            stood_still: Duration::ZERO,
            is_relinked: false,
        };
        if let Branch::List {
            children, needs, ..
        } = branch.as_ref()
        {
            let graph = Graph::new(needs.clone()).expect("there is no circle");
            node.order = graph.order();
            for (slot, child) in children.iter().enumerate() {
                let mut row = Row::new(child.clone(), graph.needs(slot).to_vec());
                row.level = graph.level(slot);
                node.rows.push(Some(row));
                if !child.plan.is_empty() {
                    node.machine.decide().introduce(Newcomer {
                        slot,
                        plan: Some(child.plan),
                        needs: Vec::new(),
                        renews: false,
                    });
                }
            }
        }
        node
    }

    /// Tells the machine, and notes in the ledger what the input says.
    pub(super) fn step(&mut self, now: Duration, input: Input) -> Turn {
        let slots = 0..self.rows.len();
        let before = slots.map(|slot| (self.state(slot), self.life(slot)));
        let mut turn = Turn {
            now,
            input,
            actions: Vec::new(),
            before: before.collect(),
            was_cleared: input.slot().is_some_and(|slot| self.is_cleared(slot)),
            rows: self.rows.iter().flatten().count(),
            was_asked: self.is_asked,
            was_ending: self.ending.is_some(),
        };
        match input {
            Input::Started(slot) => self.with_life(slot, |life| life.is_up = true),
            Input::Ignored(slot) | Input::Exited(slot, _) => self.end_life(slot),
            Input::StopRequested => self.is_asked = true,
            _ => (),
        }
        let moment = Moment(now - self.began);
        let machine = self.machine.decide();
        machine.step(moment, input, &mut turn.actions);
        turn
    }

    /// A new row, which the machine is to be told of next.
    pub(super) fn lay_out(&mut self, child: Child, needs: Vec<Slot>) -> Slot {
        let free = self.rows.iter().position(Option::is_none);
        let slot = free.unwrap_or(self.rows.len());
        if slot == self.rows.len() {
            self.rows.push(None);
        }
        if !child.plan.is_empty() || !needs.is_empty() {
            self.machine.decide().introduce(Newcomer {
                slot,
                plan: Some(child.plan).filter(|plan| !plan.is_empty()),
                needs: needs.clone(),
                renews: false,
            });
        }
        let level = |&need: &Slot| self.rows[need].as_ref().map_or(0, |row| row.level + 1);
        let level = needs.iter().map(level).max().unwrap_or(0);
        let mut row = Row::new(child, needs);
        row.level = level;
        self.rows[slot] = Some(row);
        self.order.push(slot);
        slot
    }

    /// Brings a new spec for a row, of which the machine is to be told next.
    pub(super) fn bring(&mut self, slot: Slot, child: Child, needs: Vec<Slot>) {
        if !child.plan.is_empty() || !needs.is_empty() {
            self.machine.decide().introduce(Newcomer {
                slot,
                plan: Some(child.plan).filter(|plan| !plan.is_empty()),
                needs: needs.clone(),
                renews: true,
            });
        }
        let row = self.rows[slot].as_mut().expect("it is of a row");
        row.brought = Some((child, needs));
    }

    /// The spec that was brought is kept for the next life of the row.
    pub(super) fn keep(&mut self, slot: Slot) {
        let row = self.rows[slot].as_mut().expect("it is of a row");
        let (child, needs) = row.brought.take().expect("a call has brought it");
        self.is_relinked |= needs != row.needs;
        row.kept = Some((child, needs));
    }

    /// The row has the spec that was kept for it.
    pub(super) fn renew(&mut self, slot: Slot) {
        let row = self.rows[slot].as_mut().expect("it is of a row");
        let (child, needs) = row.kept.take().expect("a spec was kept for it");
        if child.plan != row.child.plan {
            row.counted.clear();
        }
        (row.child, row.needs) = (child, needs);
    }

    /// Whether no circle comes of it, whichever specs that are kept come to be.
    pub(super) fn may_need(&self, slot: Slot, others: &[Slot]) -> bool {
        let needs = self.rows.iter().enumerate().map(|(at, row)| {
            let known = row.iter().flat_map(|row| {
                let kept = row.kept.iter().flat_map(|(_, needs)| needs);
                row.needs.iter().chain(kept).copied()
            });
            let new = others.iter().copied().filter(|_| at == slot);
            known.chain(new).collect()
        });
        Graph::new(needs.collect()).is_ok()
    }

    /// Whether it hears that now; what it does not hear yet waits.
    pub(super) fn hears(&self, of: Option<(Slot, u64)>, input: Input) -> bool {
        let attends = |input: &Input| match &self.machine {
            Brain::List(machine) => machine.attends(input),
            Brain::Dynamic(_) => true,
        };
        match (of, input) {
            (Some((slot, number)), Input::Started(_) | Input::Ignored(_) | Input::Exited(..)) => {
                let is_present = self.life(slot).is_some_and(|life| life.number == number);
                !is_present || attends(&Input::Started(slot))
            }
            _ => attends(&Input::StopRequested),
        }
    }

    pub(super) fn take_out(&mut self, slot: Slot) {
        assert!(self.rows[slot].is_some(), "row {slot} is removed twice");
        self.rows[slot] = None;
        self.order.retain(|&other| other != slot);
        for row in self.rows.iter_mut().flatten() {
            row.needs.retain(|&need| need != slot);
            if let Some((_, needs)) = &mut row.kept {
                needs.retain(|&need| need != slot);
            }
        }
    }

    /// A life is over; what its supervisor waited for with it.
    pub(super) fn end_life(&mut self, slot: Slot) {
        let row = self.rows[slot].as_mut().expect("only what has a row lives");
        row.life = None;
        row.deadline = None;
    }

    pub(super) fn with_life(&mut self, slot: Slot, change: impl FnOnce(&mut Life)) {
        if let Some(row) = &mut self.rows[slot]
            && let Some(life) = &mut row.life
        {
            change(life);
        }
    }

    pub(super) fn set_deadline(&mut self, slot: Slot, at: Option<Duration>) {
        if let Some(row) = &mut self.rows[slot] {
            row.deadline = at;
        }
    }

    pub(super) fn row(&self, slot: Slot) -> Option<&Row> {
        self.rows.get(slot)?.as_ref()
    }

    pub(super) fn life(&self, slot: Slot) -> Option<Life> {
        self.row(slot)?.life
    }

    pub(super) fn state(&self, slot: Slot) -> Option<State> {
        match &self.machine {
            Brain::List(machine) => machine.state(slot),
            Brain::Dynamic(machine) => machine.state(slot),
        }
    }

    pub(super) fn slots(&self) -> impl Iterator<Item = (Slot, &Row)> {
        let rows = self.rows.iter().enumerate();
        rows.filter_map(|(slot, row)| Some((slot, row.as_ref()?)))
    }

    pub(super) fn is_clearing(&self) -> bool {
        matches!(&self.machine, Brain::List(machine) if machine.is_clearing())
    }

    pub(super) fn is_group_under_way(&self) -> bool {
        matches!(&self.machine, Brain::List(machine) if machine.is_clearing() || machine.is_lifting())
    }

    fn is_cleared(&self, slot: Slot) -> bool {
        let Brain::List(machine) = &self.machine else {
            return false;
        };
        machine.state(slot).is_some() && machine.is_being_cleared(slot)
    }

    pub(super) fn intensity(&self) -> Intensity {
        match self.branch.as_ref() {
            Branch::List { settings, .. } => settings.intensity,
            Branch::Dynamic(settings) => settings.intensity,
        }
    }

    pub(super) fn whole_seconds(&self) -> bool {
        match self.branch.as_ref() {
            Branch::List { settings, .. } => settings.semantics.whole_seconds,
            Branch::Dynamic(settings) => settings.semantics.whole_seconds,
        }
    }

    pub(super) fn abort_grace(&self) -> Duration {
        match self.branch.as_ref() {
            Branch::List { settings, .. } => settings.abort_grace,
            Branch::Dynamic(settings) => settings.abort_grace,
        }
    }

    pub(super) fn may_be_significant(&self) -> bool {
        match self.branch.as_ref() {
            Branch::List { settings, .. } => settings.auto_shutdown != AutoShutdown::Never,
            Branch::Dynamic(_) => false,
        }
    }

    /// How it has ended, as the supervisor above is told.
    pub(super) fn exit(&self) -> Exit {
        match self.ending.expect("it said why") {
            // Whatever it was, it did not come up.
            _ if !self.up => Exit::Unstartable,
            End::Asked | End::SignificantExited(_) | End::Satisfied(_) => Exit::Clean,
            End::Escalated(_) => Exit::Permanent,
            End::BootFailed(_) | End::RestartFailed(_) => Exit::Unstartable,
            End::Exhausted(_) | End::LimitReached(_) => Exit::Abnormal,
        }
    }
}

impl Brain {
    fn of(branch: &Branch) -> Self {
        match branch {
            Branch::Dynamic(settings) => Self::Dynamic(Box::new(dynamic::Machine::new(*settings))),
            Branch::List {
                settings,
                start,
                stop,
                children,
                needs,
            } => {
                let children: Vec<_> = children.iter().map(|child| child.traits).collect();
                let in_line = *start == StartMode::Sequential && *stop == StopMode::Ordered;
                Self::List(Box::new(if in_line && needs.iter().all(Vec::is_empty) {
                    Machine::new(*settings, children)
                } else {
                    let graph = Graph::new(needs.clone()).expect("there is no circle");
                    let (start, stop) = (*start, *stop);
                    let lanes = Lanes {
                        start,
                        stop,
                        graph,
                        ..Lanes::default()
                    };
                    Machine::with_lanes(*settings, &children, lanes)
                }))
            }
        }
    }

    fn decide(&mut self) -> &mut dyn Decide {
        match self {
            Self::List(machine) => machine.as_mut(),
            Self::Dynamic(machine) => machine.as_mut(),
        }
    }
}

impl Row {
    fn new(child: Child, needs: Vec<Slot>) -> Self {
        Self {
            child,
            needs,
            level: 0,
            life: None,
            deadline: None,
            retries: 0,
            counted: Vec::new(),
            brought: None,
            kept: None,
        }
    }
}
