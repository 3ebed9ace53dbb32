//! Every state that a machine of three children can reach.
//!
//! Each state keeps the promises that [`World`] checks. From these it follows that it can end: a stop
//! request is one of the inputs everywhere, an ending machine starts nothing, waits for somebody until
//! it is over, and each exit takes one away.

use std::collections::{HashSet, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::super::convoy::Lanes;
use super::super::graph::Graph;
use super::super::machine::Settings;
use super::super::protocol::{Input, Traits};
use super::super::strategy::{AutoShutdown, StartMode, StopMode, Strategy};
use super::fingerprint::fingerprint;
use super::world::{Brings, Calls, World};
use crate::child::{InitPolicy, Semantics, ShutdownStrategy};
use crate::restart::{Backoff, Intensity, Jitter, OnLimit, Plan, Restart, StormGuard};

/// One machine to walk, and what else is done to it.
#[derive(Clone, Debug)]
struct Case {
    settings: Settings,
    children: Vec<Traits>,
    /// What is said of the restarts of each.
    plan: Option<Plan>,
    /// How they start and stop beside each other.
    lanes: Option<Lanes>,
    /// What a call of start_child may bring.
    new: Vec<Traits>,
    commands: u8,
    calls: Calls,
    /// Also exits whose kind should make no difference, and from each state to rest and to the end.
    thorough: bool,
}

#[derive(Debug, Default)]
struct Size {
    states: usize,
    steps: usize,
}

/// The way to each state, told when a promise is broken there.
struct Trail<'a> {
    case: &'a Case,
    /// The inputs, each with the state that it was told in.
    steps: Vec<(usize, Input)>,
    now: (usize, Input),
}

impl Drop for Trail<'_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let (mut at, input) = self.now;
            let mut inputs = vec![input];
            while at > 0 {
                inputs.push(self.steps[at].1);
                at = self.steps[at].0;
            }
            inputs.reverse();
            eprintln!("{:?}\nafter {inputs:?}", self.case);
        }
    }
}

/// Walks breadth first, so that the way to a broken promise is a shortest one.
fn walk(case: &Case) -> Size {
    let (mut first, _) =
        World::begin_with(case.settings, &case.children, case.plan, case.lanes.clone());
    first.brings = Brings::Somebody;
    let mut size = Size::default();
    let mut seen = HashSet::from([fingerprint(&(&first, case.commands))]);
    let mut todo = VecDeque::from([(first, case.commands)]);
    let mut trail = Trail {
        case,
        steps: vec![(0, Input::Begin)],
        now: (0, Input::Begin),
    };
    while let Some((world, commands)) = todo.pop_front() {
        if case.thorough || size.states % 16 == 0 {
            trail.now = (size.states, Input::StopRequested);
            world.clone().cooperate();
            if !case.settings.semantics.blocking {
                world.clone().resist();
            }
        }
        let events = world
            .events(case.thorough)
            .into_iter()
            .map(|event| (event, commands));
        let is_full = world.row_count() > case.children.len() && case.calls != Calls::Living;
        let new: &[Traits] = if is_full { &[] } else { &case.new };
        let calls = if commands > 0 {
            world.commands(case.calls, new)
        } else {
            Vec::new()
        };
        let calls = calls.into_iter().map(|call| (call, commands - 1));
        for (input, commands) in events.chain(calls) {
            size.steps += 1;
            trail.now = (size.states, input);
            let next = world.after(input);
            if !next.finished && seen.insert(fingerprint(&(&next, commands))) {
                trail.steps.push(trail.now);
                todo.push_back((next, commands));
            }
        }
        size.states += 1;
    }
    size
}

/// Walks all cases on all cores and prints how much it was.
fn walk_all(name: &str, cases: &[Case]) {
    let began = Instant::now();
    let (next, states, steps) = (
        AtomicUsize::new(0),
        AtomicUsize::new(0),
        AtomicUsize::new(0),
    );
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let size = walk(case);
                    states.fetch_add(size.states, Ordering::Relaxed);
                    steps.fetch_add(size.steps, Ordering::Relaxed);
                }
            });
        }
    });
    let (states, steps) = (states.into_inner(), steps.into_inner());
    println!(
        "{name}: {} machines, {states} states, {steps} steps, {:?}",
        cases.len(),
        began.elapsed()
    );
}

