//! Random trees with dependencies on real tasks: the promises of the table in `random.rs`, read off their events.
//!
//! The machines behind them are held to the same promises by many more trees, in core's own tests. What counts as a
//! restart within a window is theirs alone to say: it is judged when a child ends, and events tell when it starts again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use perennial::{
    Backoff, ChildSpec, DynamicHandle, DynamicSupervisor, Event, EventKind, InitPolicy, Intensity,
    OnLimit, Restart, ShutdownStrategy, StartChildError, StartMode, StopMode, StormGuard,
    Strategy as Restarts, Supervisor, SupervisorHandle, worker,
};
use perennial_test::strategies::{Deed, deeds, restarts};
use perennial_test::{
    Script, StartAct, StopAct, broken_lives, on_the_paused_clock, settle, silence_scripted_panics,
};
use proptest::prelude::*;
use proptest::sample::select;
use tokio::time::Instant;

use crate::random::cases;
use crate::support::ms;

/// How many children a supervisor has at most.
const WIDTH: usize = 5;
/// The window of every supervisor, and how many restarts it bears.
const PERIOD: Duration = Duration::from_secs(1);
const BORNE: u32 = 4;
/// How long a tree may take to start.
const PATIENCE: Duration = Duration::from_secs(60);

/// A supervisor to be.
#[derive(Clone, Debug)]
struct Plan {
    strategy: Restarts,
    start: StartMode,
    stop: StopMode,
    guarded: bool,
    children: Vec<Kid>,
    /// Each needs the other, which stands before it or behind it in the list.
    needs: Vec<(usize, usize)>,
}

#[derive(Clone, Debug)]
struct Kid {
    restart: Restart,
    backoff: Option<u64>,
    limit: Option<u32>,
    kind: Kind,
}

#[derive(Clone, Debug)]
enum Kind {
    Script(StopAct, Option<(usize, StartAct)>),
    /// It says itself that it is ready, after so many milliseconds.
    Late(u64),
    /// It says so many times that it gets on, and then no more.
    Pulse(u32),
    Nested(Plan),
    /// So many children of a template at most.
    Pool(usize),
}

/// What a tree is made of, and what is known of it.
#[derive(Default)]
struct Grown {
    workers: Vec<Script>,
    pools: Vec<DynamicHandle<usize>>,
    /// By path, whom a child needs.
    needs: BTreeMap<String, Vec<String>>,
    /// By path, how many children it may have.
    most: BTreeMap<String, usize>,
}

fn kid() -> impl Strategy<Value = Kid> {
    let stops = select(vec![
        StopAct::Obey,
        StopAct::Slow(ms(300)),
        StopAct::Hang,
        StopAct::Fail,
    ]);
    let starts = select(vec![
        StartAct::Fail,
        StartAct::Panic,
        StartAct::Ignore,
        StartAct::Slow(ms(50)),
        StartAct::Hang,
    ]);
    let start = prop::option::weighted(0.3, (2..4_usize, starts));
    let kind = prop_oneof![
        6 => (stops, start).prop_map(|(stop, start)| Kind::Script(stop, start)),
        1 => (0..150_u64).prop_map(Kind::Late),
        1 => (0..8_u32).prop_map(Kind::Pulse),
        1 => (1..4_usize).prop_map(Kind::Pool),
    ];
    of(kind).prop_recursive(2, 24, WIDTH as u32, |kid| {
        of(plan(kid).prop_map(Kind::Nested))
    })
}

fn of(kind: impl Strategy<Value = Kind>) -> impl Strategy<Value = Kid> {
    let backoff = prop::option::weighted(0.3, 1..300_u64);
    let limit = prop::option::weighted(0.2, 0..3_u32);
    let kid = (restarts(), backoff, limit, kind);
    kid.prop_map(|(restart, backoff, limit, kind)| Kid {
        restart,
        backoff,
        limit,
        kind,
    })
}

fn plan(kid: impl Strategy<Value = Kid>) -> impl Strategy<Value = Plan> {
    use Restarts::{OneForAll, OneForOne, RestForOne};
    let strategies = select(vec![OneForOne, OneForAll, RestForOne]);
    let starts = select(vec![
        StartMode::Sequential,
        StartMode::Waves,
        StartMode::Concurrent,
    ]);
    let stops = select(vec![
        StopMode::Ordered,
        StopMode::Waves,
        StopMode::Concurrent,
    ]);
    let ways = (strategies, starts, stops, prop::bool::weighted(0.2));
    let rank = Just(Vec::from_iter(0..WIDTH)).prop_shuffle();
    let edges = prop::collection::vec((0..WIDTH, 0..WIDTH), 0..WIDTH);
    let children = prop::collection::vec(kid, 0..=WIDTH);
    (ways, children, rank, edges).prop_map(|(ways, children, rank, mut edges)| {
        edges.retain(|&(a, b)| rank[a] < rank[b] && a.max(b) < children.len());
        Plan {
            strategy: ways.0,
            start: ways.1,
            stop: ways.2,
            guarded: ways.3,
            children,
            needs: edges,
        }
    })
}

