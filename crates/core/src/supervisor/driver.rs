//! Runs a supervisor: tells its machine what happens, and does what the machine says.

use std::collections::VecDeque;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use tokio::task::coop;
use tokio::time::Instant;

use super::deadlines::Deadlines;
use super::desk::{Desk, Rules};
use super::ending::{Ending, History};
use super::lives::Lives;
use super::protocol::{Action, Cause, Decide, Exit, Input, Slot};
use super::slot::{Patience, State};
use crate::child::{
    ChildReport, Departure, Inbox, Life, Message, Occupant, Report, Roster, Seat,
    StopRequest, SupervisorHandle, Word,
};
use crate::clock::Moment;
use crate::exit::{ExitReason, InitializationError};
use crate::observe::{EventKind, StartCause};
use crate::restart::Intensity;
use crate::tree::ChildState;

/// A running supervisor. Dropping it kills its children.
#[derive(Debug)]
pub(crate) struct Driver<M> {
    machine: M,
    rules: Rules,
    intensity: Intensity,
    /// This supervisor as a child of the one above.
    life: Arc<Life>,
    handle: SupervisorHandle,
    inbox: Arc<Inbox>,
    roster: Arc<Roster>,
    lives: Lives,
    deadlines: Deadlines,
    desk: Desk,
    /// What has arrived and must wait, in order.
    deferred: VecDeque<Message>,
    began: Instant,
    now: Instant,
    actions: Vec<Action>,
    history: History,
    report: Vec<ChildReport>,
    ending: Option<Ending>,
    /// The supervisor above was killed.
    orphaned: bool,
    stage: Stage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Booting,
    Up,
    Over,
}

/// What happened, as the loop is told.
enum Heard {
    Message(Message),
    Overdue(Slot),
}

impl<M: Decide> Driver<M> {
    /// Takes the seat. The rows of `roster` are those that `machine` begins with.
    pub(crate) fn new(
        machine: M,
        rules: Rules,
        intensity: Intensity,
        life: &Arc<Life>,
        seat: &Arc<Seat>,
        roster: Arc<Roster>,
    ) -> Self {
        let inbox = Inbox::new(!rules.semantics.arrival_order);
        let now = Instant::now();
        let driver = Self {
            machine,
            rules,
            intensity,
            life: Arc::clone(life),
            handle: SupervisorHandle {
                seat: Arc::clone(seat),
            },
            lives: Lives::new(Arc::clone(&inbox)),
            inbox,
            roster,
            deadlines: Deadlines::default(),
            desk: Desk::new(rules),
            deferred: VecDeque::new(),
            began: now,
            now,
            actions: Vec::new(),
            history: History::default(),
            report: Vec::new(),
            ending: None,
            orphaned: false,
            stage: Stage::Booting,
        };
        // A wrapper of a supervisor starts it once a life; a second one would be its own bug.
        let _first = life.seat.set(Arc::clone(seat));
        seat.take(Arc::new(Occupant {
            life: Arc::clone(life),
            inbox: Arc::clone(&driver.inbox),
            roster: Arc::clone(&driver.roster),
            reads_in_turn: rules.semantics.arrival_order,
            lives_by_identity: rules.semantics.lives_by_identity,
        }));
        life.stop.forward_to(&driver.inbox);
        driver
    }

    /// Starts the children; returns when all run, or when those that ran are stopped again.
    pub(crate) async fn boot(&mut self) -> Result<(), InitializationError> {
        self.step(Input::Begin);
        while self.stage == Stage::Booting {
            self.turn().await;
        }
        if self.stage == Stage::Up {
            return Ok(());
        }
        Err(match self.finish() {
            ExitReason::InitializationFailed(error) => error,
            exit => InitializationError::cut(exit),
        })
    }

    /// Runs until the end.
    pub(crate) async fn run(mut self) -> ExitReason {
        while self.stage != Stage::Over {
            self.turn().await;
        }
        self.finish()
    }

    async fn turn(&mut self) {
        match self.next().await {
            Heard::Message(message) => self.hear(message),
            Heard::Overdue(slot) => self.step(Input::Overdue(slot)),
        }
    }

    /// The next thing that the machine is to hear: messages first, then deadlines.
    ///
    /// Cancel safe: whatever is taken out is returned by the same poll.
    async fn next(&mut self) -> Heard {
        std::future::poll_fn(|cx| {
            // Bounded work in each turn: other tasks get theirs.
            let budget = std::task::ready!(coop::poll_proceed(cx));
            let heard = loop {
                if let Some(message) = self.next_deferred() {
                    break Heard::Message(message);
                }
                match self.inbox.poll(cx.waker()) {
                    Poll::Ready(message) => self.deferred.push_back(message),
                    Poll::Pending => break Heard::Overdue(std::task::ready!(self.deadlines.poll(cx))),
                }
            };
            budget.made_progress();
            self.now = Instant::now();
            Poll::Ready(heard)
        })
        .await
    }