/// All machines of three children that a spec can describe, as far as decisions depend on it.
fn machines(semantics: Semantics) -> Vec<Case> {
    let mut cases = Vec::new();
    for strategy in [
        Strategy::OneForOne,
        Strategy::OneForAll,
        Strategy::RestForOne,
    ] {
        for auto_shutdown in [
            AutoShutdown::Never,
            AutoShutdown::AnySignificant,
            AutoShutdown::AllSignificant,
        ] {
            for shutdown in [
                ShutdownStrategy::Brutal,
                ShutdownStrategy::Graceful(Duration::from_secs(5)),
            ] {
                for init_policy in [InitPolicy::Fatal, InitPolicy::FatalOnFirstStart] {
                    let settings = Settings {
                        strategy,
                        auto_shutdown,
                        intensity: Intensity::new(1, Duration::from_secs(5)),
                        storm_guard: None,
                        abort_grace: Duration::from_secs(1),
                        semantics,
                    };
                    let kinds = kinds(auto_shutdown != AutoShutdown::Never, shutdown, init_policy);
                    cases.extend(triples(&kinds).map(|children| Case {
                        settings,
                        children,
                        plan: None,
                        lanes: None,
                        new: kinds.clone(),
                        commands: 0,
                        calls: Calls::Plain,
                        thorough: false,
                    }));
                }
            }
        }
    }
    cases
}

/// The kinds of children that a supervisor may have.
fn kinds(significant: bool, shutdown: ShutdownStrategy, init_policy: InitPolicy) -> Vec<Traits> {
    let plain = [Restart::Permanent, Restart::Transient, Restart::Temporary]
        .map(|restart| (restart, false));
    let marked = [Restart::Transient, Restart::Temporary].map(|restart| (restart, true));
    let marked = marked.into_iter().filter(|_| significant);
    let traits = |(restart, significant)| Traits {
        restart,
        significant,
        shutdown,
        init_policy,
        init_timeout: Some(Duration::from_secs(30)),
    };
    plain.into_iter().chain(marked).map(traits).collect()
}

fn triples(kinds: &[Traits]) -> impl Iterator<Item = Vec<Traits>> {
    let count = kinds.len();
    (0..count.pow(3)).map(move |number| {
        [
            number / count / count,
            number / count % count,
            number % count,
        ]
        .map(|kind| kinds[kind])
        .to_vec()
    })
}

/// Every so many of the machines with that many calls, which bring new children of one kind: of the
/// gate's machines each of another kind, otherwise each of every kind.
fn some(every: usize, semantics: Semantics, commands: u8) -> Vec<Case> {
    let machines = machines(semantics).into_iter();
    let machines = machines.skip(every / 2).step_by(every);
    let cases = machines.enumerate().flat_map(|(turn, case)| {
        let kinds = case.new.clone();
        let new = match (part(), commands) {
            (Some(_), 1..) => kinds,
            _ => vec![kinds[turn % kinds.len()]],
        };
        new.into_iter().map(move |kind| Case {
            new: vec![kind],
            commands,
            thorough: part().is_some(),
            ..case.clone()
        })
    });
    cases.collect()
}

/// How much is walked beyond the gate, which takes so many machines that each strategy, setting and
/// kind of child is among them: `PERENNIAL_WALK=full` walks all of the product, which takes hours,
/// and `PERENNIAL_WALK=50` every 50th machine.
fn part() -> Option<usize> {
    let part = std::env::var("PERENNIAL_WALK").ok()?;
    if part == "full" {
        return Some(1);
    }
    let every = part.parse().ok().filter(|&every| every > 0);
    Some(every.expect("PERENNIAL_WALK is full or a number"))
}

fn blocking() -> Semantics {
    Semantics {
        blocking: true,
        ..Semantics::default()
    }
}

#[test]
fn a_small_walk_keeps_the_promises() {
    walk_all("small", &some(97, Semantics::default(), 0));
    walk_all("small, blocking", &some(97, blocking(), 0));
}

#[test]
#[cfg_attr(debug_assertions, ignore = "run in release by cargo xtask ci")]
fn a_walk_without_calls_keeps_the_promises_in_every_state() {
    walk_all("without calls", &some(1, Semantics::default(), 0));
}

#[test]
#[cfg_attr(debug_assertions, ignore = "run in release by cargo xtask ci")]
fn a_walk_with_up_to_three_calls_keeps_the_promises_in_every_state() {
    for (name, calls, gate) in [
        ("one call", 1, 97),
        ("two calls", 2, 1109),
        ("three calls", 3, 2411),
    ] {
        let every = part().unwrap_or(gate);
        walk_all(name, &some(every, Semantics::default(), calls));
    }
}

#[test]
#[cfg_attr(debug_assertions, ignore = "run in release by cargo xtask ci")]
fn a_walk_of_blocking_machines_keeps_the_promises_in_every_state() {
    walk_all("blocking", &some(part().map_or(7, |_| 1), blocking(), 0));
    let every = part().unwrap_or(1109);
    walk_all("blocking, one call", &some(every, blocking(), 1));
}

