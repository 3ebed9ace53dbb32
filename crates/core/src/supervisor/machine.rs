//! Decides what a supervisor of a spec list does next.
//!
//! Pure: it is told what happened and when, and answers with what to do. First an input changes the
//! facts, then [`Machine::pursue`] compares them with the goal. Each input costs a constant number
//! of looks at rows, amortized over the children that it starts and stops; a look is O(log n) at most.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::convoy::{Convoy, Lanes};
use super::kept::Renewals;
use super::protocol::{Action, Answer, Cause, End, Exit, Input, Slot, Traits};
use super::ranked::Rank;
use super::rows::Rows;
use super::slot::{Force, Held, Overdue, Patience, Row, State, Then, Waiting, Wish};
use super::strategy::{AutoShutdown, Strategy};
use crate::child::Semantics;
use crate::clock::Moment;
use crate::restart::{Bearing, ExitVerdict, Intensity, Paces, Restart, StormGuard, Tolerance};

/// What a supervisor is told once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Settings {
    pub(crate) strategy: Strategy,
    pub(crate) auto_shutdown: AutoShutdown,
    pub(crate) intensity: Intensity,
    pub(crate) storm_guard: Option<StormGuard>,
    pub(crate) abort_grace: Duration,
    pub(crate) semantics: Semantics,
}

/// Decides what a supervisor of a spec list does next.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Machine {
    pub(super) settings: Settings,
    pub(super) bearing: Bearing,
    pub(super) rows: Rows,
    /// Of the rows whose specs say anything of it.
    pub(super) paces: Paces,
    pub(super) goal: Goal,
    /// The first start of the list is not complete.
    pub(super) booting: bool,
    pub(super) waiting: Waiting,
    /// Rows that a call took over while their group was restarted: this time it passes them over.
    pub(super) held: BTreeSet<Slot>,
    /// Rows whose start has failed, each with those of its group that stay down until it comes up.
    pub(super) missed: BTreeMap<Slot, BTreeSet<Slot>>,
    /// Rows that were left down for one that a group which goes in line has started again: it has yet to come to them.
    pub(super) left: BTreeSet<Slot>,
    /// How children start and stop beside each other, if not one after the other.
    pub(super) lanes: Option<Box<Lanes>>,
    pub(super) convoy: Convoy,
    /// New specs that rows are to get.
    pub(super) renewals: Renewals,
}

/// What the supervisor as a whole is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Goal {
    /// Each child for itself.
    Run,
    /// Stop every live child from `from` on, backward; then raise them. Those of the rank `below`
    /// and above are down, unless a call has started them since.
    Clear {
        from: Option<Slot>,
        below: Rank,
    },
    /// Start every row that does not run, forward from `next`, one after the other.
    Raise {
        busy: Option<Slot>,
        next: Option<Slot>,
    },
    /// Stop and start a group by its lanes.
    Convoy,
    /// Stop every live child, backward; then finish.
    End,
    Over,
}

impl Settings {
    pub(super) fn tolerance(&self) -> Tolerance {
        Tolerance {
            intensity: self.intensity,
            storm_guard: self.storm_guard,
            whole_seconds: self.semantics.whole_seconds,
        }
    }
}

impl Machine {
    /// A machine whose rows have the slots `0..children.len()`, in start order.
    pub(crate) fn new(settings: Settings, children: impl IntoIterator<Item = Traits>) -> Self {
        let mut machine = Self {
            settings,
            bearing: Bearing::default(),
            rows: Rows::default(),
            paces: Paces::default(),
            goal: Goal::Run,
            booting: true,
            waiting: Waiting::default(),
            held: BTreeSet::new(),
            missed: BTreeMap::new(),
            left: BTreeSet::new(),
            lanes: None,
            convoy: Convoy::default(),
            renewals: Renewals::default(),
        };
        for (slot, traits) in children.into_iter().enumerate() {
            machine.rows.append(slot, traits);
            machine.set(slot, State::Due(Cause::Boot));
        }
        machine
    }

    /// A machine whose rows start and stop beside each other; each stands behind those that it needs.
    pub(crate) fn with_lanes(settings: Settings, children: &[Traits], lanes: Lanes) -> Self {
        let mut machine = Self::new(settings, []);
        for slot in lanes.graph.order() {
            machine.rows.append(slot, children[slot]);
            machine.set(slot, State::Due(Cause::Boot));
        }
        machine.lanes = Some(Box::new(lanes));
        machine
    }