impl Plan {
    fn grow(&self, id: &str, path: &str, grown: &mut Grown) -> Supervisor {
        let mut tree = Supervisor::new(id, self.strategy)
            .start_mode(self.start)
            .stop_mode(self.stop)
            .intensity(BORNE, PERIOD);
        if self.guarded {
            tree = tree.storm_guard(StormGuard::new(2).pause(ms(100)).spacing(ms(20)));
        }
        let ids: Vec<String> = (0..self.children.len())
            .map(|at| format!("{id}{at}"))
            .collect();
        for (at, kid) in self.children.iter().enumerate() {
            let edges = self.needs.iter().filter(|(_, by)| *by == at);
            let needs: Vec<String> = edges.map(|(need, _)| ids[*need].clone()).collect();
            let own = format!("{path}/{}", ids[at]);
            let spec = kid.grow(&ids[at], &own, grown).after(needs.clone());
            let needs = needs.iter().map(|need| format!("{path}/{need}"));
            grown.needs.insert(own, needs.collect());
            tree = tree.child(spec);
        }
        tree
    }
}

impl Kid {
    fn grow(&self, id: &str, path: &str, grown: &mut Grown) -> ChildSpec {
        let grace = ShutdownStrategy::Graceful(ms(400));
        let spec = match &self.kind {
            Kind::Script(stop, start) => {
                let script = Script::new(id).stop(*stop);
                let script = start
                    .iter()
                    .fold(script, |script, &(nth, act)| script.start(nth, act));
                grown.workers.push(script.clone());
                script.spec().shutdown(grace).init_timeout(ms(200))
            }
            Kind::Late(after) => late(id, ms(*after)).shutdown(grace),
            Kind::Pulse(times) => pulse(id, *times).shutdown(grace),
            Kind::Nested(plan) => ChildSpec::new(plan.grow(id, path, grown)),
            Kind::Pool(most) => {
                let pool = DynamicSupervisor::new(id, |n: usize| Script::new(format!("p{n}")));
                let pool = pool.max_children(*most);
                grown.pools.push(pool.handle());
                grown.most.insert(path.to_owned(), *most);
                ChildSpec::new(pool)
            }
        };
        let policy = InitPolicy::FatalOnFirstStart;
        let mut spec = spec.restart(self.restart).init_policy(policy);
        if let Some(wait) = self.backoff {
            spec = spec.backoff(Backoff::exponential(ms(wait), ms(300)));
        }
        if let Some(limit) = self.limit {
            let then = [OnLimit::Escalate, OnLimit::Drop, OnLimit::Escalate][limit as usize];
            spec = spec.limit(Intensity::new(limit, PERIOD), then);
        }
        spec
    }
}

fn late(id: &str, after: Duration) -> ChildSpec {
    let child = worker(id, move |ctx| async move {
        let said = ctx.clone();
        let _saying = ctx.scope().spawn(async move {
            takes(after).await;
            said.ready();
        });
        ctx.stopping().await;
        Ok(())
    });
    child.explicit_readiness(ms(200))
}

fn pulse(id: &str, times: u32) -> ChildSpec {
    let child = worker(id, move |ctx| async move {
        for _ in 0..times {
            takes(ms(100)).await;
            ctx.progress();
        }
        ctx.stopping().await;
        Ok(())
    });
    child.watchdog(ms(250))
}

/// Takes that time, as work would.
async fn takes(time: Duration) {
    let _it_is_over = tokio::time::timeout(time, std::future::pending::<()>()).await;
}

/// (h) What can be answered is answered at once, whatever starts or stops just now.
async fn calls_are_answered_whatever_else_goes_on(root: &SupervisorHandle) {
    let began = Instant::now();
    let Ok(children) = root.which_children().await else {
        return;
    };
    if let Some(child) = children.first() {
        let known = root.start_child(Script::new(child.id.as_str())).await;
        let refused = matches!(
            known,
            Err(StartChildError::AlreadyStarted { .. }
                | StartChildError::AlreadyPresent { .. }
                | StartChildError::ShuttingDown
                | StartChildError::NotRunning { .. }
                | StartChildError::Ended { .. })
        );
        assert!(refused, "{known:?}");
    }
    assert_eq!(began.elapsed(), Duration::ZERO, "an answer takes no time");
}

