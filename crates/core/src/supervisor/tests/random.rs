//! Machines of up to 50 children, and whatever may happen to them.

use std::time::Duration;

use proptest::prelude::*;
use proptest::sample::select;

use super::super::machine::Settings;
use super::super::protocol::{Input, Traits};
use super::super::strategy::{AutoShutdown, Strategy as Restarts};
use super::world::{Brings, Calls, World};
use crate::child::{InitPolicy, Semantics, ShutdownStrategy};
use crate::restart::{Intensity, Restart};

fn settings() -> impl Strategy<Value = Settings> {
    let strategies = select(vec![
        Restarts::OneForOne,
        Restarts::OneForAll,
        Restarts::RestForOne,
    ]);
    let auto = select(vec![
        AutoShutdown::Never,
        AutoShutdown::AnySignificant,
        AutoShutdown::AllSignificant,
    ]);
    (strategies, auto, 0..20_u32, 1..5_u64, any::<[bool; 2]>()).prop_map(
        |(strategy, auto_shutdown, restarts, period, [blocking, whole_seconds])| Settings {
            strategy,
            auto_shutdown,
            intensity: Intensity::new(restarts, Duration::from_secs(period)),
            storm_guard: None,
            abort_grace: Duration::from_secs(1),
            semantics: Semantics {
                blocking,
                whole_seconds,
                ..Semantics::default()
            },
        },
    )
}

fn traits() -> impl Strategy<Value = Traits> {
    let restart = select(vec![
        Restart::Permanent,
        Restart::Transient,
        Restart::Temporary,
    ]);
    let shutdown = select(vec![
        ShutdownStrategy::Brutal,
        ShutdownStrategy::Graceful(Duration::from_secs(5)),
    ]);
    let init_policy = select(vec![InitPolicy::Fatal, InitPolicy::FatalOnFirstStart]);
    (restart, shutdown, init_policy, any::<[bool; 2]>()).prop_map(
        |(restart, shutdown, init_policy, [significant, limited])| Traits {
            restart,
            significant: significant && restart != Restart::Permanent,
            shutdown,
            init_policy,
            init_timeout: limited.then_some(Duration::from_secs(30)),
        },
    )
}

/// Something that is done next: which of all that is possible, after what time, and if it is a call.
#[derive(Clone, Copy, Debug)]
struct Pick {
    number: usize,
    millis: u64,
    how: How,
    new: Traits,
}

#[derive(Clone, Copy, Debug)]
enum How {
    /// What a child does that does what it is asked to.
    Kind,
    Any,
    Call,
}

fn pick() -> impl Strategy<Value = Pick> {
    // Kind ones are the most, or few machines would live for long.
    let how = prop_oneof![5 => Just(How::Kind), 3 => Just(How::Any), 2 => Just(How::Call)];
    (0..10_000_usize, 0..1_500_u64, how, traits()).prop_map(|(number, millis, how, new)| Pick {
        number,
        millis,
        how,
        new,
    })
}

impl Pick {
    fn input(self, world: &World, settings: &Settings) -> Option<Input> {
        let new = Traits {
            significant: self.new.significant && settings.auto_shutdown != AutoShutdown::Never,
            ..self.new
        };
        let mut inputs = match self.how {
            How::Kind => world.kind_event(|_| true).into_iter().collect(),
            How::Any => world.events(true),
            How::Call => world.commands(Calls::All, &[new]),
        };
        // A stop request ends everything, so it is not one input among others.
        if !self.number.is_multiple_of(64) {
            inputs.retain(|input| *input != Input::StopRequested);
        }
        let at = self.number.checked_rem(inputs.len())?;
        Some(inputs[at])
    }
}

/// Most starts succeed, or few machines would ever be up.
fn first_start(world: &mut World, count: usize) {
    for slot in 0..count {
        world.tell(Input::Started(slot));
    }
}

/// How many random cases are tried: so many, or what `PROPTEST_CASES` says.
pub(super) fn cases(usual: u32) -> u32 {
    let cases = std::env::var("PROPTEST_CASES").ok();
    cases.and_then(|cases| cases.parse().ok()).unwrap_or(usual)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(300), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_step_of_a_large_machine_keeps_the_promises(
        settings in settings(),
        mut children in prop::collection::vec(traits(), 0..=50),
        started in 0..=50_usize,
        picks in prop::collection::vec(pick(), 0..300),
    ) {
        for traits in &mut children {
            traits.significant &= settings.auto_shutdown != AutoShutdown::Never;
        }
        let mut world = World::new(settings, &children);
        world.brings = Brings::Somebody;
        first_start(&mut world, started.min(children.len()));
        for pick in picks {
            world.pass(Duration::from_millis(pick.millis));
            if let Some(input) = pick.input(&world, &settings) {
                world.tell(input);
            }
            if world.finished {
                return Ok(());
            }
        }
        world.clone().cooperate();
        if !settings.semantics.blocking {
            world.resist();
        }
    }
}
