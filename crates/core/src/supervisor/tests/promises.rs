//! What is promised of every step.

use std::collections::BTreeSet;

use super::super::machine::{Goal, Machine, Settings};
use super::super::protocol::{Action, Cause, End, Exit, Input, Slot};
use super::super::slot::{Force, Held, Patience, State, Then};
use super::super::strategy::{AutoShutdown, StartMode, StopMode, Strategy};
use super::world::{Phase, World};
use crate::child::{InitPolicy, ShutdownStrategy};
use crate::restart::{DelayCause, ExitVerdict, Restart};

/// What there is to say about one step.
pub(super) struct Step<'a> {
    pub(super) before: &'a Machine,
    pub(super) input: Input,
    pub(super) actions: &'a [Action],
}

impl Step<'_> {
    pub(super) fn ending(&self) -> Option<End> {
        self.actions.iter().find_map(|action| match *action {
            Action::Ending(end) => Some(end),
            _ => None,
        })
    }

    /// Whether the group that is being started had not come to this row.
    pub(super) fn was_ahead(&self, slot: Slot) -> bool {
        match self.before.goal {
            Goal::Raise {
                next: Some(next), ..
            } => self.before.state(slot).is_some() && self.before.rows.reaches(next, slot),
            Goal::Convoy => {
                self.before.is_lifting() && self.before.state(slot).is_some_and(State::is_due)
            }
            _ => false,
        }
    }

    /// Whether the row is one that is stopped or started with others.
    pub(super) fn is_of_group(&self, slot: Slot) -> bool {
        match self.before.goal {
            Goal::Clear {
                from: Some(from), ..
            } => self.before.rows.reaches(from, slot),
            Goal::Raise { busy, .. } => busy == Some(slot) || self.was_ahead(slot),
            Goal::Convoy => self.before.is_ahead(slot) || self.before.is_raising(slot),
            Goal::Clear { from: None, .. } | Goal::Run | Goal::End | Goal::Over => false,
        }
    }

    /// Whether a child is not tried again for which others may have waited.
    pub(super) fn is_of_nobody_any_more(&self) -> bool {
        let dropped = |action: &Action| matches!(action, Action::Dropped(_));
        matches!(
            self.input,
            Input::Terminate(..) | Input::Discard(..) | Input::Pause(..)
        ) || self.actions.iter().any(dropped)
    }

    pub(super) fn story(&self, world: &World) -> String {
        let (before, input, actions) = (self.before, self.input, self.actions);
        format!("\nbefore: {before:?}\ninput: {input:?}\nactions: {actions:?}\nafter: {world:?}\n")
    }
}

impl World {
    pub(super) fn check(&mut self, step: &Step<'_>) {
        self.machine.rows.recount();
        let group = self.machine.is_clearing() || self.machine.is_lifting();
        let forgets = group || self.machine.held.is_empty();
        assert!(forgets, "holds rows for ever {}", step.story(self));
        self.check_rows(step);
        if self.machine.lanes.is_some() {
            self.check_lanes(step);
        } else {
            self.check_order(step);
        }
        self.check_pauses(step);
        self.check_reaction(step);
        self.check_rest(step);
    }

