//! Decides what a supervisor of many children of one kind does next.
//!
//! Pure, as the machine of a spec list. The children have no order: each is restarted alone, and at
//! the end all stop at the same time. A child that is down for good is forgotten.

use std::time::Duration;

use crate::child::Semantics;
use crate::clock::Moment;
use crate::restart::{Intensity, Window};
use crate::supervisor::{
    Action, Answer, Cause, Decide, End, Exit, Force, Input, Overdue, Patience, Refusal, Row, Slot,
    State, Then, Traits, Waiting, Wish,
};

/// What a dynamic supervisor is told once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Settings {
    pub(crate) intensity: Intensity,
    pub(crate) abort_grace: Duration,
    pub(crate) max_children: usize,
    pub(crate) semantics: Semantics,
}

/// Decides what a dynamic supervisor does next.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Machine {
    settings: Settings,
    window: Window,
    /// By slot; `None` where no row is.
    rows: Vec<Option<Row>>,
    /// How many rows there are, those in restart included.
    count: usize,
    /// How many rows start or stop.
    unsettled: usize,
    stage: Stage,
    waiting: Waiting,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Stage {
    Running,
    Ending,
    Over,
}

impl Machine {
    pub(crate) fn new(settings: Settings) -> Self {
        Self {
            settings,
            window: Window::default(),
            rows: Vec::new(),
            count: 0,
            unsettled: 0,
            stage: Stage::Running,
            waiting: Waiting::default(),
        }
    }

    fn started(&mut self, slot: Slot, actions: &mut Vec<Action>) {
        // A child that is told to end may have started just before: its exit follows.
        if let State::Starting(_, Patience::InTime) = self.row(slot).state {
            self.set(slot, State::Running(false));
            self.waiting
                .answer(slot, Wish::Up, Answer::Started, actions);
        }
    }

    fn ignored(&mut self, slot: Slot, actions: &mut Vec<Action>) {
        if !matches!(self.row(slot).state, State::Stopping(..)) {
            self.waiting
                .answer(slot, Wish::Up, Answer::Ignored, actions);
        }
        self.forget(slot, actions);
    }

    fn exited(&mut self, now: Moment, slot: Slot, exit: Exit, actions: &mut Vec<Action>) {
        let traits = self.row(slot).traits;
        match self.row(slot).state {
            State::Starting(cause, _) => self.start_failed(slot, cause, exit, actions),
            State::Running(_) if self.stage != Stage::Running => self.forget(slot, actions),
            State::Running(_)
                if exit == Exit::Unstartable
                    && self.row(slot).is_fatal()
                    && traits.restart.follows(true) =>
            {
                self.end(End::RestartFailed(slot), actions);
                self.forget(slot, actions);
            }
            State::Running(_) if traits.restart.follows(exit != Exit::Clean) => {
                self.restart(now, slot, actions);
            }
            State::Running(_) | State::Stopping(..) => self.forget(slot, actions),
            State::Idle | State::Due(_) | State::Retrying => {
                debug_assert!(false, "only a child that lives can exit");
            }
        }
    }

    fn start_failed(&mut self, slot: Slot, cause: Cause, exit: Exit, actions: &mut Vec<Action>) {
        self.waiting.answer(slot, Wish::Up, Answer::Failed, actions);
        if cause == Cause::Add || self.stage != Stage::Running {
            self.forget(slot, actions);
        } else if self.row(slot).is_fatal() && exit != Exit::Killed {
            self.end(End::RestartFailed(slot), actions);
            self.forget(slot, actions);
        } else {
            self.set(slot, State::Retrying);
            actions.push(Action::Retry(slot));
        }
    }

    fn overdue(&mut self, now: Moment, slot: Slot, actions: &mut Vec<Action>) {
        match self.row(slot).state.overdue() {
            Overdue::Force(state) => {
                self.set(slot, state);
                actions.push(Action::Kill(slot, self.settings.abort_grace));
            }
            Overdue::GiveUp => {
                actions.push(Action::Abandon(slot));
                self.exited(now, slot, Exit::Abnormal, actions);
            }
            Overdue::Settled => (),
        }
    }

    fn killed(&mut self, slot: Slot, actions: &mut Vec<Action>) {
        if let Some(state) = self.row(slot).state.killed() {
            self.set(slot, state);
            actions.push(Action::Await(slot, self.settings.abort_grace));
        }
    }

    fn add(&mut self, request: u64, slot: Slot, traits: Traits, actions: &mut Vec<Action>) {
        let refusal = if self.stage != Stage::Running {
            Some(Refusal::ShuttingDown)
        } else {
            (self.count >= self.settings.max_children).then_some(Refusal::MaxChildren)
        };
        if let Some(refusal) = refusal {
            actions.push(Action::Answer(request, Answer::Refused(refusal)));
            return actions.push(Action::Remove(slot));
        }
        if self.rows.len() <= slot {
            self.rows.resize(slot + 1, None);
        }
        self.rows[slot] = Some(Row::new(traits, 0, State::Idle));
        self.count += 1;
        self.waiting.push(slot, request, Wish::Up);
        self.start(slot, Cause::Add, actions);
    }

