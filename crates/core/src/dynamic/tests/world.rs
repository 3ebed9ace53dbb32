//! What a driver would hold around a machine, and the promises that are checked at each step.

use super::super::machine::{Machine, Settings};
use crate::child::ShutdownStrategy;
use crate::clock::Moment;
use crate::supervisor::{
    Action, Answer, Cause, Decide, End, Exit, Force, Input, Refusal, Slot, State, Traits,
};

/// What can happen to a machine: an input, or a call that becomes one when it is heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Event {
    Tell(Input),
    Add(u64, Traits),
    Terminate(u64, Slot),
}

/// A machine, the lives of its children, and the calls without an answer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct World {
    machine: Machine,
    max: usize,
    pub(super) blocking: bool,
    places: Vec<Option<Place>>,
    /// Each call, and the row that it is about once it was heard.
    calls: Vec<(u64, Option<Slot>)>,
    /// What a blocking machine does not attend yet, in order.
    mailbox: Vec<Event>,
    /// How many restarts were begun; the clock stands still here.
    restarts: u32,
    ending: Option<End>,
    pub(super) finished: bool,
}

/// What a driver holds of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Place {
    traits: Traits,
    life: Option<Phase>,
    timer: bool,
    retries: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Phase {
    Initializing,
    Running,
    /// Its exit waits in the mailbox.
    Gone,
}

/// How many restarts the machines bear.
pub(super) const LIMIT: u32 = 2;

/// How many rows a walk looks at; `max_children` may be less.
pub(super) const ROWS: usize = 3;

impl World {
    pub(super) fn new(settings: Settings) -> Self {
        let mut world = Self {
            machine: Machine::new(settings),
            max: settings.max_children,
            blocking: settings.semantics.blocking,
            places: Vec::new(),
            calls: Vec::new(),
            mailbox: Vec::new(),
            restarts: 0,
            ending: None,
            finished: false,
        };
        world.happen(Event::Tell(Input::Begin));
        world
    }

    /// What may come next by itself.
    pub(super) fn events(&self) -> Vec<Event> {
        let mut inputs = Vec::new();
        let is_stop_known = self.mailbox.contains(&Event::Tell(Input::StopRequested));
        if self.ending.is_none() && !is_stop_known {
            inputs.push(Input::StopRequested);
        }
        for (slot, place) in self.rows() {
            match place.life {
                Some(Phase::Initializing) => inputs.extend([
                    Input::Started(slot),
                    Input::Ignored(slot),
                    Input::Exited(slot, Exit::Unstartable),
                ]),
                Some(Phase::Running) => {
                    let exits = [Exit::Clean, Exit::Abnormal, Exit::Unstartable];
                    inputs.extend(exits.map(|exit| Input::Exited(slot, exit)));
                }
                Some(Phase::Gone) | None => (),
            }
            if place.timer && self.machine.attends(&Input::Overdue(slot)) {
                inputs.push(Input::Overdue(slot));
            }
            if place.retries > 0 {
                inputs.push(Input::Retry(slot));
            }
        }
        inputs.into_iter().map(Event::Tell).collect()
    }

    /// The calls that could come next.
    pub(super) fn calls(&self, kinds: &[Traits]) -> Vec<Event> {
        let is_free = |request: &u64| self.calls.iter().all(|call| call.0 != *request);
        let request = (0..).find(is_free).unwrap_or_default();
        let mut calls = Vec::new();
        if self.rows().count() < ROWS {
            calls.extend(kinds.iter().map(|&traits| Event::Add(request, traits)));
        }
        for (slot, place) in self.rows() {
            calls.push(Event::Terminate(request, slot));
            if place.life.is_some_and(|phase| phase != Phase::Gone) {
                calls.push(Event::Tell(Input::Killed(slot)));
            }
        }
        calls
    }

    fn rows(&self) -> impl Iterator<Item = (Slot, Place)> {
        let rows = self.places.iter().enumerate();
        rows.filter_map(|(slot, place)| Some((slot, (*place)?)))
    }

    pub(super) fn after(&self, event: Event) -> Self {
        let mut next = self.clone();
        next.happen(event);
        next
    }

    /// Tells the machine, or keeps what it does not attend, and then what was kept.
    fn happen(&mut self, event: Event) {
        if let Event::Add(request, _) | Event::Terminate(request, _) = event {
            self.calls.push((request, None));
        }
        if let Event::Tell(Input::Exited(slot, _) | Input::Ignored(slot)) = event {
            self.place(slot).life = Some(Phase::Gone);
        }
        if let Event::Tell(Input::Retry(slot)) = event {
            self.place(slot).retries -= 1;
        }
        self.mailbox.push(event);
        while let Some(at) = self.mailbox.iter().position(|event| self.attends(event)) {
            let event = self.mailbox.remove(at);
            self.hear(event);
        }
        self.check_rest();
    }