    /// The first message that the machine attends to now.
    fn next_deferred(&mut self) -> Option<Message> {
        let attended = |message: &Message| match *message {
            Message::Life(slot, life, _) => {
                // A word of a life that is no more is for nobody and may be dropped at once.
                !self.is_present(slot, life) || self.machine.attends(&Input::Started(slot))
            }
            _ => self.machine.attends(&Input::StopRequested),
        };
        let at = self.deferred.iter().position(attended)?;
        self.deferred.remove(at)
    }

    fn hear(&mut self, message: Message) {
        let input = match message {
            Message::Life(slot, life, word) if self.is_present(slot, life) => self.note(slot, word),
            Message::Killed(slot, life) if self.is_present(slot, life) => Input::Killed(slot),
            Message::Life(..) | Message::Killed(..) => return,
            Message::Retry(slot) => Input::Retry(slot),
            Message::Stop(request) => {
                self.orphaned |= request.orphaned;
                Input::StopRequested
            }
            Message::Call(call, _place) => match self.desk.take(call, &self.roster) {
                Some(input) => input,
                None => return,
            },
        };
        self.step(input);
    }

    fn step(&mut self, input: Input) {
        let mut actions = std::mem::take(&mut self.actions);
        let now = Moment(self.now.saturating_duration_since(self.began));
        self.machine.step(now, input, &mut actions);
        for action in actions.drain(..) {
            self.act(action);
            if let Some(slot) = action.slot() {
                self.publish(slot);
            }
        }
        if let Some(slot) = input.slot() {
            self.publish(slot);
        }
        self.actions = actions;
    }

    fn act(&mut self, action: Action) {
        match action {
            Action::Start(slot, cause, timeout) => self.start(slot, cause, timeout),
            Action::Ask(slot, grace) => self.ask(slot, grace),
            Action::Kill(slot, grace) => self.kill(slot, grace),
            Action::Await(slot, grace) => self.deadlines.set(slot, self.now + grace),
            Action::Abandon(slot) => self.abandon(slot),
            Action::Retry(slot) => self.inbox.push(Message::Retry(slot)),
            Action::Remove(slot) => {
                self.deadlines.clear(slot);
                self.roster.lock().remove(slot);
            }
            Action::Answer(request, answer) => self.desk.answer(request, answer, &self.roster),
            Action::Up => {
                self.stage = Stage::Up;
                self.handle.seat.set_up();
            }
            Action::Ending(end) => {
                let clean = self.rules.semantics.clean_exhaustion;
                let history = &mut self.history;
                let ending = Ending::new(end, &self.roster, self.intensity, clean, history);
                if let Some(event) = &ending.event {
                    self.life.tell(event.clone());
                }
                self.ending = Some(ending);
            }
            Action::Finish => self.stage = Stage::Over,
        }
    }

    fn start(&mut self, slot: Slot, cause: Cause, timeout: Option<Duration>) {
        let mut state = self.roster.lock();
        let entry = state.get_mut(slot).expect("a row is there as long as it is started");
        let commons = &self.life.commons;
        let handle = self.handle.clone();
        let semantics = self.rules.semantics;
        let (path, last_exit) = (entry.path.clone(), entry.last_exit.clone());
        let life = Life::new(path, last_exit, handle, semantics, commons);
        entry.life = Some(Arc::clone(&life));
        entry.restarts += u64::from(cause == Cause::Restart);
        (entry.told, entry.forced) = (None, false);
        let spec = entry.spec.clone();
        drop(state);
        if let Some(timeout) = timeout {
            self.deadlines.set(slot, self.now + timeout);
        }
        life.tell(EventKind::Starting {
            cause: match cause {
                Cause::Boot => StartCause::FirstStart,
                Cause::Add => StartCause::Added,
                Cause::Call => StartCause::Requested,
                Cause::Restart => StartCause::Restart,
            },
        });
        self.lives.start(slot, spec, life);
    }

    fn ask(&mut self, slot: Slot, grace: Option<Duration>) {
        let deadline = grace.map(|grace| self.now + grace);
        match deadline {
            Some(deadline) => self.deadlines.set(slot, deadline),
            None => self.deadlines.clear(slot),
        }
        let life = self.roster.lock().get_mut(slot).and_then(|entry| {
            entry.told.get_or_insert(self.now);
            entry.life.clone()
        });
        if let Some(life) = life {
            let request = StopRequest {
                deadline,
                orphaned: false,
            };
            life.ask_to_stop(grace, request);
        }
    }