/// Every way in which restarts are paced, each with its share of the machines.
fn paced(every: usize, semantics: Semantics, commands: u8) -> Vec<Case> {
    let wait = Duration::from_millis(10);
    let backoff = Some(Backoff::constant(wait).jitter(Jitter::None).not_at_once());
    let limit = |then| Some((Intensity::new(0, wait), then));
    let plans = [
        Plan {
            backoff,
            ..Plan::default()
        },
        Plan {
            limit: limit(OnLimit::Escalate),
            ..Plan::default()
        },
        Plan {
            limit: limit(OnLimit::Drop),
            ..Plan::default()
        },
        Plan {
            limit: limit(OnLimit::Quarantine(wait)),
            ..Plan::default()
        },
        Plan::default(),
    ];
    let cases = some(every, semantics, commands).into_iter().enumerate();
    let cases = cases.map(|(turn, mut case)| {
        case.plan = Some(plans[turn % plans.len()]);
        if turn % 3 == 0 {
            case.settings.storm_guard = Some(StormGuard::new(1).pause(wait).spacing(wait));
        }
        case
    });
    cases.collect()
}

#[test]
fn a_small_walk_of_paced_restarts_keeps_the_promises() {
    walk_all("small, paced", &paced(151, Semantics::default(), 0));
}

#[test]
#[cfg_attr(debug_assertions, ignore = "run in release by cargo xtask ci")]
fn a_walk_of_paced_restarts_keeps_the_promises_in_every_state() {
    let every = part().map_or(31, |_| 7);
    walk_all("paced", &paced(every, Semantics::default(), 0));
    walk_all(
        "paced, one call",
        &paced(part().unwrap_or(1109), Semantics::default(), 1),
    );
    walk_all(
        "paced, blocking",
        &paced(part().map_or(1109, |_| 307), blocking(), 0),
    );
}

/// Every way to start and to stop side by side, each with its share of the machines, and who needs whom.
fn side_by_side(every: usize, semantics: Semantics, commands: u8) -> Vec<Case> {
    let starts = [
        StartMode::Sequential,
        StartMode::Waves,
        StartMode::Concurrent,
    ];
    let stops = [StopMode::Ordered, StopMode::Waves, StopMode::Concurrent];
    let graphs = [
        vec![vec![], vec![], vec![]],
        vec![vec![], vec![0], vec![0]],
        vec![vec![2], vec![], vec![]],
        vec![vec![1, 2], vec![2], vec![]],
    ];
    let ways = starts.len() * stops.len() * graphs.len();
    let cases = some(every, semantics, commands).into_iter().enumerate();
    let cases = cases.map(|(turn, mut case)| {
        // Seven and the number of ways have no divisor in common: all of them come.
        let way = turn * 7 % ways;
        let graph = graphs[way / 9].clone();
        case.lanes = Some(Lanes {
            start: starts[way % 3],
            stop: stops[way / 3 % 3],
            graph: Graph::new(graph).expect("there is no circle"),
            ..Lanes::default()
        });
        case
    });
    cases.collect()
}

#[test]
fn a_small_walk_side_by_side_keeps_the_promises() {
    walk_all(
        "small, side by side",
        &side_by_side(61, Semantics::default(), 0),
    );
}

#[test]
#[cfg_attr(debug_assertions, ignore = "run in release by cargo xtask ci")]
fn a_walk_side_by_side_keeps_the_promises_in_every_state() {
    let every = part().map_or(13, |_| 3);
    walk_all(
        "side by side",
        &side_by_side(every, Semantics::default(), 0),
    );
    let every = part().unwrap_or(601);
    walk_all(
        "side by side, one call",
        &side_by_side(every, Semantics::default(), 1),
    );
}

/// The same machines with that many of the calls that change a tree while it runs; in a part of them it is
/// said who needs whom, or how restarts are paced.
fn living(every: usize, semantics: Semantics, commands: u8) -> Vec<Case> {
    let plain = some(every, semantics, commands);
    let needy = side_by_side(2 * every, semantics, commands);
    let paced = paced(3 * every, semantics, commands);
    let cases = plain.into_iter().chain(needy).chain(paced);
    let mut cases: Vec<Case> = cases.collect();
    for case in &mut cases {
        case.calls = Calls::Living;
    }
    cases
}

#[test]
fn a_small_walk_with_pauses_and_new_specs_keeps_the_promises() {
    walk_all("small, living", &living(911, Semantics::default(), 1));
}

#[test]
#[cfg_attr(debug_assertions, ignore = "run in release by cargo xtask ci")]
fn a_walk_with_pauses_and_new_specs_keeps_the_promises_in_every_state() {
    for (name, calls, gate) in [("living, one call", 1, 211), ("living, two calls", 2, 2411)] {
        let every = part().unwrap_or(gate);
        walk_all(name, &living(every, Semantics::default(), calls));
    }
    let every = part().unwrap_or(1511);
    walk_all("living, blocking", &living(every, blocking(), 1));
}