    fn attends(&self, event: &Event) -> bool {
        match event {
            Event::Tell(
                input @ (Input::Started(slot) | Input::Ignored(slot) | Input::Exited(slot, _)),
            ) => self.places[*slot].is_none() || self.machine.attends(input),
            Event::Tell(input @ Input::Overdue(_)) => self.machine.attends(input),
            _ => self.machine.attends(&Input::StopRequested),
        }
    }

    /// As the desk does: a call becomes an input when it is heard, if its row is there.
    fn hear(&mut self, event: Event) {
        let input = match event {
            Event::Tell(input) => input,
            Event::Add(request, traits) => {
                let free = self.places.iter().position(Option::is_none);
                let slot = free.unwrap_or(self.places.len());
                self.places.resize(self.places.len().max(slot + 1), None);
                self.places[slot] = Some(Place {
                    traits,
                    life: None,
                    timer: false,
                    retries: 0,
                });
                self.set_row(request, slot);
                Input::Add(request, slot, traits)
            }
            Event::Terminate(request, slot) => {
                self.set_row(request, slot);
                Input::Terminate(request, slot)
            }
        };
        self.step(input);
    }

    fn set_row(&mut self, request: u64, slot: Slot) {
        for call in self.calls.iter_mut().filter(|call| call.0 == request) {
            call.1 = Some(slot);
        }
    }

    fn step(&mut self, input: Input) {
        let before = self.clone();
        match input {
            Input::Started(slot) => self.place(slot).life = Some(Phase::Running),
            Input::Ignored(slot) | Input::Exited(slot, _) => {
                (self.place(slot).life, self.place(slot).timer) = (None, false);
            }
            Input::Overdue(slot) => self.place(slot).timer = false,
            _ => (),
        }
        let mut actions = Vec::new();
        self.machine.step(Moment::default(), input, &mut actions);
        for &action in &actions {
            self.carry_out(action, &before);
        }
        let story = || {
            format!("\nbefore: {before:?}\ninput: {input:?}\nactions: {actions:?}\nafter: {self:?}")
        };
        self.check(&story);
        if self.ending.is_some() && before.ending.is_none() {
            self.check_told(&before, &actions, &story);
        }
        for action in actions {
            if let Action::Abandon(slot) = action {
                // The driver reports it at once.
                self.step(Input::Exited(slot, Exit::Abnormal));
            }
        }
    }

    fn place(&mut self, slot: Slot) -> &mut Place {
        self.places[slot].as_mut().expect("the row is there")
    }

    fn carry_out(&mut self, action: Action, before: &World) {
        match action {
            Action::Start(slot, cause, timeout) => {
                assert_eq!(self.ending, None, "started while ending, {before:?}");
                self.restarts += u32::from(cause == Cause::Restart);
                assert!(self.restarts <= LIMIT, "one restart too many, {before:?}");
                let place = self.place(slot);
                assert_eq!(place.life, None, "started twice, {before:?}");
                (place.life, place.timer) = (Some(Phase::Initializing), timeout.is_some());
            }
            Action::Ask(slot, grace) => {
                assert!(self.place(slot).life.is_some(), "asks nobody, {before:?}");
                self.place(slot).timer = grace.is_some();
            }
            Action::Kill(slot, _) | Action::Await(slot, _) => {
                assert!(self.place(slot).life.is_some(), "kills nobody, {before:?}");
                self.place(slot).timer = true;
            }
            Action::Abandon(slot) => {
                let life = &mut self.place(slot).life;
                assert!(life.is_some(), "abandons nobody, {before:?}");
                *life = Some(Phase::Gone);
            }
            Action::Retry(slot) if self.blocking => {
                self.mailbox.push(Event::Tell(Input::Retry(slot)));
            }
            Action::Retry(slot) => self.place(slot).retries += 1,
            Action::Delay(slot, ..) | Action::Watch(slot, _) => self.place(slot).timer = true,
            Action::Recovered(_) | Action::Stuck(_) | Action::Dropped(_) | Action::Storm(_) => (),
            Action::Paused(_) | Action::Keep(_) | Action::Renew(_) => {
                panic!("none can come back, {before:?}")
            }
            Action::Remove(slot) => self.remove(slot, before),
            Action::Answer(request, answer) => self.answer(request, answer, before),
            Action::Up => assert_eq!(self.ending, None),
            Action::Ending(end) => {
                assert_eq!(self.ending.replace(end), None, "ends once, {before:?}");
            }
            Action::Finish => {
                assert!(
                    self.ending.is_some() && !self.finished,
                    "finishes once, {before:?}"
                );
                self.finished = true;
            }
        }
    }

    fn remove(&mut self, slot: Slot, before: &World) {
        let place = self.places[slot].take();
        assert!(
            place.is_some_and(|place| place.life.is_none()),
            "forgets a life, {before:?}"
        );
        // Who calls for a row that is gone is told so by the desk; its retry is for nobody.
        let (calls, mailbox) = (&mut self.calls, &mut self.mailbox);
        mailbox.retain(|event| match *event {
            Event::Terminate(request, row) if row == slot => {
                calls.retain(|call| call.0 != request);
                false
            }
            Event::Tell(input) => input.slot() != Some(slot),
            Event::Terminate(..) | Event::Add(..) => true,
        });
    }

