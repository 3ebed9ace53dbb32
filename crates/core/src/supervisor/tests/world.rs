//! What a driver would hold around a machine, and the promises that are checked at each step.

use std::hash::{Hash, Hasher};
use std::time::Duration;

use super::super::machine::{Goal, Machine, Settings};
use super::super::protocol::{Action, Cause, End, Exit, Input, Request, Slot, Traits};
use super::super::slot::{Force, Patience, State, Then};
use super::super::strategy::{AutoShutdown, Strategy};
use crate::child::{InitPolicy, ShutdownStrategy};
use crate::clock::Moment;
use crate::restart::Restart;

/// A machine, the lives of its children, and the calls without an answer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct World {
    pub(super) machine: Machine,
    pub(super) now: Moment,
    places: Vec<Place>,
    calls: Vec<(Request, Slot)>,
    /// What a blocking machine does not attend yet, in order.
    mailbox: Vec<Input>,
    /// When a restart was counted, by the clock that stands still while a group is stopped.
    counted: Vec<Duration>,
    stood_still: Duration,
    up: bool,
    pub(super) ending: Option<End>,
    pub(super) finished: bool,
}

/// What a driver holds of a slot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Place {
    row: bool,
    life: Option<Life>,
    /// The latest action gave a time, and it is not over.
    timer: bool,
    retries: u8,
    /// A call stopped it while its group was restarted: the group must not start it.
    down: bool,
    /// It is of a call of start_child and never came up: if it cannot, that is the call's matter.
    new: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Life {
    phase: Phase,
    /// Started alone while a group was stopped or started: it lives beside the order.
    amid: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Phase {
    Initializing,
    Running,
    /// Its exit waits in the mailbox.
    Gone,
}

impl World {
    /// A machine that was told to begin.
    pub(super) fn new(settings: Settings, children: &[Traits]) -> Self {
        let place = Place {
            row: true,
            ..Place::default()
        };
        let mut world = Self {
            machine: Machine::new(settings, children.iter().copied()),
            now: Moment::default(),
            places: vec![place; children.len()],
            calls: Vec::new(),
            mailbox: Vec::new(),
            counted: Vec::new(),
            stood_still: Duration::ZERO,
            up: false,
            ending: None,
            finished: false,
        };
        world.tell(Input::Begin);
        world
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
        let runs = matches!(self.machine.state(slot), Some(State::Running(_)));
        let kinds: &[Exit] = if runs || thorough {
            &[Exit::Clean, Exit::Abnormal, Exit::Unstartable]
        } else {
            &[Exit::Abnormal]
        };
        events.extend(kinds.iter().map(|&exit| Input::Exited(slot, exit)));
    }

    /// The calls that could come next; new rows are of these kinds.
    pub(super) fn commands(&self, new: &[Traits]) -> Vec<Input> {
        let is_free = |request: &Request| self.calls.iter().all(|call| call.0 != *request);
        let request = (0..).find(is_free).unwrap_or_default();
        let free = self.places.iter().position(|place| !place.row);
        let free = free.unwrap_or(self.places.len());
        let mut commands: Vec<Input> =
            new.iter().map(|&traits| Input::Add(request, free, traits)).collect();
        for (slot, _) in self.places.iter().enumerate().filter(|(_, place)| place.row) {
            commands.extend([
                Input::Terminate(request, slot),
                Input::Restart(request, slot),
                Input::Delete(request, slot),
                Input::Killed(slot),
            ]);
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
        | Input::Delete(request, slot) = input
        {
            self.calls.push((request, slot));
        }
        if let Input::Add(_, slot, _) = input {
            if self.places.len() <= slot {
                self.places.resize(slot + 1, Place::default());
            }
            self.places[slot].row = true;
            self.places[slot].new = true;
        }
    }

    fn keep(&mut self, input: Input) {
        if let Input::Exited(slot, _) = input
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
        if !is_new(&input) && input.slot().is_some_and(|slot| self.machine.state(slot).is_none()) {
            // The driver finds no such row when the turn of the input comes.
            return self.calls.retain(|call| Some(call.0) != request(input));
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
        all.extend(actions);
    }

    /// What an input means for the lives, before the machine hears of it.
    fn happened(&mut self, input: Input) {
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
            Input::Terminate(_, slot) => self.places[slot].new = false,
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
            let needs_life = !matches!(action, Action::Start(..) | Action::Retry(_) | Action::Remove(_));
            assert_eq!(lives, needs_life, "{action:?} {}", step.story(self));
        }
        match action {
            Action::Start(slot, cause, timeout) => self.start(slot, cause, timeout, step),
            Action::Ask(slot, timeout) => self.places[slot].timer = timeout.is_some(),
            Action::Kill(slot, _) | Action::Await(slot, _) => self.places[slot].timer = true,
            Action::Abandon(slot) => {
                self.places[slot].life = None;
                self.places[slot].timer = false;
            }
            Action::Retry(slot) if self.machine.settings.semantics.blocking => {
                self.mailbox.push(Input::Retry(slot));
            }
            Action::Retry(slot) => self.places[slot].retries += 1,
            Action::Remove(slot) => {
                assert!(self.places[slot].row, "removed twice {}", step.story(self));
                self.places[slot].row = false;
                self.places[slot].down = false;
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
                    assert!(!self.places[slot].new, "a call's matter {}", step.story(self));
                }
                self.ending = Some(end);
            }
            Action::Finish => {
                let is_first = self.ending.is_some() && !self.finished;
                assert!(is_first, "finishes once, after it said so {}", step.story(self));
                self.finished = true;
            }
        }
    }

    fn start(&mut self, slot: Slot, cause: Cause, timeout: Option<Duration>, step: &Step<'_>) {
        let place = self.places[slot];
        assert!(place.row, "started without a row {}", step.story(self));
        assert_eq!(self.ending, None, "started while ending {}", step.story(self));
        let called = matches!(cause, Cause::Add | Cause::Call);
        assert!(called || !place.down, "started what a call stopped {}", step.story(self));
        let alone = called || self.machine.settings.strategy == Strategy::OneForOne && cause == Cause::Restart;
        self.places[slot].timer = timeout.is_some();
        self.places[slot].life = Some(Life {
            phase: Phase::Initializing,
            amid: alone && self.machine.goal != Goal::Run,
        });
    }

    /// Updates what is remembered of calls amid the restart of a group.
    fn mark(&mut self, step: &Step<'_>) {
        let settled = !matches!(self.machine.goal, Goal::Clear { .. } | Goal::Raise { .. });
        let again = matches!(step.before.goal, Goal::Raise { .. })
            && matches!(self.machine.goal, Goal::Clear { .. });
        for (slot, place) in self.places.iter_mut().enumerate() {
            if let Some(life) = &mut place.life {
                life.amid &= !settled && !again;
            }
            place.down &= !settled && !(again && !step.was_ahead(slot));
        }
        match step.input {
            Input::Terminate(_, slot) if !settled => self.places[slot].down = self.places[slot].row,
            Input::Restart(_, slot) => self.places[slot].down = false,
            _ => (),
        }
    }

    fn check(&mut self, step: &Step<'_>) {
        self.machine.rows.recount();
        self.check_rows(step);
        self.check_order(step);
        self.check_reaction(step);
        self.check_rest(step);
    }

    /// States and lives agree, and nobody is waited for without a limit.
    fn check_rows(&self, step: &Step<'_>) {
        for (slot, place) in self.places.iter().enumerate() {
            let state = self.machine.state(slot);
            let expected = match state {
                None | Some(State::Idle | State::Due(_) | State::Retrying) => false,
                Some(State::Starting(..) | State::Running(_) | State::Stopping(..)) => true,
            };
            assert_eq!(place.life.is_some(), expected, "life of {slot} {}", step.story(self));
            let kept = self.mailbox.iter().any(|input| matches!(input, Input::Add(_, new, _) if *new == slot));
            assert_eq!(place.row && !kept, state.is_some(), "row of {slot} {}", step.story(self));
            let lost = state == Some(State::Idle) && self.machine.row(slot).traits.restart == Restart::Temporary;
            assert!(!lost || self.ending.is_some(), "a temporary row stays {}", step.story(self));
            let limited = match state {
                Some(State::Stopping(_, Force::Asked)) => {
                    self.machine.row(slot).traits.shutdown != ShutdownStrategy::Infinite
                }
                Some(State::Stopping(_, Force::Killed)) => true,
                Some(state) => state.is_aborted(),
                None => false,
            };
            let gone = place.life.is_some_and(|life| life.phase == Phase::Gone);
            assert!(!limited || place.timer || gone, "waits without a limit {}", step.story(self));
        }
        for &(_, slot) in &self.calls {
            let pending = match self.machine.state(slot) {
                Some(State::Due(_)) => matches!(self.machine.goal, Goal::Clear { .. } | Goal::Raise { .. }),
                Some(state) => state.is_unsettled(),
                None => false,
            };
            assert!(pending || !self.mailbox.is_empty(), "a call is forgotten {}", step.story(self));
        }
    }

    /// Stops go backward and starts forward, calls apart.
    fn check_order(&self, step: &Step<'_>) {
        let machine = &self.machine;
        let group = machine.settings.strategy != Strategy::OneForOne;
        let clearing = matches!(machine.goal, Goal::Clear { .. });
        assert!(group || !clearing, "one for one stops nobody {}", step.story(self));
        let started = step.actions.iter().find_map(|action| match *action {
            Action::Start(slot, cause @ (Cause::Boot | Cause::Restart), _) => {
                (group || cause == Cause::Boot).then_some(slot)
            }
            _ => None,
        });
        let (mut told, mut behind) = (false, false);
        for slot in machine.rows.slots() {
            let state = machine.row(slot).state;
            let life = self.places[slot].life;
            let amid = life.is_some_and(|life| life.amid);
            let beside = amid && clearing;
            assert!(!told || life.is_none() || beside, "stops out of order {}", step.story(self));
            let was = step.before.state(slot);
            told |= matches!(state, State::Stopping(..))
                && matches!(was, Some(State::Starting(..) | State::Running(_)))
                && !matches!(step.input, Input::Terminate(_, terminated) if terminated == slot);
            if let Some(started) = started {
                behind |= started == slot;
                let in_order = match state {
                    _ if started == slot => true,
                    _ if behind => life.is_none() || amid,
                    State::Due(_) | State::Starting(Cause::Boot, _) => false,
                    State::Starting(Cause::Restart, _) => !group,
                    State::Stopping(then, _) => !matches!(then, Then::Due(_)),
                    State::Starting(..) | State::Idle | State::Running(_) | State::Retrying => true,
                };
                assert!(in_order, "starts out of order {}", step.story(self));
            }
        }
    }

    /// An exit and a retry have the consequences that the rules say, and no other.
    fn check_reaction(&mut self, step: &Step<'_>) {
        let before = step.before;
        let (slot, exit) = match step.input {
            Input::Exited(slot, exit) => (slot, exit),
            Input::Overdue(slot) if before.state(slot) == Some(State::Running(true)) => (slot, Exit::Abnormal),
            Input::Retry(slot) if before.state(slot) == Some(State::Retrying) => {
                if !before.is_ending() {
                    self.check_counted(slot, step);
                }
                return;
            }
            _ => return,
        };
        if matches!(before.state(slot), Some(State::Running(_))) {
            self.check_exit(slot, exit, step);
        }
    }

    fn check_exit(&mut self, slot: Slot, exit: Exit, step: &Step<'_>) {
        let before = step.before;
        let traits = before.row(slot).traits;
        let absorbed = match before.goal {
            Goal::End | Goal::Over => true,
            Goal::Clear { from: Some(from), .. } => before.rows.reaches(from, slot),
            Goal::Clear { from: None, .. } | Goal::Raise { .. } | Goal::Run => false,
        };
        let restarts = match traits.restart {
            Restart::Permanent => true,
            Restart::Transient => exit != Exit::Clean,
            Restart::Temporary => false,
        };
        let ending = step.ending();
        if absorbed {
            assert_eq!(ending, None, "an absorbed exit ends nothing {}", step.story(self));
        } else if exit == Exit::Unstartable && traits.init_policy == InitPolicy::Fatal {
            assert_eq!(ending, Some(End::RestartFailed(slot)), "{}", step.story(self));
        } else if restarts {
            self.check_counted(slot, step);
        } else {
            let expected = (traits.significant && ends_without(before, slot))
                .then_some(End::SignificantExited(slot));
            assert_eq!(ending, expected, "auto shutdown {}", step.story(self));
            let touches = step.actions.iter().any(|action| {
                matches!(action, Action::Start(..) | Action::Ask(..) | Action::Kill(..) | Action::Retry(_))
            });
            assert!(!touches || ending.is_some(), "touches others {}", step.story(self));
        }
    }

    /// A restart is counted and begins, unless it is one too many.
    fn check_counted(&mut self, slot: Slot, step: &Step<'_>) {
        let Settings { intensity, strategy, .. } = self.machine.settings;
        let now = self.now.0 - self.stood_still;
        self.counted.retain(|&at| now - at < intensity.period);
        if self.counted.len() >= intensity.restarts as usize {
            assert_eq!(step.ending(), Some(End::Exhausted(slot)), "{}", step.story(self));
            return;
        }
        self.counted.push(now);
        assert_eq!(step.ending(), None, "{}", step.story(self));
        if strategy == Strategy::OneForOne {
            let restarted = |action: &Action| matches!(*action, Action::Start(at, Cause::Restart, _) if at == slot);
            assert!(step.actions.iter().any(restarted), "one for one restarts it at once {}", step.story(self));
        }
    }

    /// Time passes; the clock that restarts are counted by stands still while a group is stopped.
    pub(super) fn pass(&mut self, time: Duration) {
        self.now.0 += time;
        if matches!(self.machine.goal, Goal::Clear { .. }) {
            self.stood_still += time;
        }
    }

    /// A machine that waits for nobody is at rest or over.
    fn check_rest(&self, step: &Step<'_>) {
        if self.finished {
            assert!(self.places.iter().all(|place| place.life.is_none()), "{}", step.story(self));
            assert!(self.calls.is_empty() || !self.mailbox.is_empty(), "{}", step.story(self));
            return assert_eq!(self.machine.goal, Goal::Over, "{}", step.story(self));
        }
        if !self.is_settled() {
            return;
        }
        assert_eq!(self.machine.goal, Goal::Run, "stuck {}", step.story(self));
        for slot in self.machine.rows.slots() {
            let state = self.machine.row(slot).state;
            let kept = self.mailbox.contains(&Input::Retry(slot));
            let waits = state == State::Retrying && self.places[slot].retries == 0 && !kept;
            assert!(!matches!(state, State::Due(_)) && !waits, "row {slot} is stuck {}", step.story(self));
        }
    }

    fn is_settled(&self) -> bool {
        let mut slots = self.machine.rows.slots();
        !slots.any(|slot| self.machine.row(slot).state.is_unsettled())
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
            let Some(slot) = self.places.iter().position(|place| place.timer && place.life.is_some()) else {
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

    fn kind_event(&self, can_start: impl Fn(Slot) -> bool) -> Option<Input> {
        self.places.iter().enumerate().find_map(|(slot, place)| match self.machine.state(slot)? {
            State::Starting(_, Patience::InTime) if can_start(slot) => Some(Input::Started(slot)),
            State::Starting(..) => Some(Input::Exited(slot, Exit::Abnormal)),
            State::Stopping(..) => Some(Input::Exited(slot, Exit::Clean)),
            State::Idle | State::Due(_) | State::Retrying | State::Running(_) => {
                (place.retries > 0).then_some(Input::Retry(slot))
            }
        })
    }

    /// So many bits that two states that differ do not meet.
    pub(super) fn fingerprint(&self, commands: u8) -> u128 {
        let mut fold = Fold(commands.into());
        fold.write_u64(u64::MAX);
        self.hash(&mut fold);
        fold.0
    }

    pub(super) fn row_count(&self) -> usize {
        self.places.iter().filter(|place| place.row).count()
    }
}

/// What there is to say about one step.
struct Step<'a> {
    before: &'a Machine,
    input: Input,
    actions: &'a [Action],
}

impl Step<'_> {
    fn ending(&self) -> Option<End> {
        self.actions.iter().find_map(|action| match *action {
            Action::Ending(end) => Some(end),
            _ => None,
        })
    }

    /// Whether the group that is being started had not come to this row.
    fn was_ahead(&self, slot: Slot) -> bool {
        match self.before.goal {
            Goal::Raise { next: Some(next), .. } => {
                self.before.state(slot).is_some() && self.before.rows.reaches(next, slot)
            }
            _ => false,
        }
    }

    fn story(&self, world: &World) -> String {
        let (before, input, actions) = (self.before, self.input, self.actions);
        format!("\nbefore: {before:?}\ninput: {input:?}\nactions: {actions:?}\nafter: {world:?}\n")
    }
}

/// Whether the supervisor ends by itself once `slot` is gone for good.
fn ends_without(machine: &Machine, slot: Slot) -> bool {
    let others = || {
        machine.rows.slots().filter(|&other| other != slot).any(|other| {
            let row = machine.row(other);
            let gone = matches!(
                row.state,
                State::Idle | State::Stopping(Then::Idle | Then::Remove, _)
            );
            row.traits.significant && !gone
        })
    };
    match machine.settings.auto_shutdown {
        AutoShutdown::Never => false,
        AutoShutdown::AnySignificant => true,
        AutoShutdown::AllSignificant => !others(),
    }
}

/// Whether it may be told though no row has its slot.
fn is_new(input: &Input) -> bool {
    matches!(input, Input::Add(..) | Input::Retry(_))
}

fn request(input: Input) -> Option<Request> {
    match input {
        Input::Add(request, ..) | Input::AddKnown(request, _) | Input::Terminate(request, _) => Some(request),
        Input::Restart(request, _) | Input::Delete(request, _) => Some(request),
        _ => None,
    }
}

/// Folds what is hashed into 128 bits.
struct Fold(u128);

impl Fold {
    fn add(&mut self, word: u64) {
        let mixed = (self.0 ^ u128::from(word)).wrapping_mul(0x2d35_8dcc_aa6c_78a5_8bb8_4b93_962e_acc9);
        self.0 = mixed ^ (mixed >> 61);
    }
}

impl Hasher for Fold {
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.add(u64::from_le_bytes(word));
        }
    }

    fn write_u8(&mut self, word: u8) {
        self.add(word.into());
    }

    fn write_u32(&mut self, word: u32) {
        self.add(word.into());
    }

    fn write_u64(&mut self, word: u64) {
        self.add(word);
    }

    fn write_usize(&mut self, word: usize) {
        self.add(word as u64);
    }

    fn write_isize(&mut self, word: isize) {
        self.add(word as u64);
    }

    fn finish(&self) -> u64 {
        (self.0 >> 64) as u64
    }
}
