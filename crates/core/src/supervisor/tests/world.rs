//! What a driver would hold around a machine: the lives of its children, timers, calls, a mailbox.

use std::time::Duration;

use super::super::convoy::Lanes;
use super::super::decide::Decide;
use super::super::graph::Graph;
use super::super::machine::{Goal, Machine, Settings};
use super::super::protocol::{Action, Cause, End, Exit, Input, Newcomer, Request, Slot, Traits};
use super::super::slot::{Held, Patience, State};
use super::super::strategy::Strategy;
use super::promises::Step;
use crate::child::Replace;
use crate::clock::Moment;
use crate::restart::{DelayCause, ExitVerdict, Plan};

/// Every kind of exit that is followed as the spec says.
pub(super) const EXITS: [Exit; 4] = [Exit::Clean, Exit::Abnormal, Exit::Killed, Exit::Unstartable];

/// Those that say themselves what follows.
pub(super) const JUDGED: [Exit; 8] = [
    Exit::Planned,
    Exit::Hasty,
    Exit::Permanent,
    Exit::Satisfied,
    Exit::Judged(ExitVerdict::Restart),
    Exit::Judged(ExitVerdict::RestartAfter(Duration::from_millis(5))),
    Exit::Judged(ExitVerdict::Stop),
    Exit::Judged(ExitVerdict::Escalate),
];

/// A machine, the lives of its children, and the calls without an answer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct World {
    pub(super) machine: Machine,
    pub(super) now: Moment,
    pub(super) places: Vec<Place>,
    pub(super) calls: Vec<(Request, Slot)>,
    /// What a blocking machine does not attend yet, in order.
    pub(super) mailbox: Vec<Input>,
    /// When restarts were counted, by the clock that the semantics ask for.
    pub(super) counted: Vec<Duration>,
    pub(super) stood_still: Duration,
    pub(super) up: bool,
    pub(super) ending: Option<End>,
    pub(super) finished: bool,
    /// What the spec of each child says of its restarts; if that is nothing, its exits are judged.
    pub(super) plan: Option<Plan>,
    pub(super) brings: Brings,
}

/// Whom the child needs by a new spec.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub(super) enum Brings {
    /// Somebody, where there are lanes: see [`World::announce`].
    #[default]
    SomebodyInLanes,
    /// Somebody, also where nobody needs anybody yet; but then only with specs for later, so that there are machines
    /// without it.
    Somebody,
    These(Vec<Slot>),
}

/// Which calls are made: to walk all of them together would be too much.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Calls {
    /// OTP's.
    Plain,
    /// Those that change a tree while it runs.
    Living,
    All,
}

