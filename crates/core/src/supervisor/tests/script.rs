//! Machines in a line, and what they do as text.

use std::fmt::Write;
use std::time::Duration;

use super::super::machine::Settings;
use super::super::protocol::{Action, Cause, Exit, Input, Request, Slot, Traits};
use super::super::slot::State;
use super::super::strategy::{AutoShutdown, Strategy};
use super::world::World;
use crate::child::{InitPolicy, Replace, Semantics, ShutdownStrategy};
use crate::restart::{Intensity, Restart};

pub(super) const SECOND: Duration = Duration::from_secs(1);

/// OTP's child: asked to stop, and tried again if a restart fails.
pub(super) const PERMANENT: Traits = Traits {
    restart: Restart::Permanent,
    significant: false,
    shutdown: ShutdownStrategy::Graceful(Duration::from_secs(5)),
    init_policy: InitPolicy::FatalOnFirstStart,
    init_timeout: Some(Duration::from_secs(30)),
};
pub(super) const TRANSIENT: Traits = Traits {
    restart: Restart::Transient,
    ..PERMANENT
};
pub(super) const TEMPORARY: Traits = Traits {
    restart: Restart::Temporary,
    ..PERMANENT
};
/// A child that must be able to start at any time.
pub(super) const FATAL: Traits = Traits {
    init_policy: InitPolicy::Fatal,
    ..PERMANENT
};

pub(super) const fn settings(strategy: Strategy) -> Settings {
    Settings {
        strategy,
        auto_shutdown: AutoShutdown::Never,
        intensity: Intensity::new(3, Duration::from_secs(5)),
        storm_guard: None,
        abort_grace: SECOND,
        semantics: NO_SWITCH,
    }
}

pub(super) const ONE_FOR_ONE: Settings = settings(Strategy::OneForOne);
pub(super) const ONE_FOR_ALL: Settings = settings(Strategy::OneForAll);
pub(super) const REST_FOR_ONE: Settings = settings(Strategy::RestForOne);

const NO_SWITCH: Semantics = Semantics {
    arrival_order: false,
    blocking: false,
    clean_exhaustion: false,
    retried_initialization: false,
    unlimited_initialization: false,
    whole_seconds: false,
    orderly_orphans: false,
    lives_by_identity: false,
    deserted_groups: false,
};

pub(super) fn bearing(restarts: u32, settings: Settings) -> Settings {
    Settings {
        intensity: Intensity::new(restarts, Duration::from_secs(5)),
        storm_guard: None,
        ..settings
    }
}

/// A machine whose children all run.
pub(super) fn up(settings: Settings, children: &[Traits]) -> World {
    let mut world = World::new(settings, children);
    for slot in 0..children.len() {
        world.tell(Input::Started(slot));
    }
    world
}

pub(super) fn crash(slot: Slot) -> Input {
    Input::Exited(slot, Exit::Abnormal)
}

pub(super) fn done(slot: Slot) -> Input {
    Input::Exited(slot, Exit::Clean)
}

/// What the machine does about one input.
pub(super) fn told(world: &mut World, input: Input) -> String {
    text(&world.tell(input))
}

/// What it does about several, one after the other; answers to all but the last are not looked at.
pub(super) fn after(world: &mut World, inputs: &[Input]) -> String {
    let (last, first) = inputs.split_last().expect("there is an input");
    for &input in first {
        world.tell(input);
    }
    told(world, *last)
}

/// What it does until it is at rest, if all children do what they are asked to.
pub(super) fn played(world: &mut World, input: Input) -> String {
    let mut actions = world.tell(input);
    actions.extend(world.rest(|_| true));
    text(&actions)
}

/// As [`played`], where these children cannot start.
pub(super) fn played_without(unable: &[Slot], world: &mut World, input: Input) -> String {
    let mut actions = world.tell(input);
    actions.extend(world.rest(|slot| !unable.contains(&slot)));
    text(&actions)
}

pub(super) fn text(actions: &[Action]) -> String {
    let mut text = String::new();
    for action in actions {
        let comma = if text.is_empty() { "" } else { ", " };
        write!(text, "{comma}{}", word(action)).expect("a string takes it");
    }
    text
}