/// (a) At the end nobody is asked to stop whom somebody needs that still lives.
fn stops_go_backward(events: &[Event], grown: &Grown) {
    let (mut here, mut stuck, mut is_end) = (BTreeSet::new(), BTreeSet::new(), false);
    // A new spec names nobody that it needs; a new life of the supervisor has the old ones again.
    let mut replaced = BTreeSet::<String>::new();
    for event in events {
        let path = event.path.to_string();
        match &event.kind {
            EventKind::Starting { .. } => {
                replaced.retain(|other| !other.starts_with(&format!("{path}/")));
                here.insert(path);
            }
            EventKind::Replaced { .. } => {
                replaced.insert(path);
            }
            EventKind::StopRequested { .. } if event.path.parent().is_none() => is_end = true,
            // It is ended for its own sake.
            EventKind::Stuck => {
                stuck.insert(event.incarnation);
            }
            EventKind::StopRequested { .. } if is_end && !stuck.contains(&event.incarnation) => {
                let needs = |by: &&String| {
                    let needs = grown.needs.get(*by).filter(|_| !replaced.contains(*by));
                    needs.is_some_and(|needs| needs.contains(&path))
                };
                let by = here.iter().find(needs);
                assert_eq!(by, None, "needs {path}, which stops before it");
            }
            kind if is_end_of_life(kind) => {
                here.remove(&path);
            }
            _ => (),
        }
    }
}

/// (c) Between the request to a supervisor and its end it starts nobody.
fn nobody_starts_after_a_request_to_stop(events: &[Event]) {
    let mut asked = BTreeSet::new();
    for event in events {
        match event.kind {
            EventKind::StopRequested { .. } => {
                asked.insert(event.path.to_string());
            }
            EventKind::Starting { .. } => {
                let above = event.path.parent().map(|above| above.to_string());
                assert!(above.is_none_or(|above| !asked.contains(&above)), "{event}");
                asked.remove(&event.path.to_string());
            }
            _ => (),
        }
    }
}

/// (g) A dynamic supervisor has no more lives than places.
fn there_is_a_place_for_each_child(events: &[Event], grown: &Grown) {
    let mut here = BTreeMap::<String, usize>::new();
    for event in events {
        let Some(above) = event.path.parent().map(|above| above.to_string()) else {
            continue;
        };
        let Some(&most) = grown.most.get(&above) else {
            continue;
        };
        let count = here.entry(above).or_default();
        match &event.kind {
            EventKind::Starting { .. } => *count += 1,
            kind if is_end_of_life(kind) => *count -= 1,
            _ => (),
        }
        assert!(*count <= most, "{event}");
    }
}

fn is_end_of_life(kind: &EventKind) -> bool {
    matches!(
        kind,
        EventKind::Exited { .. } | EventKind::StartFailed { .. } | EventKind::Ignored
    )
}

async fn treat(plan: &Plan, deeds: &[Deed], budget: Duration) {
    silence_scripted_panics();
    let mut grown = Grown::default();
    let root = plan.grow("c", "c", &mut grown).stop_budget(budget);
    let log = Arc::new(Mutex::new(Vec::new()));
    let writing = Arc::clone(&log);
    let root = root.observer(move |event: &Event| {
        writing.lock().unwrap().push(event.clone());
    });
    // A child that is ended for its silence as often as its supervisor bears may keep its group from ever coming up.
    let up = tokio::time::timeout(PATIENCE, root.start()).await;
    let is_killed = up.is_err();
    if let Ok(Ok(handle)) = up {
        play(deeds, &handle, &mut grown).await;
        stop(&handle, budget).await;
    }
    settle().await;
    // Nor is anything left of a tree that could not start, or whose start was dropped.
    for worker in &grown.workers {
        assert_eq!(worker.alive(), 0, "after the stop nothing runs");
    }
    if is_killed {
        return;
    }
    let events = std::mem::take(&mut *log.lock().unwrap());
    stops_go_backward(&events, &grown);
    nobody_starts_after_a_request_to_stop(&events);
    // (d) Each life has one end.
    assert_eq!(broken_lives(&events), Vec::<String>::new());
    there_is_a_place_for_each_child(&events, &grown);
}

async fn play(deeds: &[Deed], handle: &SupervisorHandle, grown: &mut Grown) {
    for (turn, deed) in deeds.iter().enumerate() {
        deed.play(handle, &mut grown.workers).await;
        if let Some(pool) = grown.pools.get(turn % grown.pools.len().max(1)) {
            let pool = pool.clone();
            tokio::spawn(async move { pool.start_child(turn).await });
        }
        calls_are_answered_whatever_else_goes_on(handle).await;
    }
}

async fn stop(handle: &SupervisorHandle, budget: Duration) {
    // A call that comes with the stop is carried out beside it: the order is that of the stop alone.
    settle().await;
    let began = Instant::now();
    let report = handle.shutdown().await;
    // (e) The stop keeps its budget, and so (f) waits for nobody without a deadline.
    assert!(began.elapsed() <= budget, "{:?}: {report}", began.elapsed());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(2_000), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_random_tree_with_dependencies_keeps_each_promise(
        plan in plan(kid()),
        deeds in deeds(),
        budget in 300..3_000_u64,
    ) {
        on_the_paused_clock(treat(&plan, &deeds, ms(budget)));
    }
}
