//! The machine alone: a walk of every state that it can reach with a few children and calls.

mod world;

use std::collections::{HashSet, VecDeque};
use std::time::Duration;

use self::world::{LIMIT, ROWS, World};
use super::machine::{Machine, Settings};
use crate::child::{InitPolicy, Semantics, ShutdownStrategy};
use crate::clock::Moment;
use crate::restart::{Intensity, Restart};
use crate::supervisor::{Action, Answer, Decide, Input, Refusal, Traits};

/// One machine to walk.
#[derive(Clone, Debug)]
struct Case {
    settings: Settings,
    kinds: Vec<Traits>,
    calls: u8,
}

/// Walks breadth first; returns how many states there were.
fn walk(case: &Case) -> usize {
    let first = World::new(case.settings);
    let mut seen = HashSet::from([(first.clone(), case.calls)]);
    let mut todo = VecDeque::from([(first, case.calls)]);
    let mut states = 0;
    while let Some((world, calls)) = todo.pop_front() {
        states += 1;
        world.clone().cooperate();
        let infinite = case
            .kinds
            .iter()
            .any(|kind| kind.shutdown == ShutdownStrategy::Infinite);
        if !world.blocking && !infinite {
            world.clone().resist();
        }
        let events = world.events().into_iter().map(|event| (event, calls));
        let made = if calls > 0 {
            world.calls(&case.kinds)
        } else {
            Vec::new()
        };
        for (event, calls) in events.chain(made.into_iter().map(|call| (call, calls - 1))) {
            let next = world.after(event);
            if !next.finished && seen.insert((next.clone(), calls)) {
                todo.push_back((next, calls));
            }
        }
    }
    states
}

/// All machines, as far as decisions depend on their settings and on those of their children.
fn cases(semantics: Semantics, calls: u8) -> Vec<Case> {
    let mut cases = Vec::new();
    let grace = Duration::from_secs(5);
    let ways = [
        ShutdownStrategy::Graceful(grace),
        ShutdownStrategy::Brutal,
        ShutdownStrategy::Infinite,
    ];
    for max_children in 1..=ROWS {
        for shutdown in ways {
            for init_policy in [InitPolicy::Fatal, InitPolicy::FatalOnFirstStart] {
                let kinds = [Restart::Permanent, Restart::Transient, Restart::Temporary];
                let kinds = kinds.map(|restart| Traits {
                    restart,
                    significant: false,
                    shutdown,
                    init_policy,
                    init_timeout: Some(Duration::from_secs(30)),
                });
                let settings = Settings {
                    intensity: Intensity::new(LIMIT, Duration::from_secs(5)),
                    storm_guard: None,
                    abort_grace: Duration::from_secs(1),
                    max_children,
                    semantics,
                };
                cases.push(Case {
                    settings,
                    kinds: kinds.to_vec(),
                    calls,
                });
            }
        }
    }
    cases
}

fn blocking() -> Semantics {
    Semantics {
        blocking: true,
        ..Semantics::default()
    }
}

fn walk_all(name: &str, cases: &[Case]) {
    let states: usize = cases.iter().map(walk).sum();
    println!("{name}: {} machines, {states} states", cases.len());
}

#[test]
fn a_small_walk_keeps_the_promises() {
    walk_all("two calls", &cases(Semantics::default(), 2));
    walk_all("two calls, blocking", &cases(blocking(), 2));
}

/// With children of one kind each, the kinds taking turns: so that more calls can be walked.
fn of_one_kind(mut cases: Vec<Case>) -> Vec<Case> {
    for (turn, case) in cases.iter_mut().enumerate() {
        case.kinds = vec![case.kinds[turn % case.kinds.len()]];
    }
    cases
}

#[test]
#[cfg_attr(debug_assertions, ignore = "run in release by cargo xtask ci")]
fn a_walk_with_several_calls_keeps_the_promises_in_every_state() {
    walk_all("three calls", &cases(Semantics::default(), 3));
    let four = of_one_kind(cases(Semantics::default(), 4));
    walk_all("four calls", &four);
}

#[test]
#[cfg_attr(debug_assertions, ignore = "run in release by cargo xtask ci")]
fn a_walk_of_blocking_machines_with_several_calls_keeps_the_promises_in_every_state() {
    let three = of_one_kind(cases(blocking(), 3));
    walk_all("three calls, blocking", &three);
}

#[test]
fn a_child_with_a_number_that_is_taken_is_refused() {
    let settings = cases(Semantics::default(), 0)[0].settings;
    let (mut machine, mut actions) = (Machine::new(settings), Vec::new());
    machine.step(Moment::default(), Input::AddKnown(7, 0), &mut actions);
    assert_eq!(
        actions,
        [Action::Answer(7, Answer::Refused(Refusal::AlreadyStarted))]
    );
}