fn word(action: &Action) -> String {
    match *action {
        Action::Start(slot, Cause::Boot | Cause::Add, _) => format!("start {slot}"),
        Action::Start(slot, Cause::Call, _) => format!("start {slot} again"),
        Action::Start(slot, Cause::Replace, _) => format!("start {slot} anew"),
        Action::Start(slot, Cause::Resume, _) => format!("resume {slot}"),
        Action::Start(slot, Cause::Restart, _) => format!("restart {slot}"),
        Action::Ask(slot, _) => format!("ask {slot}"),
        Action::Kill(slot, _) => format!("kill {slot}"),
        Action::Await(slot, _) => format!("await {slot}"),
        Action::Abandon(slot) => format!("abandon {slot}"),
        Action::Retry(slot) => format!("retry {slot}"),
        Action::Delay(slot, cause, time) => format!("delay {slot} {cause:?} {time:?}"),
        Action::Watch(slot, time) => format!("watch {slot} {time:?}"),
        Action::Recovered(slot) => format!("recovered {slot}"),
        Action::Stuck(slot) => format!("stuck {slot}"),
        Action::Dropped(slot) => format!("dropped {slot}"),
        Action::Keep(slot) => format!("keep {slot}"),
        Action::Renew(slot) => format!("renew {slot}"),
        Action::Paused(slot) => format!("paused {slot}"),
        Action::Storm(pause) => format!("storm {pause:?}"),
        Action::Remove(slot) => format!("remove {slot}"),
        Action::Answer(request, answer) => format!("answer {request} {answer:?}"),
        Action::Up => "up".to_owned(),
        Action::Ending(end) => format!("end {end:?}"),
        Action::Finish => "finish".to_owned(),
    }
}

pub(super) fn state(world: &World, slot: Slot) -> Option<State> {
    world.machine.state(slot)
}

pub(super) fn significant(traits: Traits) -> Traits {
    Traits {
        significant: true,
        ..traits
    }
}

pub(super) fn ending_with(auto_shutdown: AutoShutdown, settings: Settings) -> Settings {
    Settings {
        auto_shutdown,
        ..settings
    }
}

pub(super) fn blocking(settings: Settings) -> Settings {
    let semantics = Semantics {
        blocking: true,
        ..settings.semantics
    };
    Settings {
        semantics,
        ..settings
    }
}

/// One for all of three: the first failed, and the last is asked to stop.
pub(super) fn clearing() -> World {
    let mut world = up(ONE_FOR_ALL, &[PERMANENT; 3]);
    assert_eq!(told(&mut world, crash(0)), "ask 2");
    world
}

/// One for all of three: the first failed, all are down, and the first is started.
pub(super) fn raising() -> World {
    let mut world = clearing();
    assert_eq!(after(&mut world, &[done(2), done(1)]), "restart 0");
    world
}

/// Of the children of [`all_states`] one runs, one is down, one starts, one waits for another try, and one is being stopped.
pub(super) const RUNNING: Slot = 0;
pub(super) const IDLE: Slot = 1;
pub(super) const STARTING: Slot = 2;
pub(super) const RETRYING: Slot = 3;
pub(super) const STOPPING: Slot = 4;

pub(super) fn all_states() -> World {
    let mut world = up(ONE_FOR_ONE, &[PERMANENT; 5]);
    played(&mut world, Input::Terminate(90, IDLE));
    for input in [crash(STARTING), crash(RETRYING), crash(RETRYING)] {
        world.tell(input);
    }
    world.tell(Input::Terminate(91, STOPPING));
    world
}

/// What is new about them is how they are stopped.
pub(super) const NEW: Traits = Traits {
    shutdown: ShutdownStrategy::Brutal,
    ..PERMANENT
};

/// A new spec for now.
pub(super) fn now(request: Request, slot: Slot) -> Input {
    Input::Replace(request, slot, NEW, Replace::Now)
}

/// A new spec for the next restart.
pub(super) fn later(request: Request, slot: Slot) -> Input {
    Input::Replace(request, slot, NEW, Replace::AtNextRestart)
}

/// The order of answers to several calls is that of their numbers, and says nothing here.
pub(super) fn sorted(actions: &str) -> String {
    let mut actions: Vec<&str> = actions.split(", ").collect();
    actions.sort_unstable();
    actions.join(", ")
}
