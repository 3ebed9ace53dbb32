//! Runs a supervisor: tells its machine what happens, and does what the machine says.

use std::sync::Arc;
use std::task::{Poll, ready};

use tokio::time::Instant;

use super::decide::Decide;
use super::desk::Desk;
use super::ear::Ear;
use super::ending::Ending;
use super::lives::Lives;
use super::protocol::{Action, Input, Slot};
use super::rules::Rules;
use crate::child::{Inbox, Life, Message, Occupant, Roster, Seat, SupervisorHandle};
use crate::clock::Moment;
use crate::exit::{ExitReason, InitializationError, let_go};
use crate::observe::EventKind;

/// How many children that have nothing to initialize may be started in one turn; the supervisor looks
/// at its inbox before the next one.
const AT_ONCE: u32 = 8;

/// A running supervisor. Dropping it kills its children.
#[derive(Debug)]
pub(crate) struct Driver<M> {
    pub(super) machine: M,
    /// This supervisor as a child of the one above.
    pub(super) life: Arc<Life>,
    pub(super) seat: Arc<Seat>,
    pub(super) inbox: Arc<Inbox>,
    pub(super) roster: Arc<Roster>,
    pub(super) lives: Lives,
    pub(super) desk: Desk,
    pub(super) ear: Ear,
    pub(super) began: Instant,
    pub(super) now: Instant,
    pub(super) actions: Vec<Action>,
    pub(super) stage: Stage,
    /// The supervisor above was killed.
    pub(super) orphaned: bool,
}

/// How far the supervisor is.
#[derive(Debug)]
pub(super) enum Stage {
    Booting,
    Up,
    /// It ends for that reason, since then.
    Ending(Ending, Instant),
    Over(ExitReason),
}

/// What happened, as the loop is told.
enum Heard {
    Message(Message),
    Overdue(Slot),
}

impl<M: Decide> Driver<M> {
    /// Takes the seat. The rows of `roster` are those that `machine` begins with. In a box, so that the
    /// futures in which it is stay small.
    pub(crate) fn new(
        machine: M,
        rules: Rules,
        life: &Arc<Life>,
        seat: Arc<Seat>,
        roster: Arc<Roster>,
    ) -> Box<Self> {
        let now = Instant::now();
        let semantics = rules.semantics;
        let inbox = Inbox::new(!semantics.arrival_order);
        let handle = SupervisorHandle {
            seat: Arc::clone(&seat),
        };
        let mut lives = Lives::new(&inbox, &roster, handle, semantics, life);
        lives.crash_reports = rules.crash_reports;
        // A wrapper of a supervisor starts it once a life; a second one would be its own bug.
        life.set_seat(Arc::clone(&seat));
        seat.take(Arc::new(Occupant {
            life: Arc::clone(life),
            inbox: Arc::clone(&inbox),
            roster: Arc::clone(&roster),
            since: now,
            semantics,
            stop_budget: rules.stop_budget,
        }));
        life.tell_detail(|| EventKind::Listed {
            strategy: roster.manner.strategy,
            children: roster.picture().outlines(),
        });
        life.stop.forward_to(&inbox);
        Box::new(Self {
            machine,
            life: Arc::clone(life),
            desk: Desk::new(rules, &seat),
            seat,
            ear: Ear::new(Arc::clone(&inbox)),
            inbox,
            roster,
            lives,
            began: now,
            now,
            actions: Vec::new(),
            stage: Stage::Booting,
            orphaned: false,
        })
    }

    /// Starts the children; returns when all run, or when those that ran are stopped again.
    pub(crate) async fn boot(&mut self) -> Result<(), InitializationError> {
        let first = match self.life.stop.made() {
            // Nothing is started that would only be stopped.
            Some(request) if !self.desk.rules.semantics.arrival_order => {
                self.hear(Message::Stop(request))
            }
            _ => None,
        };
        self.step(first.unwrap_or(Input::Begin));
        loop {
            match &self.stage {
                Stage::Up => {
                    self.seat.set_up();
                    self.life.family.commons.hub.beat();
                    return Ok(());
                }
                Stage::Over(ExitReason::InitializationFailed(error)) => return Err(error.clone()),
                Stage::Over(exit) => return Err(InitializationError::cut(exit.clone())),
                Stage::Booting | Stage::Ending(..) => self.turn().await,
            }
        }
    }

    /// Runs until the end, with whose reason it exits.
    pub(crate) async fn run(mut self: Box<Self>) -> Option<ExitReason> {
        // Not before: it rests between its start and this, as long as who wraps it likes.
        self.ear.listen_closely();
        loop {
            if let Stage::Over(exit) = &self.stage {
                let exit = exit.clone();
                let_go(self);
                return Some(exit);
            }
            self.turn().await;
        }
    }

    async fn turn(&mut self) {
        let input = match self.next().await {
            Heard::Message(message) => self.hear(message),
            Heard::Overdue(slot) => {
                let state = self.machine.state(slot);
                Some(self.lives.overdue(slot, state, self.began))
            }
        };
        if let Some(input) = input {
            self.step(input);
        }
    }