/// What a driver holds of a slot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) struct Place {
    pub(super) row: bool,
    pub(super) life: Option<Life>,
    /// The latest action gave a time, and it is not over.
    pub(super) timer: bool,
    pub(super) retries: u8,
    /// A call stopped it while its group was restarted: the group must not start it.
    pub(super) down: bool,
    /// It was to be started with its group, and is not as another one of it could not start.
    pub(super) left: bool,
    /// It is of a call of start_child and never came up: if it cannot, that is the call's matter.
    pub(super) new: bool,
    /// The spec that it has, and the one that is kept for its next life.
    pub(super) spec: Option<Traits>,
    pub(super) kept: Option<Traits>,
    /// It has another spec than it began with.
    pub(super) renewed: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Life {
    pub(super) phase: Phase,
    /// Started alone while a group was stopped or started: it lives beside the order.
    pub(super) amid: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Phase {
    Initializing,
    Running,
    /// Its exit waits in the mailbox.
    Gone,
}

impl World {
    /// A machine that was told to begin.
    pub(super) fn new(settings: Settings, children: &[Traits]) -> Self {
        let (world, _) = Self::begin(settings, children);
        world
    }

    /// A machine that was told to begin, and what it does about it.
    pub(super) fn begin(settings: Settings, children: &[Traits]) -> (Self, Vec<Action>) {
        Self::begin_with(settings, children, None, None)
    }

    /// The same, where this is said of the restarts of each child, and of how they start and stop.
    pub(super) fn begin_with(
        settings: Settings,
        children: &[Traits],
        plan: Option<Plan>,
        lanes: Option<Lanes>,
    ) -> (Self, Vec<Action>) {
        let place = |&traits: &Traits| Place {
            row: true,
            spec: Some(traits),
            ..Place::default()
        };
        let mut world = Self {
            machine: match lanes {
                Some(lanes) => Machine::with_lanes(settings, children, lanes),
                None => Machine::new(settings, children.iter().copied()),
            },
            now: Moment::default(),
            places: children.iter().map(place).collect(),
            calls: Vec::new(),
            mailbox: Vec::new(),
            counted: Vec::new(),
            stood_still: Duration::ZERO,
            up: false,
            ending: None,
            finished: false,
            plan,
            brings: Brings::default(),
        };
        for slot in 0..children.len() {
            world.lay_out(slot);
        }
        let actions = world.tell(Input::Begin);
        (world, actions)
    }

    fn lay_out(&mut self, slot: Slot) {
        if let Some(plan) = self.plan {
            self.machine.introduce(Newcomer {
                slot,
                plan: Some(plan),
                needs: Vec::new(),
                renews: false,
            });
        }
    }

    /// What else the spec says that a call brings for a row: it needs somebody if the row needs nobody, and the other
    /// way round.
    fn announce(&mut self, slot: Slot, when: Replace) {
        let graph = self.machine.lanes.as_ref().map(|lanes| &lanes.graph);
        let is_later = when == Replace::AtNextRestart;
        let needs_somebody = match graph {
            Some(graph) => graph.needs(slot).is_empty(),
            None => self.brings == Brings::Somebody && is_later,
        };
        let other = (slot + 1) % self.places.len();
        let needs = match &self.brings {
            Brings::These(needs) => needs.clone(),
            _ if needs_somebody && self.places[other].row && self.may_need(slot, other) => {
                vec![other]
            }
            _ => Vec::new(),
        };
        if self.plan.is_some() || !needs.is_empty() {
            self.machine.introduce(Newcomer {
                slot,
                plan: self.plan,
                needs,
                renews: true,
            });
        }
    }

    /// Whether no circle comes of it, whichever new specs come to be.
    fn may_need(&self, slot: Slot, other: Slot) -> bool {
        let needs = |at: Slot| {
            let lanes = self.machine.lanes.as_ref();
            let mut needs = lanes.map_or(Vec::new(), |lanes| lanes.graph.needs(at).to_vec());
            needs.extend(self.machine.renewals.needs(at));
            needs.extend((at == slot).then_some(other));
            needs
        };
        Graph::new((0..self.places.len()).map(needs).collect()).is_ok()
    }

    /// What may happen next by itself; with `thorough` also what should make no difference.
    pub(super) fn events(&self, thorough: bool) -> Vec<Input> {
        let mut events = Vec::new();
        if !self.is_stop_known() {
            events.push(Input::StopRequested);
        }
        for (slot, place) in self.places.iter().enumerate() {
            match place.life.map(|life| life.phase) {
                Some(Phase::Initializing) => {
                    events.extend([Input::Started(slot), Input::Ignored(slot)]);
                    self.exits(slot, thorough, &mut events);
                }
                Some(Phase::Running) => self.exits(slot, thorough, &mut events),
                Some(Phase::Gone) | None => (),
            }
            let overdue = Input::Overdue(slot);
            if place.timer && self.machine.state(slot).is_some() && self.machine.attends(&overdue) {
                events.push(overdue);
            }
            if place.retries > 0 {
                events.push(Input::Retry(slot));
            }
        }
        events
    }

    fn is_stop_known(&self) -> bool {
        self.ending.is_some() || self.mailbox.contains(&Input::StopRequested)
    }

    fn exits(&self, slot: Slot, thorough: bool, events: &mut Vec<Input>) {
        let state = self.machine.state(slot);
        let kinds: &[Exit] = match state {
            _ if thorough => &EXITS,
            Some(State::Running(_)) => &[Exit::Clean, Exit::Abnormal, Exit::Unstartable],
            Some(State::Starting(..)) if self.machine.row(slot).traits.is_fatal() => {
                &[Exit::Abnormal, Exit::Killed]
            }
            _ => &[Exit::Abnormal],
        };
        // A quarantine does not count, so that there is no end of them.
        let calm = self.places.iter().all(|place| place.retries == 0);
        let uncounted = self.plan.is_some_and(|plan| plan.limit.is_some());
        if calm || !uncounted {
            events.extend(kinds.iter().map(|&exit| Input::Exited(slot, exit)));
        }
        let is_first = matches!(state, Some(State::Starting(Cause::Boot | Cause::Add, _)));
        if self.plan.is_some_and(|plan| plan.is_empty()) && !is_first {
            // These end what ran; and a planned exit does not count either.
            let ran = matches!(state, Some(State::Running(_)));
            let judged = JUDGED.iter().filter(|exit| match exit {
                Exit::Planned => ran && calm,
                Exit::Permanent | Exit::Hasty => ran,
                _ => true,
            });
            events.extend(judged.map(|&exit| Input::Exited(slot, exit)));
        }
    }

    /// The calls of that part that could come next; new rows are of these kinds.
    pub(super) fn commands(&self, part: Calls, new: &[Traits]) -> Vec<Input> {
        let is_free = |request: &Request| self.calls.iter().all(|call| call.0 != *request);
        let request = (0..).find(is_free).unwrap_or_default();
        let free = self.places.iter().position(|place| !place.row);
        let free = free.unwrap_or(self.places.len());
        let mut commands: Vec<Input> = new
            .iter()
            .filter(|_| part != Calls::Living)
            .map(|&traits| Input::Add(request, free, traits))
            .collect();
        for (slot, _) in self
            .places
            .iter()
            .enumerate()
            .filter(|(_, place)| place.row)
        {
            let is_paused = self.machine.state(slot) == Some(State::Paused);
            let is_to_change = self.places[slot].kept.is_some();
            if part != Calls::Living || is_paused || is_to_change {
                commands.extend([
                    Input::Terminate(request, slot),
                    Input::Restart(request, slot),
                    Input::Delete(request, slot),
                ]);
            }
            if part != Calls::Living {
                commands.push(Input::Killed(slot));
            }
            if part != Calls::Plain {
                commands.push(Input::Pause(request, slot));
                commands.push(Input::Discard(request, slot));
                for (&traits, when) in new.iter().flat_map(|traits| {
                    [Replace::Now, Replace::AtNextRestart].map(|when| (traits, when))
                }) {
                    commands.push(Input::Replace(request, slot, traits, when));
                }
            }
            // What it is refused for does not change the machine.
            if part == Calls::All || part == Calls::Living && is_paused {
                commands.push(Input::Resume(request, slot));
            }
        }
        commands
    }

    /// Tells the machine, or keeps what it does not attend, and checks what comes of it.
    pub(super) fn tell(&mut self, input: Input) -> Vec<Action> {
        let mut all = Vec::new();
        let before = self.machine.clone();
        self.tell_after(&before, input, &mut all);
        all
    }

    /// What becomes of this world with that input.
    pub(super) fn after(&self, input: Input) -> Self {
        let mut next = self.clone();
        next.tell_after(&self.machine, input, &mut Vec::new());
        next
    }

    fn tell_after(&mut self, before: &Machine, input: Input, all: &mut Vec<Action>) {
        self.note_call(input);
        if self.attends(&input) {
            self.step(before, input, all);
        } else {
            self.keep(input);
        }
        while let Some(at) = self.mailbox.iter().position(|input| self.attends(input)) {
            let input = self.mailbox.remove(at);
            let before = self.machine.clone();
            self.step(&before, input, all);
        }
    }

    fn attends(&self, input: &Input) -> bool {
        match input.slot() {
            Some(slot) if !is_new(input) && self.machine.state(slot).is_none() => true,
            _ => self.machine.attends(input),
        }
    }

    fn note_call(&mut self, input: Input) {
        if let Input::Add(request, slot, _)
        | Input::AddKnown(request, slot)
        | Input::Terminate(request, slot)
        | Input::Restart(request, slot)
        | Input::Delete(request, slot)
        | Input::Discard(request, slot)
        | Input::Pause(request, slot)
        | Input::Resume(request, slot)
        | Input::Replace(request, slot, ..) = input
        {
            self.calls.push((request, slot));
        }
        if let Input::Add(_, slot, traits) = input {
            if self.places.len() <= slot {
                self.places.resize(slot + 1, Place::default());
            }
            self.places[slot].row = true;
            self.places[slot].new = true;
            self.places[slot].spec = Some(traits);
            self.places[slot].renewed = false;
            self.lay_out(slot);
        }
    }

    fn keep(&mut self, input: Input) {
        if let Input::Exited(slot, _) | Input::Ignored(slot) = input
            && let Some(life) = &mut self.places[slot].life
        {
            life.phase = Phase::Gone;
        }
        if let Input::Retry(slot) = input {
            self.places[slot].retries -= 1;
        }
        self.mailbox.push(input);
    }

    /// Tells the machine one input and checks what it makes of it.
    fn step(&mut self, before: &Machine, input: Input, all: &mut Vec<Action>) {
        if !is_new(&input)
            && input
                .slot()
                .is_some_and(|slot| self.machine.state(slot).is_none())
        {
            // The driver finds no such row when the turn of the input comes.
            return self.calls.retain(|call| Some(call.0) != request(input));
        }
        if let Input::Replace(_, slot, _, when) = input {
            self.announce(slot, when);
        }
        self.happened(input);
        let mut actions = Vec::new();
        self.machine.step(self.now, input, &mut actions);
        let step = Step {
            before,
            input,
            actions: &actions,
        };
        for &action in &actions {
            self.carry_out(action, &step);
        }
        self.mark(&step);
        self.check(&step);
        let first = all.len();
        all.extend(actions);
        for at in first..all.len() {
            if let Action::Abandon(slot) = all[at] {
                // The driver reports it at once.
                let before = self.machine.clone();
                self.step(&before, Input::Exited(slot, Exit::Abnormal), all);
            }
        }
    }

    /// What an input means for the lives, before the machine hears of it.
    fn happened(&mut self, input: Input) {
        if let Input::Exited(slot, Exit::Judged(ExitVerdict::Restart)) = input
            && matches!(self.machine.goal, Goal::Raise { busy, .. } if busy == Some(slot))
        {
            // The restart of the group has failed, and what follows at once is another one.
            for place in &mut self.places {
                place.down = false;
            }
        }
        if let Input::Exited(slot, _) = input
            && self.machine.goal == Goal::Convoy
            && self.machine.is_lifting()
            && matches!(self.machine.state(slot), Some(State::Running(_)))
        {
            // A group that is restarted anew goes on with those whom calls have stopped before, but for those to come.
            for (slot, place) in self.places.iter_mut().enumerate() {
                place.down &= self.machine.state(slot).is_some_and(State::is_due);
            }
        }
        match input {
            Input::Started(slot) => {
                self.life(slot).phase = Phase::Running;
                self.places[slot].new = false;
            }
            Input::Ignored(slot) | Input::Exited(slot, _) => {
                self.places[slot].life = None;
                self.places[slot].timer = false;
                self.places[slot].new &= matches!(input, Input::Exited(..));
            }
            Input::Overdue(slot) => self.places[slot].timer = false,
            // From now on it is a row as any other.
            Input::Terminate(_, slot)
            | Input::Pause(_, slot)
            | Input::Replace(_, slot, _, Replace::Now) => self.places[slot].new = false,
            Input::Retry(slot) => {
                self.places[slot].retries = self.places[slot].retries.saturating_sub(1);
            }
            _ => (),
        }
    }

    fn life(&mut self, slot: Slot) -> &mut Life {
        self.places[slot].life.as_mut().expect("the child lives")
    }

    fn carry_out(&mut self, action: Action, step: &Step<'_>) {
        if let Some(slot) = action.slot() {
            let lives = self.places[slot].life.is_some();
            let needs_life = !matches!(
                action,
                Action::Start(..)
                    | Action::Retry(_)
                    | Action::Remove(_)
                    | Action::Delay(..)
                    | Action::Dropped(_)
                    | Action::Paused(_)
                    | Action::Renew(_)
            );
            let needs_life = match action {
                Action::Keep(_) => lives,
                _ => needs_life,
            };
            assert_eq!(lives, needs_life, "{action:?} {}", step.story(self));
        }
        match action {
            Action::Start(slot, cause, timeout) => self.start(slot, cause, timeout, step),
            Action::Ask(slot, timeout) => self.places[slot].timer = timeout.is_some(),
            Action::Kill(slot, _) | Action::Await(slot, _) => self.places[slot].timer = true,
            Action::Delay(slot, DelayCause::Dependency, _) => self.places[slot].timer = false,
            Action::Delay(slot, ..) | Action::Watch(slot, _) => self.places[slot].timer = true,
            Action::Recovered(_)
            | Action::Stuck(_)
            | Action::Dropped(_)
            | Action::Paused(_)
            | Action::Storm(_) => {
                assert_eq!(self.ending, None, "{action:?} {}", step.story(self));
            }
            Action::Abandon(slot) => self.life(slot).phase = Phase::Gone,
            Action::Keep(slot) => match step.input {
                Input::Replace(_, at, traits, _) if at == slot => {
                    self.places[slot].kept = Some(traits);
                }
                _ => panic!("keeps nothing {}", step.story(self)),
            },
            Action::Renew(slot) => {
                let place = &mut self.places[slot];
                place.spec = place.kept.take();
                place.renewed = true;
                assert!(place.spec.is_some(), "it has no spec {}", step.story(self));
            }
            Action::Retry(_) if self.ending.is_some() => {
                panic!("tries again while ending {}", step.story(self));
            }
            Action::Retry(slot) if self.machine.settings.semantics.blocking => {
                self.mailbox.push(Input::Retry(slot));
            }
            Action::Retry(slot) => self.places[slot].retries += 1,
            Action::Remove(slot) => {
                assert!(self.places[slot].row, "removed twice {}", step.story(self));
                self.places[slot].row = false;
                self.places[slot].down = false;
                self.places[slot].kept = None;
            }
            Action::Answer(request, _) => {
                let at = self.calls.iter().position(|call| call.0 == request);
                let at = at.unwrap_or_else(|| panic!("answered twice {}", step.story(self)));
                self.calls.remove(at);
            }
            Action::Up => {
                assert!(!self.up && self.ending.is_none(), "up {}", step.story(self));
                self.up = true;
            }
            Action::Ending(end) => {
                assert_eq!(self.ending, None, "ends once {}", step.story(self));
                if let End::BootFailed(slot) | End::RestartFailed(slot) = end {
                    assert!(
                        !self.places[slot].new,
                        "a call's matter {}",
                        step.story(self)
                    );
                }
                self.ending = Some(end);
            }
            Action::Finish => {
                let is_first = self.ending.is_some() && !self.finished;
                assert!(
                    is_first,
                    "finishes once, after it said so {}",
                    step.story(self)
                );
                self.finished = true;
            }
        }
    }

    fn start(&mut self, slot: Slot, cause: Cause, timeout: Option<Duration>, step: &Step<'_>) {
        let place = self.places[slot];
        assert!(place.row, "started without a row {}", step.story(self));
        assert_eq!(
            place.kept,
            None,
            "started with an old spec {}",
            step.story(self)
        );
        assert_eq!(
            self.ending,
            None,
            "started while ending {}",
            step.story(self)
        );
        let called = cause.is_call();
        assert!(
            called || !place.down,
            "started what a call stopped {}",
            step.story(self)
        );
        let alone = called
            || self.machine.settings.strategy == Strategy::OneForOne && cause == Cause::Restart;
        self.places[slot].timer = timeout.is_some();
        self.places[slot].life = Some(Life {
            phase: Phase::Initializing,
            amid: alone && self.machine.goal != Goal::Run,
        });
    }

    /// Updates what is remembered of calls amid the restart of a group.
    fn mark(&mut self, step: &Step<'_>) {
        let settled = !self.machine.is_clearing() && !self.machine.is_lifting();
        let again = step.before.is_lifting() && self.machine.is_clearing();
        // Rows of the group that calls have started since it was left down live on beside it.
        let is_without = step.before.goal == Goal::Run && self.machine.is_lifting();
        let goes_on = is_without && step.is_of_nobody_any_more();
        for (slot, place) in self.places.iter_mut().enumerate() {
            if let Some(life) = &mut place.life {
                life.amid = goes_on || life.amid && !settled && !again;
            }
            place.down &= !settled && (!again || step.was_ahead(slot));
            let was_due = step.before.state(slot).is_some_and(State::is_due);
            let is_told = matches!(step.input, Input::Terminate(_, told) if told == slot);
            place.left |= was_due;
            place.left &= self.machine.state(slot) == Some(State::Idle) && !is_told;
        }
        match step.input {
            Input::Terminate(_, slot) if !settled && step.is_of_group(slot) => {
                self.places[slot].down = self.places[slot].row;
            }
            Input::Restart(_, slot)
            | Input::Resume(_, slot)
            | Input::Replace(_, slot, _, Replace::Now) => self.places[slot].down = false,
            _ => (),
        }
    }

    /// Time passes; the clock that restarts are counted by stands still while a group is stopped.
    pub(super) fn pass(&mut self, time: Duration) {
        self.now.0 += time;
        if self.machine.is_clearing() {
            self.stood_still += time;
        }
    }

    /// From here children do what they are asked to: comes to rest, then to an end, or panics.
    pub(super) fn cooperate(mut self) {
        self.rest(|_| true);
        self.tell(Input::StopRequested);
        self.rest(|_| true);
        assert!(self.finished, "did not end {self:?}");
    }

    /// From here nobody reacts to anything: comes to an end all the same.
    pub(super) fn resist(mut self) {
        self.tell(Input::StopRequested);
        for _ in 0..4 * self.places.len() {
            let Some(slot) = self
                .places
                .iter()
                .position(|place| place.timer && place.life.is_some())
            else {
                break;
            };
            self.tell(Input::Overdue(slot));
        }
        assert!(self.finished, "did not end {self:?}");
    }

    /// Lets children do what they are asked to, as far as they can start, until nothing is under way.
    pub(super) fn rest(&mut self, can_start: impl Fn(Slot) -> bool) -> Vec<Action> {
        // Each counted restart may stop and start every row once.
        let rounds = self.machine.settings.intensity.restarts as usize + 2;
        let mut actions = Vec::new();
        for _ in 0..8 * (self.places.len() + 1) * rounds {
            match self.kind_event(&can_start) {
                Some(input) => actions.extend(self.tell(input)),
                None => return actions,
            }
        }
        panic!("comes to no rest {self:?}");
    }

    pub(super) fn kind_event(&self, can_start: impl Fn(Slot) -> bool) -> Option<Input> {
        self.places
            .iter()
            .enumerate()
            .find_map(|(slot, place)| match self.machine.state(slot)? {
                State::Starting(_, Patience::InTime) if can_start(slot) => {
                    Some(Input::Started(slot))
                }
                State::Starting(..) => Some(Input::Exited(slot, Exit::Abnormal)),
                State::Stopping(..) => Some(Input::Exited(slot, Exit::Clean)),
                State::Delayed(Held::Paced | Held::Quarantined) => Some(Input::Overdue(slot)),
                State::Idle
                | State::Due(_)
                | State::Retrying
                | State::Running(_)
                | State::Paused
                | State::Delayed(Held::Over | Held::Needy) => {
                    (place.retries > 0).then_some(Input::Retry(slot))
                }
            })
    }

    pub(super) fn is_starting(&self, slot: Slot) -> bool {
        matches!(self.machine.state(slot), Some(State::Starting(..)))
    }

    pub(super) fn is_running(&self, slot: Slot) -> bool {
        matches!(self.machine.state(slot), Some(State::Running(_)))
    }

    pub(super) fn is_stopping(&self, slot: Slot) -> bool {
        matches!(self.machine.state(slot), Some(State::Stopping(..)))
    }

    pub(super) fn row_count(&self) -> usize {
        self.places.iter().filter(|place| place.row).count()
    }
}

/// Whether it may be told though no row has its slot.
fn is_new(input: &Input) -> bool {
    matches!(input, Input::Add(..) | Input::Retry(_))
}

fn request(input: Input) -> Option<Request> {
    match input {
        Input::Add(request, ..) | Input::AddKnown(request, _) | Input::Terminate(request, _) => {
            Some(request)
        }
        Input::Restart(request, _) | Input::Delete(request, _) => Some(request),
        Input::Discard(request, _) => Some(request),
        Input::Pause(request, _) | Input::Resume(request, _) => Some(request),
        Input::Replace(request, ..) => Some(request),
        _ => None,
    }
}