    fn kill(&mut self, slot: Slot, grace: Duration) {
        self.deadlines.set(slot, self.now + grace);
        let overdue = matches!(
            self.machine.state(slot),
            Some(State::Starting(_, Patience::Over))
        );
        let mut state = self.roster.lock();
        let Some(entry) = state.get_mut(slot) else {
            return;
        };
        let Some(life) = entry.life.clone() else {
            return;
        };
        if overdue {
            let timeout = entry.spec.settings.init_timeout.unwrap_or_default();
            // It can be overdue only once.
            let _first = life.overdue.set(timeout);
        } else {
            entry.forced = entry.told.is_some();
            entry.told.get_or_insert(self.now);
        }
        drop(state);
        if !life.is_gone() {
            life.tell(EventKind::Killed);
        }
        life.abort();
    }

    fn abandon(&mut self, slot: Slot) {
        let mut state = self.roster.lock();
        let entry = state.get_mut(slot).expect("a row outlasts its child");
        let life = entry.life.clone();
        let starting = entry.state == ChildState::Starting;
        drop(state);
        let overdue = life.as_ref().and_then(|life| life.overdue.get().copied());
        if let Some(life) = life {
            life.tell(EventKind::Unresponsive);
        }
        self.settle(slot, match (starting, overdue) {
            (true, Some(after)) => {
                ExitReason::InitializationFailed(InitializationError::timed_out(after))
            }
            (true, None) => {
                let error = InitializationError::cut(ExitReason::Unresponsive);
                ExitReason::InitializationFailed(error)
            }
            (false, _) => ExitReason::Unresponsive,
        });
    }

    /// Notes what a child's task said.
    fn note(&mut self, slot: Slot, word: Word) -> Input {
        match word {
            Word::Started => {
                let settled = matches!(self.machine.state(slot), Some(State::Starting(..)));
                if settled {
                    self.deadlines.clear(slot);
                    if let Some(entry) = self.roster.lock().get_mut(slot) {
                        entry.since = Some(self.now);
                        entry.ran = entry.life.as_ref().map(|life| life.incarnation);
                    }
                }
                Input::Started(slot)
            }
            Word::Ignored => {
                self.settle(slot, ExitReason::Normal);
                Input::Ignored(slot)
            }
            Word::Exited(reason) => {
                let exit = match &reason {
                    ExitReason::InitializationFailed(_) => Exit::Unstartable,
                    reason if reason.is_clean() => Exit::Clean,
                    _ => Exit::Abnormal,
                };
                self.settle(slot, reason);
                Input::Exited(slot, exit)
            }
        }
    }

    /// Takes a life out of the books.
    fn settle(&mut self, slot: Slot, reason: ExitReason) {
        self.deadlines.clear(slot);
        self.lives.reap();
        let mut state = self.roster.lock();
        let entry = state.get_mut(slot).expect("a row outlasts its child");
        let life = entry.life.take();
        entry.since = None;
        if entry.told.is_none() {
            self.history.push(&entry.path, &reason);
        } else if self.ending.is_some() {
            let departure = life.and_then(|life| life.departure());
            self.report.extend(departure.unwrap_or_default().report.children);
            let told = entry.told.take().unwrap_or(self.now);
            self.report.push(ChildReport {
                path: entry.path.clone(),
                exit: reason.clone(),
                took: self.now.saturating_duration_since(told),
                forced: entry.forced,
                unresponsive: matches!(reason, ExitReason::Unresponsive),
            });
        }
        entry.last_exit = Some(reason);
    }

    /// Shows others how far a child is.
    fn publish(&self, slot: Slot) {
        let Some(state) = self.machine.state(slot) else {
            return;
        };
        if let Some(entry) = self.roster.lock().get_mut(slot) {
            entry.state = match state {
                State::Idle | State::Due(_) => ChildState::Idle,
                State::Starting(..) => ChildState::Starting,
                State::Running(_) => ChildState::Running,
                State::Retrying => ChildState::Restarting,
                State::Stopping(..) => ChildState::Stopping,
            };
        }
    }

    fn is_present(&self, slot: Slot, life: crate::path::Incarnation) -> bool {
        let state = self.roster.lock();
        let present = state.get(slot).and_then(|entry| entry.life.as_ref());
        present.is_some_and(|present| present.incarnation == life)
    }

    /// Closes the books, if it is over.
    fn finish(&mut self) -> ExitReason {
        let ending = self.ending.take().expect("the machine says why before it finishes");
        let exit = if self.orphaned {
            ExitReason::Killed
        } else {
            ending.exit
        };
        // Calls that are still in there are told how it ended.
        drop(self.inbox.close(&exit));
        self.deferred.clear();
        self.life.depart(Departure {
            outcome: ending.outcome,
            report: Report {
                children: std::mem::take(&mut self.report),
            },
        });
        exit
    }
}

/// The task was aborted, or the runtime ended, before the supervisor could stop its children.
impl<M> Drop for Driver<M> {
    fn drop(&mut self) {
        if self.stage == Stage::Over {
            return;
        }
        drop(self.inbox.close(&ExitReason::Killed));
        if self.rules.semantics.orderly_orphans {
            let lives: Vec<_> = self.roster.lock().lives().cloned().collect();
            self.lives.orphan(lives.iter());
        }
    }
}