    /// Takes in one input and appends what is to be done about it.
    pub(crate) fn step(&mut self, now: Moment, input: Input, actions: &mut Vec<Action>) {
        match input {
            Input::Begin if self.lanes.is_some() => self.raise_all(),
            Input::Begin => {
                self.goal = Goal::Raise {
                    busy: None,
                    next: self.rows.first(),
                };
            }
            Input::Started(slot) => self.started(now, slot, actions),
            Input::Ignored(slot) => self.ignored(slot, actions),
            Input::Exited(slot, exit) => self.exited(now, slot, exit, actions),
            Input::Overdue(slot) => self.overdue(now, slot, actions),
            Input::Retry(slot) => self.retry(now, slot, actions),
            Input::Progressed(slot, at) => self.progressed(now, slot, at, actions),
            Input::Killed(slot) => self.killed(slot, actions),
            Input::StopRequested => self.end(End::Asked, actions),
            Input::Add(request, slot, traits) => self.add(request, slot, traits, actions),
            Input::AddKnown(request, slot) => self.add_known(request, slot, actions),
            Input::Terminate(request, slot) => self.terminate(request, slot, actions),
            Input::Restart(request, slot) => self.restart_by_call(now, request, slot, actions),
            Input::Delete(request, slot) => self.delete(request, slot, actions),
            Input::Discard(request, slot) => self.discard(request, slot, actions),
            Input::Pause(request, slot) => self.pause(request, slot, actions),
            Input::Resume(request, slot) => self.resume(request, slot, actions),
            Input::Replace(request, slot, traits, when) => {
                self.replace(now, request, (slot, traits, when), actions);
            }
        }
        self.pursue(now, actions);
    }

    /// Whether `input` may be told now; what must wait is to be told later, in the same order.
    pub(crate) fn attends(&self, input: &Input) -> bool {
        if !self.settings.semantics.blocking || self.rows.is_settled() {
            return true;
        }
        match *input {
            Input::Started(slot) | Input::Ignored(slot) | Input::Exited(slot, _) => {
                self.row(slot).state.is_unsettled()
            }
            // What is to be done about it waits for its turn by itself.
            Input::Overdue(slot) | Input::Progressed(slot, _) => {
                let state = self.row(slot).state;
                state.is_unsettled() || matches!(state, State::Delayed(_) | State::Running(false))
            }
            _ => false,
        }
    }

    /// Whether what the user says to an end of that child counts.
    pub(crate) fn heeds(&self, slot: Slot) -> bool {
        let is_first = self.booting && self.is_raising(slot);
        let ends = self.state(slot).is_some_and(State::ends_by_itself);
        ends && !is_first && !self.is_ending()
    }

    /// How far the child of that row is; `None` if there is no such row.
    pub(crate) fn state(&self, slot: Slot) -> Option<State> {
        self.rows.state(slot)
    }

    // Facts: what the inputs change.

    fn started(&mut self, now: Moment, slot: Slot, actions: &mut Vec<Action>) {
        // A child that is told to end may have started just before: its exit follows.
        if let State::Starting(_, Patience::InTime) = self.row(slot).state {
            self.set(slot, State::Running(false));
            if let Some(time) = self.paces.get(slot).and_then(|pace| pace.up(now)) {
                actions.push(Action::Watch(slot, time));
            }
            self.waiting
                .answer(slot, Wish::Up, Answer::Started, actions);
        }
    }

    fn ignored(&mut self, slot: Slot, actions: &mut Vec<Action>) {
        if let State::Stopping(then, _) = self.row(slot).state {
            return self.gone(slot, then, actions);
        }
        self.waiting
            .answer(slot, Wish::Up, Answer::Ignored, actions);
        self.lay_down(slot, actions);
        self.be_done(slot);
    }

    fn exited(&mut self, now: Moment, slot: Slot, exit: Exit, actions: &mut Vec<Action>) {
        match self.row(slot).state {
            State::Starting(cause, _) => self.start_failed(now, slot, cause, exit, actions),
            State::Running(_) => self.ended(now, slot, exit, actions),
            State::Stopping(Then::Failed, _) => self.ended(now, slot, exit.of_failure(), actions),
            State::Stopping(then, _) => self.gone(slot, then, actions),
            State::Idle | State::Due(_) | State::Retrying | State::Delayed(_) | State::Paused => {
                debug_assert!(false, "only a child that lives can exit");
            }
        }
    }