    /// The next thing that the machine is to hear, and when it is: messages first, then deadlines.
    ///
    /// Cancel safe: whatever is taken out is returned by the same poll, or kept by the ear.
    async fn next(&mut self) -> Heard {
        let Self {
            machine,
            lives,
            ear,
            desk,
            now,
            ..
        } = self;
        std::future::poll_fn(|cx| {
            // Asked in each poll: what is left may have to wait, and then time goes on.
            let is_same_moment = ear.has_more();
            let budget = ready!(ear.poll_budget(cx));
            let overdue = ear.is_tired().then(|| lives.poll_overdue(cx));
            let may_be_heard = |message: &Message| match *message {
                _ if !desk.rules.semantics.blocking => true,
                // The word of a life that is no more is for nobody and need not wait.
                Message::Life(slot, life, _) => {
                    !lives.is_present(slot, life) || machine.attends(&Input::Started(slot))
                }
                _ => machine.attends(&Input::StopRequested),
            };
            let heard = match overdue {
                Some(Poll::Ready(slot)) => Heard::Overdue(slot),
                Some(Poll::Pending) | None => match ear.poll(cx.waker(), may_be_heard) {
                    Poll::Ready(message) => Heard::Message(message),
                    Poll::Pending => Heard::Overdue(ready!(lives.poll_overdue(cx))),
                },
            };
            if let Some(budget) = budget {
                budget.made_progress();
            }
            if !is_same_moment {
                *now = Instant::now();
            }
            Poll::Ready(heard)
        })
        .await
    }

    fn hear(&mut self, message: Message) -> Option<Input> {
        match message {
            Message::Life(slot, life, word) => {
                self.lives.note(self.now, slot, life, word, &self.machine)
            }
            Message::Killed(slot, life) => {
                let is_present = self.lives.is_present(slot, life);
                is_present.then_some(Input::Killed(slot))
            }
            Message::Retry(slot) => Some(Input::Retry(slot)),
            Message::Stop(request) => {
                self.orphaned |= request.orphaned;
                if request.budgeted {
                    self.lives.end_by(self.now, request.deadline);
                }
                if let Stage::Ending(..) = self.stage {
                    // It ends by itself, and had more time for that.
                    self.lives.hurry(&self.machine);
                }
                Some(Input::StopRequested)
            }
            Message::Call(call, _place) => self.desk.take(call, &self.roster),
        }
    }

    fn step(&mut self, input: Input) {
        self.lives.patience = AT_ONCE;
        if let Some(newcomer) = self.desk.newcomer.take() {
            self.machine.introduce(newcomer);
        }
        let moment = Moment(self.now.saturating_duration_since(self.began));
        self.tell(moment, input);
        while let Some(slot) = self.lives.abandoned.pop() {
            let gone = self.lives.abandon(self.now, slot, &self.machine);
            self.tell(moment, gone);
        }
        // What was started and has nothing to initialize is up already.
        while let Some(slot) = self.lives.up.pop_front() {
            self.tell(moment, Input::Started(slot));
        }
        self.lives.publish(self.now, None, &self.machine);
        // Only now: who has an answer finds what it says when it looks.
        self.desk.hand_out();
        self.life.family.commons.hub.beat();
    }

    /// Tells the machine, and does what it says.
    fn tell(&mut self, moment: Moment, input: Input) {
        let mut actions = std::mem::take(&mut self.actions);
        let about = input.slot();
        self.look_at_crash();
        self.machine.step(moment, input, &mut actions);
        let decision = self.crash_decision(input, &actions);
        for action in actions.drain(..) {
            self.report_crash(decision);
            // What comes before is seen by those who are told of this.
            self.lives.publish(self.now, action.slot(), &self.machine);
            self.act(action);
        }
        self.report_crash(decision);
        self.lives.publish(self.now, about, &self.machine);
        self.actions = actions;
    }

    fn act(&mut self, action: Action) {
        let now = self.now;
        match action {
            Action::Start(slot, cause, timeout) => self.lives.start(now, slot, cause, timeout),
            Action::Ask(slot, grace) => self.lives.ask(now, slot, grace),
            Action::Kill(slot, time) => self.lives.kill(now, slot, time, self.machine.state(slot)),
            Action::Await(slot, time) => self.lives.wait(now, slot, time, self.machine.state(slot)),
            Action::Abandon(slot) => self.lives.abandoned.push(slot),
            Action::Retry(slot) => self.inbox.push(Message::Retry(slot)),
            Action::Delay(..) | Action::Watch(..) | Action::Storm(_) => {
                self.lives.pace(now, action)
            }
            Action::Recovered(_) | Action::Stuck(_) | Action::Dropped(_) | Action::Paused(_) => {
                self.lives.pace(now, action)
            }
            Action::Keep(slot) => self.desk.keep(slot, &self.roster),
            Action::Renew(slot) => self.lives.renew(slot),
            Action::Remove(slot) => self.lives.remove(slot),
            Action::Answer(request, answer) => self.desk.answer(request, answer, &self.roster),
            Action::Up => self.stage = Stage::Up,
            Action::Ending(end) => self.begin_to_end(end),
            Action::Finish => self.finish(),
        }
    }
}