    fn answer(&mut self, request: u64, answer: Answer, before: &World) {
        let at = self.calls.iter().position(|call| call.0 == request);
        self.calls
            .remove(at.unwrap_or_else(|| panic!("answered twice, {before:?}")));
        let full = before.machine_rows() >= self.max;
        match answer {
            Answer::Refused(Refusal::MaxChildren) => assert!(full, "there is a place, {before:?}"),
            Answer::Refused(Refusal::ShuttingDown) => assert!(self.ending.is_some()),
            Answer::Refused(other) => panic!("{other:?}, {before:?}"),
            _ => (),
        }
    }

    fn machine_rows(&self) -> usize {
        let slots = 0..self.places.len();
        slots
            .filter(|&slot| self.machine.state(slot).is_some())
            .count()
    }

    /// States and lives agree, nobody waits without a reason, and there are not too many.
    fn check(&self, story: &impl Fn() -> String) {
        assert!(
            self.machine_rows() <= self.max,
            "too many children {}",
            story()
        );
        for slot in 0..self.places.len() {
            let Some(place) = self.places[slot] else {
                assert_eq!(self.machine.state(slot), None, "{}", story());
                continue;
            };
            let Some(state) = self.machine.state(slot) else {
                panic!("a row is lost {}", story())
            };
            let lives = match state {
                State::Starting(..) | State::Running(_) | State::Stopping(..) => true,
                State::Retrying | State::Delayed(_) => false,
                State::Idle | State::Due(_) | State::Paused => {
                    panic!("a row without a task {}", story())
                }
            };
            assert_eq!(place.life.is_some(), lives, "life of {slot} {}", story());
            let limited = match state {
                State::Stopping(_, Force::Asked) => {
                    place.traits.shutdown != ShutdownStrategy::Infinite
                }
                State::Stopping(_, Force::Killed) | State::Starting(..) => true,
                state => state.is_aborted(),
            };
            let waits = place.life == Some(Phase::Gone) || place.timer;
            assert!(
                !limited || waits,
                "waits without a limit for {slot} {}",
                story()
            );
            let retries =
                self.mailbox.contains(&Event::Tell(Input::Retry(slot))) || place.retries > 0;
            assert!(
                state != State::Retrying || retries,
                "is not retried {}",
                story()
            );
        }
        for &(_, row) in self.calls.iter().filter(|call| call.1.is_some()) {
            let state = row.and_then(|slot| self.machine.state(slot));
            assert!(
                state.is_some_and(State::is_unsettled),
                "a call is forgotten {}",
                story()
            );
        }
    }

    /// At the end all that live are told so, in one step.
    fn check_told(&self, before: &World, actions: &[Action], story: &impl Fn() -> String) {
        for (slot, _) in self.rows() {
            let state = self.machine.state(slot);
            assert!(
                matches!(state, Some(State::Stopping(..))),
                "{slot} is not told {}",
                story()
            );
            let was = before.machine.state(slot);
            let knew =
                was.is_some_and(|was| matches!(was, State::Stopping(..)) || was.is_aborted());
            let told = actions.iter().any(
                |action| matches!(*action, Action::Ask(at, _) | Action::Kill(at, _) if at == slot),
            );
            assert!(knew != told, "{slot} is told once {}", story());
        }
    }

    /// What an attending machine leaves behind when nothing is in its mailbox.
    fn check_rest(&self) {
        if self.finished {
            assert!(self.rows().next().is_none(), "left behind {self:?}");
            let unheard = |call: &(u64, Option<Slot>)| call.1.is_none();
            assert!(self.calls.iter().all(unheard), "no answer {self:?}");
        } else {
            let over = self.ending.is_some() && self.rows().next().is_none();
            assert!(!over, "does not finish {self:?}");
        }
    }

    /// From here children do as they are asked to: comes to an end.
    pub(super) fn cooperate(mut self) {
        self.happen(Event::Tell(Input::StopRequested));
        for _ in 0..8 * ROWS {
            let next = self.rows().find_map(|(slot, place)| match place.life {
                Some(Phase::Initializing | Phase::Running) => {
                    Some(Input::Exited(slot, Exit::Clean))
                }
                Some(Phase::Gone) => None,
                None => (place.retries > 0).then_some(Input::Retry(slot)),
            });
            match next {
                Some(input) if !self.finished => self.happen(Event::Tell(input)),
                _ => break,
            }
        }
        assert!(self.finished, "did not end {self:?}");
    }

    /// From here nobody reacts to anything: comes to an end all the same.
    pub(super) fn resist(mut self) {
        self.happen(Event::Tell(Input::StopRequested));
        for _ in 0..4 * ROWS {
            let Some((slot, _)) = self.rows().find(|(_, place)| place.timer) else {
                break;
            };
            self.happen(Event::Tell(Input::Overdue(slot)));
        }
        assert!(self.finished, "did not end {self:?}");
    }
}