    /// States and lives agree, and nobody is waited for without a limit.
    fn check_rows(&self, step: &Step<'_>) {
        for (slot, place) in self.places.iter().enumerate() {
            let state = self.machine.state(slot);
            let expected = match state {
                None | Some(State::Idle | State::Due(_) | State::Paused) => false,
                Some(State::Retrying | State::Delayed(_)) => false,
                Some(State::Starting(..) | State::Running(_) | State::Stopping(..)) => true,
            };
            assert_eq!(
                place.life.is_some(),
                expected,
                "life of {slot} {}",
                step.story(self)
            );
            let kept = self
                .mailbox
                .iter()
                .any(|input| matches!(input, Input::Add(_, new, _) if *new == slot));
            assert_eq!(
                place.row && !kept,
                state.is_some(),
                "row of {slot} {}",
                step.story(self)
            );
            let lost = state == Some(State::Idle)
                && self.machine.row(slot).traits.restart == Restart::Temporary;
            assert!(
                !lost || self.ending.is_some() || place.renewed || place.left,
                "a temporary row stays {}",
                step.story(self)
            );
            assert!(
                state.is_none() || place.spec == Some(self.machine.row(slot).traits),
                "the traits of {slot} {}",
                step.story(self)
            );
            let limited = match state {
                Some(State::Stopping(_, Force::Asked)) => {
                    self.machine.row(slot).traits.shutdown != ShutdownStrategy::Infinite
                }
                Some(State::Stopping(_, Force::Killed)) => true,
                // One that needs others holds nobody up while it waits for them.
                Some(State::Delayed(held)) => !matches!(held, Held::Over | Held::Needy),
                Some(state) => state.is_aborted(),
                None => false,
            };
            let gone = place.life.is_some_and(|life| life.phase == Phase::Gone);
            assert!(
                !limited || place.timer || gone,
                "waits without a limit {}",
                step.story(self)
            );
        }
        for &(_, slot) in &self.calls {
            let pending = match self.machine.state(slot) {
                Some(State::Due(_)) => self.machine.is_clearing() || self.machine.is_lifting(),
                Some(state) => state.is_unsettled(),
                None => false,
            };
            assert!(
                pending || !self.mailbox.is_empty(),
                "a call is forgotten {}",
                step.story(self)
            );
        }
    }

    /// Who is told to rest comes to rest; who rests does so until a call says otherwise, and none of it counts.
    fn check_pauses(&self, step: &Step<'_>) {
        let before = step.before;
        for slot in before.rows.slots() {
            let (was, is) = (before.row(slot).state, self.machine.state(slot));
            let wakes = match step.input {
                Input::Resume(_, at) => at == slot && matches!(is, Some(State::Starting(..))),
                Input::Terminate(_, at) => at == slot && is != Some(State::Paused),
                Input::Delete(_, at) | Input::Discard(_, at) => at == slot && is.is_none(),
                _ => false,
            };
            match was {
                State::Paused => assert!(
                    wakes || is == Some(State::Paused),
                    "{slot} wakes by itself {}",
                    step.story(self)
                ),
                State::Stopping(Then::Pause, _) => assert!(
                    matches!(is, Some(State::Stopping(..) | State::Paused))
                        || self.ending.is_some(),
                    "{slot} does not rest {}",
                    step.story(self)
                ),
                State::Stopping(Then::Replace, _) => {
                    let is_on_its_way = matches!(
                        is,
                        Some(
                            State::Stopping(..)
                                | State::Starting(Cause::Replace, _)
                                | State::Delayed(Held::Needy)
                        )
                    );
                    // A temporary child vanishes with its group.
                    let is_cleared = before.is_being_cleared(slot);
                    assert!(
                        is_on_its_way || is_cleared || self.ending.is_some(),
                        "{slot} is not started again {}",
                        step.story(self)
                    );
                }
                _ => (),
            }
        }
        let counts_nothing = match step.input {
            Input::Pause(..) | Input::Resume(..) | Input::Replace(..) => true,
            Input::Discard(..) => true,
            Input::Exited(slot, _) => {
                let state = before.state(slot);
                matches!(state, Some(State::Stopping(Then::Pause | Then::Replace, _)))
            }
            _ => false,
        };
        // The clock of the window stops and goes on with the stop of a group.
        let is_ticking = before.is_clearing() != self.machine.is_clearing();
        assert!(
            !counts_nothing || is_ticking || before.bearing == self.machine.bearing,
            "a call counts {}",
            step.story(self)
        );
        if let Input::Discard(_, slot) = step.input {
            let state = self.machine.state(slot);
            let goes = matches!(state, None | Some(State::Stopping(Then::Remove, _)));
            assert!(goes || before.is_ending(), "{}", step.story(self));
        }
        if let Input::Pause(_, slot) = step.input {
            let rests = matches!(
                self.machine.state(slot),
                Some(State::Paused | State::Stopping(Then::Pause, _))
            );
            assert!(rests || before.is_ending(), "{}", step.story(self));
        }
    }