    fn terminate(&mut self, request: u64, slot: Slot, actions: &mut Vec<Action>) {
        self.waiting.push(slot, request, Wish::Down);
        self.tell_to_end(slot, actions);
    }

    fn restart(&mut self, now: Moment, slot: Slot, actions: &mut Vec<Action>) {
        let whole_seconds = self.settings.semantics.whole_seconds;
        if self
            .window
            .admit(self.settings.intensity, whole_seconds, now)
        {
            self.start(slot, Cause::Restart, actions);
        } else {
            self.end(End::Exhausted(slot), actions);
            self.forget(slot, actions);
        }
    }

    /// Tells all children to end, at the same time. The first reason to end is the one that counts.
    fn end(&mut self, end: End, actions: &mut Vec<Action>) {
        if self.stage != Stage::Running {
            return;
        }
        self.stage = Stage::Ending;
        actions.push(Action::Ending(end));
        let kept = match end {
            End::RestartFailed(slot) | End::Exhausted(slot) => Some(slot),
            End::Asked | End::BootFailed(_) | End::SignificantExited(_) => None,
        };
        actions.reserve(self.count);
        for slot in 0..self.rows.len() {
            if self.rows[slot].is_some() && kept != Some(slot) {
                self.tell_to_end(slot, actions);
            }
        }
    }

    fn start(&mut self, slot: Slot, cause: Cause, actions: &mut Vec<Action>) {
        self.set(slot, State::Starting(cause, Patience::InTime));
        let timeout = self.row(slot).traits.init_timeout;
        actions.push(Action::Start(slot, cause, timeout));
    }

    fn tell_to_end(&mut self, slot: Slot, actions: &mut Vec<Action>) {
        let row = self.row(slot);
        match row.state {
            State::Stopping(..) => (),
            State::Idle | State::Due(_) | State::Retrying => self.forget(slot, actions),
            state if state.is_aborted() => {
                self.set(slot, State::Stopping(Then::Remove, Force::Killed));
                actions.push(Action::Await(slot, self.settings.abort_grace));
            }
            State::Starting(..) | State::Running(_) => {
                let (force, action) = row.farewell(slot, self.settings.abort_grace);
                self.set(slot, State::Stopping(Then::Remove, force));
                actions.push(action);
            }
        }
    }

    /// A child is down for good.
    fn forget(&mut self, slot: Slot, actions: &mut Vec<Action>) {
        self.waiting.answer(slot, Wish::Down, Answer::Done, actions);
        self.waiting
            .answer(slot, Wish::Up, Answer::Cancelled, actions);
        self.set(slot, State::Idle);
        self.rows[slot] = None;
        self.count -= 1;
        actions.push(Action::Remove(slot));
    }

    fn set(&mut self, slot: Slot, state: State) {
        let row = self.rows[slot].as_mut().expect("slot is of a row");
        let was = std::mem::replace(&mut row.state, state);
        self.unsettled += usize::from(state.is_unsettled());
        self.unsettled -= usize::from(was.is_unsettled());
    }

    fn row(&self, slot: Slot) -> &Row {
        self.rows[slot].as_ref().expect("slot is of a row")
    }
}

impl Decide for Machine {
    fn step(&mut self, now: Moment, input: Input, actions: &mut Vec<Action>) {
        match input {
            Input::Begin => actions.push(Action::Up),
            Input::Started(slot) => self.started(slot, actions),
            Input::Ignored(slot) => self.ignored(slot, actions),
            Input::Exited(slot, exit) => self.exited(now, slot, exit, actions),
            Input::Overdue(slot) => self.overdue(now, slot, actions),
            Input::Retry(slot) => {
                // A call may have taken care of it since.
                if self.state(slot) == Some(State::Retrying) {
                    self.restart(now, slot, actions);
                }
            }
            Input::Killed(slot) => self.killed(slot, actions),
            Input::StopRequested => self.end(End::Asked, actions),
            Input::Add(request, slot, traits) => self.add(request, slot, traits, actions),
            Input::AddKnown(request, _) => {
                let refusal = Answer::Refused(Refusal::AlreadyStarted);
                actions.push(Action::Answer(request, refusal));
            }
            Input::Terminate(request, slot) => self.terminate(request, slot, actions),
            Input::Restart(request, _) | Input::Delete(request, _) => {
                // The desk refuses them: the children of a template are neither restarted nor deleted.
                let refusal = Answer::Refused(Refusal::Running);
                actions.push(Action::Answer(request, refusal));
            }
        }
        if self.stage == Stage::Ending && self.count == 0 {
            self.stage = Stage::Over;
            actions.push(Action::Finish);
        }
    }

    fn attends(&self, input: &Input) -> bool {
        if !self.settings.semantics.blocking || self.unsettled == 0 {
            return true;
        }
        match *input {
            Input::Started(slot)
            | Input::Ignored(slot)
            | Input::Exited(slot, _)
            | Input::Overdue(slot) => self.row(slot).state.is_unsettled(),
            _ => false,
        }
    }

    fn state(&self, slot: Slot) -> Option<State> {
        Some(self.rows.get(slot)?.as_ref()?.state)
    }
}