    /// A running child ended by itself.
    fn ended(&mut self, now: Moment, slot: Slot, exit: Exit, actions: &mut Vec<Action>) {
        if self.is_ending() {
            self.lay_down(slot, actions);
        } else if self.is_being_cleared(slot) && !self.row(slot).traits.is_final(exit) {
            let then = self.row(slot).when_cleared();
            self.gone(slot, then, actions);
        } else {
            if exit == Exit::Judged(ExitVerdict::Stop) {
                self.hold(slot);
            }
            self.follow(now, slot, exit, actions);
        }
    }

    /// A child that was told to end is gone.
    pub(super) fn gone(&mut self, slot: Slot, then: Then, actions: &mut Vec<Action>) {
        let then = match then {
            Then::Due(_) if self.is_ending() => Then::Idle,
            Then::Pause | Then::Replace if self.is_ending() => self.row(slot).when_terminated(),
            Then::Replace if self.is_being_cleared(slot) => self.row(slot).when_cleared(),
            then => then,
        };
        self.waiting.answer(slot, Wish::Down, Answer::Done, actions);
        if !matches!(then, Then::Due(_) | Then::Replace) {
            self.waiting
                .answer(slot, Wish::Up, Answer::Cancelled, actions);
        }
        match then {
            // One that failed has run, and does not decline to start any more.
            Then::Idle | Then::Failed => self.set(slot, State::Idle),
            Then::Due(cause) => self.set(slot, State::Due(cause)),
            Then::Remove => self.remove(slot, actions),
            Then::Pause => self.rest(slot, actions),
            Then::Replace => {
                // One that it needs by its new spec may have ended since the call.
                self.set(slot, State::Due(Cause::Replace));
                self.start_or_wait(slot, Cause::Replace, actions);
            }
        }
    }

    fn overdue(&mut self, now: Moment, slot: Slot, actions: &mut Vec<Action>) {
        match self.row(slot).state {
            State::Delayed(_) if self.is_ending() => return self.give_up_start(slot, actions),
            State::Delayed(Held::Needy) => return,
            State::Delayed(_) => {
                // In its turn among all else that happens.
                self.set(slot, State::Delayed(Held::Over));
                return actions.push(Action::Retry(slot));
            }
            State::Running(false) => return self.look_after(now, slot, actions),
            State::Running(true) if !self.attends(&Input::Overdue(slot)) => {
                // Its exit may have come in time and be waiting for its turn.
                return actions.push(Action::Await(slot, self.settings.abort_grace));
            }
            _ => (),
        }
        match self.row(slot).state.overdue() {
            Overdue::Force(state) => {
                self.set(slot, state);
                actions.push(Action::Kill(slot, self.settings.abort_grace));
            }
            Overdue::GiveUp => actions.push(Action::Abandon(slot)),
            Overdue::Settled => (),
        }
    }

    fn killed(&mut self, slot: Slot, actions: &mut Vec<Action>) {
        if let Some(state) = self.row(slot).state.killed() {
            self.set(slot, state);
            actions.push(Action::Await(slot, self.settings.abort_grace));
        }
    }

    fn retry(&mut self, now: Moment, slot: Slot, actions: &mut Vec<Action>) {
        // Another failure's restart, or a call, may have taken care of it since.
        match self.state(slot) {
            Some(State::Retrying) if !self.is_ending() => self.restart(now, slot, None, actions),
            Some(State::Delayed(Held::Over)) if !self.is_ending() => {
                self.begin_restart(now, slot, actions);
            }
            _ => (),
        }
    }

    // Decisions.

    pub(super) fn ends_without(&self, auto_shutdown: AutoShutdown) -> bool {
        match auto_shutdown {
            AutoShutdown::Never => false,
            AutoShutdown::AnySignificant => true,
            AutoShutdown::AllSignificant => !self.rows.has_significant(),
        }
    }

    /// The first reason to end is the one that counts.
    pub(super) fn end(&mut self, end: End, actions: &mut Vec<Action>) {
        if !self.is_ending() {
            actions.push(Action::Ending(end));
            self.goal = Goal::End;
            self.missed.clear();
            self.left.clear();
            if let Some(lanes) = &mut self.lanes {
                lanes.stirred.clear();
            }
            let _down_for_good = self.leave_down(actions);
            self.end_all();
        }
    }