    /// Stops go backward and starts forward, calls apart.
    fn check_order(&self, step: &Step<'_>) {
        let machine = &self.machine;
        let group = machine.settings.strategy != Strategy::OneForOne;
        let clearing = matches!(machine.goal, Goal::Clear { .. });
        assert!(
            group || !clearing,
            "one for one stops nobody {}",
            step.story(self)
        );
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
            assert!(
                !told || life.is_none() || beside,
                "stops out of order {}",
                step.story(self)
            );
            let was = step.before.state(slot);
            told |= matches!(state, State::Stopping(..))
                && matches!(was, Some(State::Starting(..) | State::Running(_)))
                && !matches!(
                    step.input,
                    Input::Terminate(_, at)
                        | Input::Discard(_, at)
                        | Input::Pause(_, at)
                        | Input::Replace(_, at, ..)
                        if at == slot
                );
            if let Some(started) = started {
                behind |= started == slot;
                let in_order = match state {
                    _ if started == slot => true,
                    _ if behind => life.is_none() || amid,
                    State::Due(_) | State::Starting(Cause::Boot, _) => false,
                    State::Starting(Cause::Restart, _) => !group,
                    State::Stopping(then, _) => !matches!(then, Then::Due(_)),
                    State::Starting(..) | State::Idle | State::Running(_) => true,
                    State::Retrying | State::Delayed(_) | State::Paused => true,
                };
                assert!(in_order, "starts out of order {}", step.story(self));
            }
        }
    }

    /// Who needs others starts after them and stops before them; and who need not wait does not.
    fn check_lanes(&self, step: &Step<'_>) {
        let machine = &self.machine;
        let lanes = machine.lanes.as_deref().expect("it has lanes");
        let graph = &lanes.graph;
        let lives_in_group = |slot: Slot| self.places[slot].life.is_some_and(|life| !life.amid);
        let group = machine.settings.strategy != Strategy::OneForOne;
        let (mut told, mut levels) = (0, BTreeSet::new());
        for action in step.actions {
            match *action {
                // Only one that is restarted alone waits for nobody.
                Action::Start(slot, cause, _)
                    if group || cause != Cause::Restart || !is_about(step, slot) =>
                {
                    for &need in graph.needs(slot) {
                        assert!(
                            self.is_ready(need),
                            "{slot} starts before {need} {}",
                            step.story(self)
                        );
                    }
                }
                Action::Ask(slot, _) | Action::Kill(slot, _) if !is_about(step, slot) => {
                    told += 1;
                    for &by in graph.needed_by(slot) {
                        assert!(
                            !lives_in_group(by),
                            "{slot} stops before {by} {}",
                            step.story(self)
                        );
                    }
                }
                _ => (),
            }
        }
        let slots = || machine.rows.slots();
        for slot in slots() {
            if let State::Starting(Cause::Boot, Patience::InTime) = machine.row(slot).state {
                levels.insert((graph.level(slot), slot));
            }
        }
        match lanes.start {
            StartMode::Sequential => {
                assert!(levels.len() <= 1, "side by side {}", step.story(self))
            }
            StartMode::Waves => {
                let levels: BTreeSet<u32> = levels.iter().map(|&(level, _)| level).collect();
                // A new spec may stand on another level than the one that it was started on.
                let are_known = !self.places.iter().any(|place| place.renewed);
                assert!(
                    levels.len() <= 1 || !are_known,
                    "levels side by side {}",
                    step.story(self)
                );
            }
            StartMode::Concurrent => {
                let waits = |slot: Slot| {
                    let needs = graph.needs(slot).iter();
                    let mut open = needs.filter(|&&need| {
                        machine.state(need).is_some_and(|state| {
                            state.is_due()
                                || matches!(state, State::Starting(..) | State::Stopping(..))
                        })
                    });
                    open.next().is_some()
                };
                let idle = slots().any(|slot| {
                    machine.is_lifting() && machine.row(slot).state.is_due() && !waits(slot)
                });
                assert!(!idle, "somebody waits for nobody {}", step.story(self));
            }
        }
        let is_first_told = step.ending().is_some() || machine.is_ending() || machine.is_clearing();
        match lanes.stop {
            StopMode::Ordered => assert!(told <= 1, "side by side {}", step.story(self)),
            StopMode::Concurrent if is_first_told && graph.is_empty() && machine.is_ending() => {
                let running = |slot| {
                    matches!(
                        machine.row(slot).state,
                        State::Running(_) | State::Starting(..)
                    )
                };
                assert!(
                    !slots().any(running),
                    "somebody is not told {}",
                    step.story(self)
                );
            }
            StopMode::Waves | StopMode::Concurrent => (),
        }
    }

    /// Whether nobody who needs this row has to wait for it.
    fn is_ready(&self, slot: Slot) -> bool {
        match self.machine.state(slot) {
            None | Some(State::Running(_) | State::Paused) => true,
            Some(State::Idle) => self.machine.row(slot).is_done,
            Some(_) => false,
        }
    }

    /// An exit and a retry have the consequences that the rules say, and no other.
    fn check_reaction(&mut self, step: &Step<'_>) {
        let before = step.before;
        let (slot, exit) = match step.input {
            Input::Exited(slot, exit) => (slot, exit),
            Input::Retry(slot) if before.state(slot) == Some(State::Retrying) => {
                if !before.is_ending() {
                    self.check_counted(slot, step);
                }
                return;
            }
            _ => return,
        };
        let judged = matches!(exit, Exit::Judged(_) | Exit::Satisfied);
        let at_boot = before.booting && before.is_raising(slot);
        match before.state(slot) {
            Some(State::Running(_)) => self.check_exit(slot, exit, step),
            // A failed restart is judged as an exit is.
            Some(State::Starting(Cause::Restart, _)) if judged && !at_boot => {
                self.check_exit(slot, exit, step);
            }
            _ => (),
        }
    }

    fn check_exit(&mut self, slot: Slot, exit: Exit, step: &Step<'_>) {
        let before = step.before;
        let traits = before.row(slot).traits;
        let is_said = match exit {
            Exit::Satisfied | Exit::Judged(ExitVerdict::Stop | ExitVerdict::Escalate) => true,
            Exit::Permanent => traits.restart != Restart::Temporary,
            _ => false,
        };
        let absorbed = match before.goal {
            Goal::End | Goal::Over => true,
            Goal::Clear {
                from: Some(from), ..
            } => before.rows.reaches(from, slot) && !is_said,
            Goal::Convoy => before.is_being_cleared(slot) && !is_said,
            Goal::Clear { from: None, .. } | Goal::Raise { .. } | Goal::Run => false,
        };
        let restarts = match traits.restart {
            Restart::Temporary => false,
            _ if exit == Exit::Hasty => true,
            _ if matches!(exit, Exit::Judged(_)) => exit != Exit::Judged(ExitVerdict::Stop),
            Restart::Permanent => true,
            Restart::Transient => exit != Exit::Clean,
        };
        let ending = step.ending();
        if absorbed {
            assert_eq!(
                ending,
                None,
                "an absorbed exit ends nothing {}",
                step.story(self)
            );
        } else if let Some(end) = end_by(slot, exit, traits.restart) {
            assert_eq!(ending, Some(end), "{}", step.story(self));
        } else if exit == Exit::Planned && traits.restart != Restart::Temporary {
            let counts = |action: &Action| matches!(action, Action::Delay(..) | Action::Ending(_));
            assert!(
                !step.actions.iter().any(counts),
                "a planned exit counts {}",
                step.story(self)
            );
        } else if exit == Exit::Unstartable
            && traits.init_policy == InitPolicy::Fatal
            && traits.restart != Restart::Temporary
        {
            assert_eq!(
                ending,
                Some(End::RestartFailed(slot)),
                "{}",
                step.story(self)
            );
        } else if restarts {
            self.check_counted(slot, step);
        } else {
            let expected = (traits.significant && ends_without(before, slot))
                .then_some(End::SignificantExited(slot));
            assert_eq!(ending, expected, "auto shutdown {}", step.story(self));
            let graph = self.machine.lanes.as_ref().map(|lanes| &lanes.graph);
            let touches = step.actions.iter().any(|action| match *action {
                // One that has waited for it need not any more.
                Action::Start(at, ..) => {
                    !graph.is_some_and(|graph| graph.needs(at).contains(&slot))
                }
                Action::Ask(..) | Action::Kill(..) | Action::Retry(_) => true,
                _ => false,
            });
            assert!(
                !touches || ending.is_some() || before.is_raising(slot) || before.is_clearing(),
                "touches others {}",
                step.story(self)
            );
        }
    }

    /// A restart is counted and begins, unless it is one too many.
    fn check_counted(&mut self, slot: Slot, step: &Step<'_>) {
        let Settings {
            intensity,
            strategy,
            semantics,
            ..
        } = self.machine.settings;
        let now = if semantics.whole_seconds {
            self.now.0
        } else {
            self.now.0 - self.stood_still
        };
        self.counted.retain(|&at| {
            if semantics.whole_seconds {
                now.as_secs() - at.as_secs() <= intensity.period.as_secs()
            } else {
                now - at < intensity.period
            }
        });
        let own = |action: &Action| match *action {
            Action::Delay(at, cause, _) => at == slot && cause == DelayCause::Quarantine,
            Action::Dropped(at) | Action::Ending(End::LimitReached(at)) => at == slot,
            _ => false,
        };
        if step.actions.iter().any(own) {
            let limit = self.plan.and_then(|plan| plan.limit);
            return assert!(limit.is_some(), "it has no limit {}", step.story(self));
        }
        if self.counted.len() >= intensity.restarts as usize {
            assert_eq!(
                step.ending(),
                Some(End::Exhausted(slot)),
                "{}",
                step.story(self)
            );
            return;
        }
        self.counted.push(now);
        assert_eq!(step.ending(), None, "{}", step.story(self));
        if strategy == Strategy::OneForOne {
            let restarted = |action: &Action| matches!(*action, Action::Start(at, Cause::Restart, _) | Action::Delay(at, ..) if at == slot);
            assert!(
                step.actions.iter().any(restarted),
                "one for one restarts it at once {}",
                step.story(self)
            );
        }
    }

    /// A machine that waits for nobody is at rest or over.
    fn check_rest(&self, step: &Step<'_>) {
        if self.finished {
            assert!(
                self.places.iter().all(|place| place.life.is_none()),
                "{}",
                step.story(self)
            );
            assert!(
                self.calls.is_empty() || !self.mailbox.is_empty(),
                "{}",
                step.story(self)
            );
            return assert_eq!(self.machine.goal, Goal::Over, "{}", step.story(self));
        }
        if !self.is_settled() {
            return;
        }
        assert_eq!(self.machine.goal, Goal::Run, "stuck {}", step.story(self));
        let mut states = (self.machine.rows.slots()).map(|slot| self.machine.row(slot).state);
        let may_be_left = self.machine.settings.semantics.deserted_groups;
        let is_left = !may_be_left && self.places.iter().any(|place| place.left);
        assert!(
            !is_left || states.any(|state| matches!(state, State::Retrying | State::Delayed(_))),
            "a group is down for nobody's sake {}",
            step.story(self)
        );
        for slot in self.machine.rows.slots() {
            let state = self.machine.row(slot).state;
            let kept = self.mailbox.contains(&Input::Retry(slot));
            let tries = matches!(state, State::Retrying | State::Delayed(Held::Over));
            let waits = tries && self.places[slot].retries == 0 && !kept;
            let needs = self
                .machine
                .lanes
                .iter()
                .flat_map(|lanes| lanes.graph.needs(slot));
            let mut needs = needs.copied();
            let waits = match state {
                State::Delayed(Held::Needy) => needs.all(|need| self.is_ready(need)),
                _ => waits,
            };
            assert!(
                !matches!(state, State::Due(_)) && !waits,
                "row {slot} is stuck {}",
                step.story(self)
            );
        }
    }

    fn is_settled(&self) -> bool {
        let mut slots = self.machine.rows.slots();
        !slots.any(|slot| self.machine.row(slot).state.is_unsettled())
    }
}

/// Whether the input was about that row, so that what is done to it is not for the sake of a group.
fn is_about(step: &Step<'_>, slot: Slot) -> bool {
    step.input.slot() == Some(slot)
}

/// The end that such an exit brings about whatever else is the case.
fn end_by(slot: Slot, exit: Exit, restart: Restart) -> Option<End> {
    match exit {
        Exit::Satisfied => Some(End::Satisfied(slot)),
        Exit::Judged(ExitVerdict::Escalate) => Some(End::Escalated(slot)),
        Exit::Permanent if restart != Restart::Temporary => Some(End::Escalated(slot)),
        _ => None,
    }
}

/// Whether the supervisor ends by itself once `slot` is gone for good.
fn ends_without(machine: &Machine, slot: Slot) -> bool {
    let others = || {
        machine
            .rows
            .slots()
            .filter(|&other| other != slot)
            .any(|other| {
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
