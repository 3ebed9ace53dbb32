//! Decides what a supervisor of many children of one kind does next.
//!
//! Pure, as the machine of a spec list. The children have no order: each is restarted alone, and at
//! the end all stop at the same time. A child that is down for good is forgotten.

use std::time::Duration;

use crate::child::Semantics;
use crate::clock::Moment;
use crate::restart::{Bearing, Intensity, Judgment, Paces, StormGuard, Tolerance};
use crate::supervisor::{
    Action, Aftermath, Answer, Cause, Decide, End, Exit, Force, Held, Input, Newcomer, Overdue,
    Patience, Refusal, Row, Slot, State, Then, Traits, Waiting, Wish,
};

/// What a dynamic supervisor is told once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Settings {
    pub(crate) intensity: Intensity,
    pub(crate) storm_guard: Option<StormGuard>,
    pub(crate) abort_grace: Duration,
    pub(crate) max_children: usize,
    pub(crate) semantics: Semantics,
}

/// Decides what a dynamic supervisor does next.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Machine {
    settings: Settings,
    bearing: Bearing,
    /// By slot; `None` where no row is.
    rows: Vec<Option<Row>>,
    /// Of the rows whose specs say anything of it.
    paces: Paces,
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
            bearing: Bearing::default(),
            rows: Vec::new(),
            paces: Paces::default(),
            count: 0,
            unsettled: 0,
            stage: Stage::Running,
            waiting: Waiting::default(),
        }
    }

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
        if !matches!(self.row(slot).state, State::Stopping(..)) {
            self.waiting
                .answer(slot, Wish::Up, Answer::Ignored, actions);
        }
        self.forget(slot, actions);
    }

    fn exited(&mut self, now: Moment, slot: Slot, exit: Exit, actions: &mut Vec<Action>) {
        match self.row(slot).state {
            State::Starting(cause, _) => self.start_failed(now, slot, cause, exit, actions),
            State::Running(_) => self.follow(now, slot, exit, actions),
            State::Stopping(Then::Failed, _) => self.follow(now, slot, exit.of_failure(), actions),
            State::Stopping(..) => self.forget(slot, actions),
            State::Idle | State::Due(_) | State::Retrying | State::Delayed(_) | State::Paused => {
                debug_assert!(false, "only a child that lives can exit");
            }
        }
    }

    /// A child has ended, and nobody had asked it to.
    fn follow(&mut self, now: Moment, slot: Slot, exit: Exit, actions: &mut Vec<Action>) {
        if self.stage != Stage::Running {
            return self.forget(slot, actions);
        }
        let aftermath = self.row(slot).traits.aftermath(slot, exit);
        self.react(now, slot, aftermath, actions);
    }

    fn react(&mut self, now: Moment, slot: Slot, aftermath: Aftermath, actions: &mut Vec<Action>) {
        match aftermath {
            Aftermath::Done => self.forget(slot, actions),
            Aftermath::Restart(asked) => self.restart(now, slot, asked, actions),
            Aftermath::Renewal => self.start(slot, Cause::Restart, actions),
            Aftermath::Retry => {
                self.set(slot, State::Retrying);
                actions.push(Action::Retry(slot));
            }
            Aftermath::End(end) => self.end_by(end, slot, actions),
        }
    }

    fn start_failed(
        &mut self,
        now: Moment,
        slot: Slot,
        cause: Cause,
        exit: Exit,
        actions: &mut Vec<Action>,
    ) {
        self.waiting.answer(slot, Wish::Up, Answer::Failed, actions);
        if cause == Cause::Add || self.stage != Stage::Running {
            self.forget(slot, actions);
        } else {
            let aftermath = self.row(slot).traits.aftermath_of_restart(slot, exit);
            self.react(now, slot, aftermath, actions);
        }
    }

    fn overdue(&mut self, now: Moment, slot: Slot, actions: &mut Vec<Action>) {
        match self.row(slot).state {
            State::Delayed(_) => {
                // In its turn among all else that happens.
                self.set(slot, State::Delayed(Held::Over));
                return actions.push(Action::Retry(slot));
            }
            State::Running(false) => return self.look_after(now, slot, actions),
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

    /// The time of a running child has come: it has recovered, or does not get on.
    fn look_after(&mut self, now: Moment, slot: Slot, actions: &mut Vec<Action>) {
        let Some(pace) = self.paces.get(slot) else {
            return;
        };
        if pace.recover(now) {
            actions.push(Action::Recovered(slot));
        }
        if pace.is_stuck(now) {
            actions.push(Action::Stuck(slot));
            return self.bid_farewell(slot, Then::Failed, actions);
        }
        if let Some(time) = pace.next_look(now) {
            actions.push(Action::Watch(slot, time));
        }
    }

    /// The child has said at that moment that it gets on.
    fn progressed(&mut self, now: Moment, slot: Slot, at: Moment, actions: &mut Vec<Action>) {
        if self.state(slot) == Some(State::Running(false))
            && let Some(pace) = self.paces.get(slot)
        {
            pace.progress(at);
            // Its time may be over all the same.
            self.look_after(now, slot, actions);
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
            self.paces.remove(slot);
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

    /// Counts a restart, `asked` time from now if somebody says so, and begins it, puts it off, or gives up.
    fn restart(
        &mut self,
        now: Moment,
        slot: Slot,
        asked: Option<Duration>,
        actions: &mut Vec<Action>,
    ) {
        let tolerance = Tolerance {
            intensity: self.settings.intensity,
            storm_guard: self.settings.storm_guard,
            whole_seconds: self.settings.semantics.whole_seconds,
        };
        let pace = self.paces.get(slot);
        let (judgment, pause) = self.bearing.judge(&tolerance, pace, asked, now);
        actions.extend(pause.map(Action::Storm));
        match judgment {
            Judgment::Now => self.start(slot, Cause::Restart, actions),
            Judgment::Later(cause, time) => {
                self.set(slot, State::Delayed(Held::by(cause)));
                actions.push(Action::Delay(slot, cause, time));
            }
            Judgment::Drop => {
                actions.push(Action::Dropped(slot));
                self.forget(slot, actions);
            }
            Judgment::TooMany(own) => self.end_by(End::of_limit(slot, own), slot, actions),
        }
    }

    /// Ends all for the sake of this child, which is gone.
    fn end_by(&mut self, end: End, slot: Slot, actions: &mut Vec<Action>) {
        self.end(end, actions);
        self.forget(slot, actions);
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
            End::LimitReached(slot) | End::Escalated(slot) | End::Satisfied(slot) => Some(slot),
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

    /// The child is to be down for good.
    fn tell_to_end(&mut self, slot: Slot, actions: &mut Vec<Action>) {
        match self.row(slot).state {
            State::Stopping(_, force) => self.set(slot, State::Stopping(Then::Remove, force)),
            State::Idle | State::Due(_) | State::Retrying | State::Delayed(_) | State::Paused => {
                self.forget(slot, actions);
            }
            State::Starting(..) | State::Running(_) => {
                self.bid_farewell(slot, Then::Remove, actions);
            }
        }
    }

    /// Tells a child to end that starts or runs.
    fn bid_farewell(&mut self, slot: Slot, then: Then, actions: &mut Vec<Action>) {
        let row = self.row(slot);
        if row.state.is_aborted() {
            self.set(slot, State::Stopping(then, Force::Killed));
            return actions.push(Action::Await(slot, self.settings.abort_grace));
        }
        let (force, action) = row.farewell(slot, self.settings.abort_grace);
        self.set(slot, State::Stopping(then, force));
        actions.push(action);
    }

    /// A child is down for good.
    fn forget(&mut self, slot: Slot, actions: &mut Vec<Action>) {
        self.waiting.answer(slot, Wish::Down, Answer::Done, actions);
        self.waiting
            .answer(slot, Wish::Up, Answer::Cancelled, actions);
        self.set(slot, State::Idle);
        self.rows[slot] = None;
        self.paces.remove(slot);
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
            Input::Started(slot) => self.started(now, slot, actions),
            Input::Ignored(slot) => self.ignored(slot, actions),
            Input::Exited(slot, exit) => self.exited(now, slot, exit, actions),
            Input::Overdue(slot) => self.overdue(now, slot, actions),
            // A call may have taken care of it since.
            Input::Retry(slot) => match self.state(slot) {
                Some(State::Retrying) => self.restart(now, slot, None, actions),
                Some(State::Delayed(Held::Over)) => self.start(slot, Cause::Restart, actions),
                _ => (),
            },
            Input::Progressed(slot, at) => self.progressed(now, slot, at, actions),
            Input::Killed(slot) => self.killed(slot, actions),
            Input::StopRequested => self.end(End::Asked, actions),
            Input::Add(request, slot, traits) => self.add(request, slot, traits, actions),
            Input::AddKnown(request, _) => {
                let refusal = Answer::Refused(Refusal::AlreadyStarted);
                actions.push(Action::Answer(request, refusal));
            }
            Input::Terminate(request, slot) => self.terminate(request, slot, actions),
            Input::Restart(request, _)
            | Input::Delete(request, _)
            | Input::Discard(request, _)
            | Input::Pause(request, _)
            | Input::Resume(request, _)
            | Input::Replace(request, ..) => {
                // The desk refuses them: the children of a template have no place to come back to.
                let refusal = Answer::Refused(Refusal::Running);
                actions.push(Action::Answer(request, refusal));
            }
        }
        if self.stage == Stage::Ending && self.count == 0 {
            self.stage = Stage::Over;
            actions.push(Action::Finish);
        }
    }

    fn introduce(&mut self, newcomer: Newcomer) {
        debug_assert!(
            newcomer.needs.is_empty(),
            "the children of a template have no known siblings"
        );
        if let Some(plan) = newcomer.plan {
            self.paces.plan(newcomer.slot, plan);
        }
    }

    fn attends(&self, input: &Input) -> bool {
        if !self.settings.semantics.blocking || self.unsettled == 0 {
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

    fn heeds(&self, slot: Slot) -> bool {
        let ends = self.state(slot).is_some_and(State::ends_by_itself);
        ends && self.stage == Stage::Running
    }

    fn state(&self, slot: Slot) -> Option<State> {
        Some(self.rows.get(slot)?.as_ref()?.state)
    }
}