    /// Appends what is to be done next.
    fn pursue(&mut self, now: Moment, actions: &mut Vec<Action>) {
        self.rouse();
        self.go_on(now, actions);
        while self.rouse() {
            self.go_on(now, actions);
        }
    }

    /// Goes on with what is under way: starts go forward, stops backward, one at a time.
    fn go_on(&mut self, now: Moment, actions: &mut Vec<Action>) {
        if let Goal::Clear { from, .. } = self.goal
            && self.all_down(actions)
        {
            self.bearing.window.go_on(now);
            self.goal = Goal::Raise {
                busy: None,
                next: from,
            };
        }
        match self.goal {
            Goal::Raise { .. } => self.raise(actions),
            Goal::Convoy => {
                self.advance(now, actions);
            }
            Goal::End => {
                let all_down = if self.convoy.is_last() {
                    self.advance(now, actions)
                } else {
                    self.all_down(actions)
                };
                if all_down {
                    self.goal = Goal::Over;
                    actions.push(Action::Finish);
                }
            }
            Goal::Run | Goal::Clear { .. } | Goal::Over => (),
        }
    }

    // Changes of a row.

    pub(super) fn start(&mut self, slot: Slot, cause: Cause, actions: &mut Vec<Action>) {
        if let (Some(mut left), Goal::Raise { .. }) = (self.missed.remove(&slot), self.goal) {
            self.left.append(&mut left);
        }
        self.renew(slot, actions);
        self.set(slot, State::Starting(cause, Patience::InTime));
        let timeout = self.row(slot).traits.init_timeout;
        actions.push(Action::Start(slot, cause, timeout));
    }

    pub(super) fn tell_to_end(&mut self, slot: Slot, then: Then, actions: &mut Vec<Action>) {
        if self.row(slot).state.is_aborted() {
            self.set(slot, State::Stopping(then, Force::Killed));
            return actions.push(Action::Await(slot, self.settings.abort_grace));
        }
        let (force, action) = self.row(slot).farewell(slot, self.settings.abort_grace);
        self.set(slot, State::Stopping(then, force));
        actions.push(action);
    }

    /// A child is down for good: its row stays, unless it is temporary.
    pub(super) fn lay_down(&mut self, slot: Slot, actions: &mut Vec<Action>) {
        match self.row(slot).traits.restart {
            Restart::Temporary => self.remove(slot, actions),
            Restart::Permanent | Restart::Transient => self.set(slot, State::Idle),
        }
    }

    /// A row that was to be started is not.
    pub(super) fn give_up_start(&mut self, slot: Slot, actions: &mut Vec<Action>) {
        self.set(slot, State::Idle);
        self.waiting
            .answer(slot, Wish::Up, Answer::Cancelled, actions);
    }

    pub(super) fn set(&mut self, slot: Slot, state: State) {
        let was = self.rows.set(slot, state);
        if self.lanes.is_some() {
            self.note(slot, was, state);
        }
    }

    pub(super) fn remove(&mut self, slot: Slot, actions: &mut Vec<Action>) {
        self.set(slot, State::Idle);
        let after = self.rows.after(slot);
        match &mut self.goal {
            Goal::Raise { next, .. } if *next == Some(slot) => *next = after,
            Goal::Clear { from, .. } if *from == Some(slot) => *from = after,
            _ => (),
        }
        self.held.remove(&slot);
        self.missed.remove(&slot);
        for left in self.missed.values_mut().chain([&mut self.left]) {
            left.remove(&slot);
        }
        self.leave_convoy(slot);
        self.rows.remove(slot);
        self.forget(slot);
        actions.push(Action::Remove(slot));
    }

    /// Forgets what else was said of a row.
    pub(super) fn forget(&mut self, slot: Slot) {
        self.stir(slot);
        if let Some(lanes) = &mut self.lanes {
            lanes.graph.remove(slot);
        }
        self.paces.remove(slot);
        self.renewals.forget(slot);
    }

    // Questions.

    pub(super) fn row(&self, slot: Slot) -> &Row {
        self.rows.row(slot)
    }

    pub(super) fn is_ending(&self) -> bool {
        matches!(self.goal, Goal::End | Goal::Over)
    }
}
