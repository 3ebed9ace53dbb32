//! A snapshot and the events after it give any later snapshot.

use std::collections::BTreeMap;
use std::future::pending;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use perennial::{
    Backoff, ChildId, ChildSpec, DynamicHandle, DynamicSupervisor, Event, EventStream, ExitVerdict,
    HealthImpact, Hold, InitPolicy, Intensity, Observer, OnLimit, Place, Replace, Restart,
    Semantics, ShutdownStrategy, Snapshot, SnapshotEntry, StartMode, StopMode, StormGuard,
    Strategy as Together, Supervisor, SupervisorHandle, worker,
};
use perennial_test::strategies::{Deed, restarts};
use perennial_test::{
    Script, StartAct, StopAct, on_the_paused_clock, settle, silence_scripted_panics,
};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use tokio::runtime::{Builder, Handle};
use tokio::time::timeout;

use crate::support::{ms, secs};

/// A child to be.
#[derive(Clone, Debug)]
enum Plan {
    Script(Life),
    /// It has nothing to initialize, and fails after so many milliseconds, or is done then.
    Ticker(u64, bool, Restart),
    /// What it owns does not end with it.
    Clinging(Restart),
    Supervisor(Branch),
    Pool(Restart, usize),
}

/// What becomes of a script.
#[derive(Clone, Debug)]
struct Life {
    restart: Restart,
    stop: StopAct,
    starts: Vec<(usize, StartAct)>,
    brutal: bool,
    fatal: bool,
    pace: Pace,
}

#[derive(Clone, Copy, Debug)]
enum Pace {
    AtOnce,
    Backoff,
    Watchdog,
    Limit(OnLimit),
    Judged(ExitVerdict),
}

/// A supervisor to be.
#[derive(Clone, Debug)]
struct Branch {
    strategy: Together,
    side_by_side: bool,
    restart: Restart,
    crash_reports: usize,
    intensity: u32,
    stormy: bool,
    children: Vec<Plan>,
    /// The bits of each are the siblings ahead of it that a child needs.
    needs: Vec<u8>,
}

/// What is done to the tree.
#[derive(Clone, Debug)]
enum Act {
    Deed(Deed),
    /// A child gets another spec.
    Renew(Index, Renewal),
    /// A supervisor is to have another list of children.
    Apply(Index, Vec<Fate>, When),
    /// A child of a template is started.
    Spawn(Index),
    /// A child is added that nobody drives.
    Strand,
    /// A supervisor is asked to stop, by somebody else than the one above it.
    Stop(Index),
    /// All that can go on does.
    Settle,
}

/// How another spec differs.
#[derive(Clone, Copy, Debug)]
struct Renewal {
    when: When,
    version: u8,
    is_group: bool,
    is_apart: bool,
    is_optional: bool,
    needs: Option<Index>,
}

#[derive(Clone, Copy, Debug)]
enum When {
    Now,
    AtNextRestart,
}

/// What becomes of a child whose supervisor gets another list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Kept,
    Changed,
    Removed,
    /// And another one comes behind it, which needs it.
    Followed,
}

impl From<When> for Replace {
    fn from(when: When) -> Self {
        match when {
            When::Now => Self::Now,
            When::AtNextRestart => Self::AtNextRestart,
        }
    }
}

fn paces() -> impl Strategy<Value = Pace> {
    use ExitVerdict::{Escalate, RestartAfter, Stop};
    prop_oneof![
        4 => Just(Pace::AtOnce),
        2 => Just(Pace::Backoff),
        1 => Just(Pace::Watchdog),
        2 => select(vec![
            OnLimit::Escalate,
            OnLimit::Quarantine(ms(300)),
            OnLimit::Drop,
            OnLimit::Drop,
        ]).prop_map(Pace::Limit),
        1 => select(vec![Stop, Escalate, RestartAfter(ms(50))]).prop_map(Pace::Judged),
    ]
}

fn lives() -> impl Strategy<Value = Life> {
    use StartAct::{Fail, Hang, Ignore, Panic, Slow};
    let stops = select(vec![
        StopAct::Obey,
        StopAct::Slow(ms(300)),
        StopAct::Hang,
        StopAct::Fail,
    ]);
    let starts = select(vec![Fail, Panic, Ignore, Slow(ms(50)), Hang]);
    let starts = prop_oneof![
        3 => prop::collection::vec((1..5_usize, starts), 0..3),
        // Of those that fail once, each later start fails too.
        1 => Just(vec![(2, Fail), (3, Fail)]),
    ];
    let rest = (restarts(), stops, starts, paces());
    (rest, prop::bool::weighted(0.2), prop::bool::weighted(0.2)).prop_map(
        |((restart, stop, starts, pace), brutal, fatal)| Life {
            restart,
            stop,
            starts,
            brutal,
            fatal,
            pace,
        },
    )
}

fn plans() -> impl Strategy<Value = Plan> {
    let leaf = prop_oneof![
        6 => lives().prop_map(Plan::Script),
        2 => (20..600_u64, any::<bool>(), restarts())
            .prop_map(|(time, fails, restart)| Plan::Ticker(time, fails, restart)),
        1 => restarts().prop_map(Plan::Clinging),
        1 => (restarts(), 0..3_usize).prop_map(|(restart, kept)| Plan::Pool(restart, kept)),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| branches(inner).prop_map(Plan::Supervisor))
}

fn branches(inner: impl Strategy<Value = Plan>) -> impl Strategy<Value = Branch> {
    let strategy = select(vec![
        Together::OneForOne,
        Together::OneForAll,
        Together::RestForOne,
    ]);
    let children = prop::collection::vec(inner, 1..=4);
    let settings = (restarts(), 0..4_usize, 1..9_u32);
    let odds = (prop::bool::weighted(0.3), prop::bool::weighted(0.2));
    let needs = prop_oneof![
        3 => Just(Vec::new()),
        2 => prop::collection::vec(0..8_u8, 4),
    ];
    (strategy, settings, odds, children, needs).prop_map(
        |(strategy, settings, (side_by_side, stormy), children, needs)| {
            let (restart, crash_reports, intensity) = settings;
            Branch {
                strategy,
                side_by_side,
                restart,
                crash_reports,
                intensity,
                stormy,
                children,
                needs,
            }
        },
    )
}

fn whens() -> impl Strategy<Value = When> {
    select(vec![When::Now, When::AtNextRestart])
}

fn renewals() -> impl Strategy<Value = Renewal> {
    let needs = proptest::option::weighted(0.3, any::<Index>());
    let odds = (prop::bool::weighted(0.3), prop::bool::weighted(0.2));
    (whens(), 0..4_u8, odds, any::<bool>(), needs).prop_map(
        |(when, version, (is_group, is_apart), is_optional, needs)| Renewal {
            when,
            version,
            is_group,
            is_apart,
            is_optional,
            needs,
        },
    )
}

fn fates() -> impl Strategy<Value = Vec<Fate>> {
    use Fate::{Changed, Followed, Kept, Removed};
    let fate = select(vec![Kept, Kept, Changed, Removed, Followed]);
    prop::collection::vec(fate, 1..4)
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let who = 0..1_000_usize;
    let deed = prop_oneof![
        6 => (who.clone(), 0..4_usize).prop_map(|(who, how)| Deed::End(who, how)),
        2 => who.clone().prop_map(Deed::Kill),
        2 => who.clone().prop_map(Deed::Terminate),
        2 => who.clone().prop_map(Deed::Restart),
        2 => who.clone().prop_map(Deed::Delete),
        2 => who.clone().prop_map(Deed::Pause),
        2 => who.clone().prop_map(Deed::Resume),
        1 => (who.clone(), any::<bool>()).prop_map(|(who, now)| Deed::Replace(who, now)),
        1 => who.prop_map(Deed::Add),
        4 => (0..500_u64).prop_map(Deed::Wait),
    ];
    let act = prop_oneof![
        12 => deed.prop_map(Act::Deed),
        2 => (any::<Index>(), renewals()).prop_map(|(which, spec)| Act::Renew(which, spec)),
        1 => (any::<Index>(), fates(), whens())
            .prop_map(|(which, fates, when)| Act::Apply(which, fates, when)),
        2 => any::<Index>().prop_map(Act::Spawn),
        1 => Just(Act::Strand),
        1 => any::<Index>().prop_map(Act::Stop),
        3 => Just(Act::Settle),
    ];
    prop::collection::vec(act, 1..24)
}

/// A tree that grows, and all of it that is to be treated later.
struct Garden {
    workers: Vec<Script>,
    pools: Vec<DynamicHandle<Restart>>,
    /// A runtime that nobody drives.
    nowhere: Handle,
    /// To the letter of OTP: no initialization has a limit.
    exact: bool,
}

impl Garden {
    fn supervisor(&mut self, name: &str, plan: &Branch) -> Supervisor {
        let supervisor = Supervisor::new(name, plan.strategy)
            .intensity(plan.intensity, secs(1))
            .crash_reports(plan.crash_reports);
        let supervisor = if plan.side_by_side {
            let supervisor = supervisor.start_mode(StartMode::Waves);
            supervisor.stop_mode(StopMode::Concurrent)
        } else {
            supervisor
        };
        let supervisor = if plan.stormy {
            supervisor.storm_guard(StormGuard::new(3).pause(ms(200)))
        } else {
            supervisor
        };
        let children = plan.children.iter().enumerate();
        children.fold(supervisor, |above, (index, child)| {
            let bits = plan.needs.get(index).copied().unwrap_or(0);
            let needs = (0..index).filter(|need| bits & (1 << need) != 0);
            let needs = needs.map(|need| format!("{name}{need}"));
            let child = self.child(format!("{name}{index}"), child);
            above.child(child.after(needs))
        })
    }

    fn child(&mut self, id: String, plan: &Plan) -> ChildSpec {
        match plan {
            Plan::Script(life) => self.script(id, life),
            Plan::Ticker(time, fails, restart) => ticker(id, *time, *fails).restart(*restart),
            Plan::Clinging(restart) => self.clinging(id).restart(*restart),
            Plan::Supervisor(branch) => {
                let policy = InitPolicy::FatalOnFirstStart;
                let spec = ChildSpec::new(self.supervisor(&id, branch));
                spec.restart(branch.restart).init_policy(policy)
            }
            Plan::Pool(restart, kept) => {
                let pool = DynamicSupervisor::new(id, |restart: Restart| {
                    ticker("job".to_owned(), 400, true).restart(restart)
                });
                let pool = pool.max_children(3).crash_reports(*kept);
                self.pools.push(pool.handle());
                ChildSpec::new(pool).restart(*restart)
            }
        }
    }

    fn script(&mut self, id: String, life: &Life) -> ChildSpec {
        let script = Script::new(id).stop(life.stop);
        let starts = life.starts.iter();
        let script = starts.fold(script, |script, &(nth, act)| match act {
            StartAct::Hang if self.exact => script,
            act => script.start(nth, act),
        });
        self.workers.push(script.clone());
        let shutdown = if life.brutal {
            ShutdownStrategy::Brutal
        } else {
            ShutdownStrategy::Graceful(ms(400))
        };
        let policy = if life.fatal {
            InitPolicy::Fatal
        } else {
            InitPolicy::FatalOnFirstStart
        };
        let spec = script.spec().restart(life.restart).shutdown(shutdown);
        let spec = spec.init_timeout(ms(200)).init_policy(policy);
        let spec = spec.version("first");
        match life.pace {
            Pace::AtOnce => spec,
            Pace::Backoff => spec.backoff(Backoff::constant(ms(100)).not_at_once()),
            Pace::Watchdog => spec.watchdog(ms(350)),
            Pace::Limit(then) => spec.limit(Intensity::new(1, secs(1)), then),
            Pace::Judged(verdict) => {
                spec.classify(move |exit| exit.is_abnormal().then_some(verdict))
            }
        }
    }

    fn clinging(&self, id: String) -> ChildSpec {
        let nowhere = self.nowhere.clone();
        worker(id, move |ctx| {
            let nowhere = nowhere.clone();
            async move {
                let scope = ctx.scope();
                let elsewhere = nowhere.enter();
                let _left = scope.spawn(pending::<()>());
                drop(elsewhere);
                ctx.stopping().await;
                Ok(())
            }
        })
    }

    /// Another spec for a child with these siblings.
    fn renewed(&mut self, id: &ChildId, renewal: &Renewal, siblings: &[ChildId]) -> ChildSpec {
        let spec = if renewal.is_group {
            let inner = ticker(format!("{id}x"), 300, true).restart(Restart::Temporary);
            ChildSpec::new(Supervisor::one_for_one(id.clone()).child(inner))
        } else {
            self.plain(id.as_str())
        };
        let spec = spec.version(format!("v{}", renewal.version));
        let spec = match renewal.needs {
            Some(need) if !siblings.is_empty() => spec.after([need.get(siblings).clone()]),
            _ => spec,
        };
        let spec = if renewal.is_optional {
            spec.health(HealthImpact::Optional)
        } else {
            spec
        };
        if renewal.is_apart {
            spec.place(Place::On(Handle::current()))
        } else {
            spec
        }
    }

    fn plain(&mut self, id: &str) -> ChildSpec {
        let script = Script::new(id);
        self.workers.push(script.clone());
        let spec = script.spec().shutdown(ShutdownStrategy::Graceful(ms(400)));
        spec.init_policy(InitPolicy::FatalOnFirstStart)
    }

    /// Another list for a supervisor with these children, of these versions.
    fn list(&mut self, children: &[Child], fates: &[Fate]) -> Vec<ChildSpec> {
        let mut list: Vec<ChildSpec> = Vec::new();
        for (at, (id, version)) in children.iter().enumerate() {
            let fate = fates[at % fates.len()];
            let spec = self.plain(id.as_str());
            match (fate, version) {
                (Fate::Removed, _) => continue,
                (Fate::Changed, _) => list.push(spec.version(format!("{fate:?}{at}"))),
                (Fate::Kept | Fate::Followed, Some(version)) => {
                    list.push(spec.version(Arc::clone(version)));
                }
                (Fate::Kept | Fate::Followed, None) => list.push(spec),
            }
            if fate == Fate::Followed {
                let new = self.plain(&format!("behind-{id}"));
                list.insert(0, new.after([id.clone()]));
            }
        }
        list
    }

    async fn play(&mut self, act: Act, root: &SupervisorHandle) {
        match act {
            Act::Deed(deed) => deed.play(root, &mut self.workers).await,
            Act::Renew(which, renewal) => {
                if let Some((above, id, siblings)) = anybody(root, which) {
                    let spec = self.renewed(&id, &renewal, &siblings);
                    let when = renewal.when.into();
                    tokio::spawn(async move { above.replace_child(spec, when).await });
                }
            }
            Act::Apply(which, fates, when) => {
                if let Some((above, children)) = anyone_above(root, which) {
                    let list = self.list(&children, &fates);
                    tokio::spawn(async move { above.apply_with(list, when.into()).await });
                }
            }
            Act::Spawn(which) if !self.pools.is_empty() => {
                let pool = which.get(&self.pools).clone();
                let restart = [Restart::Permanent, Restart::Temporary];
                let restart = restart[which.index(2)];
                tokio::spawn(async move { pool.start_child(restart).await });
            }
            Act::Spawn(_) => (),
            Act::Strand if self.exact => (),
            Act::Strand => {
                let spec = worker("stranded", |_| async { Ok(()) });
                let place = Place::On(self.nowhere.clone());
                let spec = spec.place(place).init_timeout(ms(100));
                let root = root.clone();
                tokio::spawn(async move { root.start_child(spec).await });
            }
            Act::Stop(which) => {
                if let Some(part) = nested(root, which) {
                    part.request_stop();
                }
            }
            Act::Settle => settle().await,
        }
    }
}

/// Some supervisor below the root.
fn nested(root: &SupervisorHandle, which: Index) -> Option<SupervisorHandle> {
    let snapshot = root.snapshot();
    let rows = snapshot.entries().iter();
    let supervisors = rows.filter(|row| row.strategy.is_some() && row.depth > 0);
    let paths: Vec<_> = supervisors.map(|row| row.path.to_string()).collect();
    let path = (!paths.is_empty()).then(|| which.get(&paths))?;
    let (_, below) = path.split_once('/')?;
    root.supervisor(below).ok()
}

/// The id and the version of a child.
type Child = (ChildId, Option<Arc<str>>);

/// Some supervisor, and its children.
fn anyone_above(root: &SupervisorHandle, which: Index) -> Option<(SupervisorHandle, Vec<Child>)> {
    let snapshot = root.snapshot();
    let rows = snapshot.entries();
    let supervisors: Vec<_> = rows.iter().filter(|row| row.strategy.is_some()).collect();
    let above = (!supervisors.is_empty()).then(|| which.get(&supervisors))?;
    let is_child = |row: &&SnapshotEntry| row.path.parent() == Some(&above.path);
    let children = rows.iter().filter(is_child);
    let children = children.map(|row| (row.path.id().clone(), row.version.clone()));
    Some((by_path(root, &above.path.to_string())?, children.collect()))
}

/// Some child: its supervisor, its id, and its siblings.
fn anybody(
    root: &SupervisorHandle,
    which: Index,
) -> Option<(SupervisorHandle, ChildId, Vec<ChildId>)> {
    let snapshot = root.snapshot();
    let rows = snapshot
        .entries()
        .get(1..)
        .filter(|rows| !rows.is_empty())?;
    let path = &which.get(rows).path;
    let others = rows.iter().map(|row| &row.path);
    let siblings = others.filter(|other| other.parent() == path.parent() && *other != path);
    let siblings = siblings.map(|path| path.id().clone()).collect();
    let above = by_path(root, &path.parent()?.to_string())?;
    Some((above, path.id().clone(), siblings))
}

fn is_part(part: &Snapshot, whole: &Snapshot) -> bool {
    let top = part.entries().first();
    top.is_some_and(|top| {
        let row = whole.find(&top.path.to_string());
        row.is_some_and(|row| row.incarnation == top.incarnation)
    })
}

fn ticker(id: String, time: u64, fails: bool) -> ChildSpec {
    worker(id, move |ctx| async move {
        let mut clock = tokio::time::interval(ms(time));
        clock.tick().await;
        tokio::select! {
            () = ctx.stopping() => return Ok(()),
            _ = clock.tick() => (),
        }
        if fails {
            Err("it is time".into())
        } else {
            Ok(())
        }
    })
}

/// Writes down all events, and at some of them how the tree looks just then.
#[derive(Clone)]
struct Chronicle(Arc<Mutex<Pages>>);

struct Pages {
    root: SupervisorHandle,
    /// At every so many events.
    every: u64,
    events: Vec<Event>,
    /// Amid somebody's turn: what is told is shown, and more may be.
    early: Vec<Snapshot>,
    /// A supervisor that hears nothing for a while, wherever it was.
    held: Option<Hold>,
}

impl Chronicle {
    fn of(root: SupervisorHandle, every: u64) -> Self {
        Self(Arc::new(Mutex::new(Pages {
            root,
            every,
            events: Vec::new(),
            early: Vec::new(),
            held: None,
        })))
    }

    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks again whenever something was told, as soon as it has its turn: nobody is amid anything then.
    async fn look(self, mut events: EventStream) -> Vec<Snapshot> {
        let root = self.pages().root.clone();
        let mut late: Vec<Snapshot> = Vec::new();
        while events.next().await.is_some() {
            let now = root.snapshot();
            if late.last().is_none_or(|last| last.number() != now.number()) {
                late.push(now);
            }
        }
        late
    }
}

impl Observer for Chronicle {
    fn notice(&self, event: &Event) {
        let mut pages = self.pages();
        pages.events.push(event.clone());
        if event.number.is_multiple_of(pages.every) {
            let early = pages.root.snapshot();
            // When the root is gone, those who were left behind may still be heard of.
            if early.number() > 0 {
                assert_eq!(early.number(), event.number);
                pages.early.push(early);
            }
        }
        if event.number.is_multiple_of(3 * pages.every) {
            pages.held = holder(&pages.root, event).map(|above| above.hold());
        }
    }
}

/// The supervisor of the child that an event is about.
fn holder(root: &SupervisorHandle, event: &Event) -> Option<SupervisorHandle> {
    by_path(root, &event.path.parent()?.to_string())
}

fn by_path(root: &SupervisorHandle, path: &str) -> Option<SupervisorHandle> {
    match path.split_once('/') {
        Some((_, below)) => root.supervisor(below).ok(),
        None => Some(root.clone()),
    }
}

/// A row without what events do not tell.
fn facts(row: &SnapshotEntry) -> String {
    let crashes = row.crashes.iter();
    let crashes: Vec<_> = crashes
        .map(|crash| {
            format!(
                "{} {:?} {} {:?} {} {:?} {:?}",
                crash.incarnation,
                crash.phase,
                crash.exit,
                crash.uptime,
                crash.restarts,
                crash.decision,
                crash.siblings()
            )
        })
        .collect();
    let exit = row.last_exit.as_ref().map(ToString::to_string);
    format!(
        "{} {} {:?} {:?} {} {:?} {} {:?} restarts {} exit {exit:?} for {:?} {:?} run {} stuck {} gave up {} {:?} {crashes:?} of {}",
        row.path,
        row.depth,
        row.kind,
        row.strategy,
        row.place,
        row.version,
        row.state,
        row.incarnation,
        row.restarts,
        row.delayed_by,
        row.impact,
        row.has_run,
        row.is_stuck,
        row.has_given_up,
        row.counts,
        row.crash_reports,
    )
}

fn all_facts(snapshot: &Snapshot) -> String {
    let rows: Vec<_> = snapshot.entries().iter().map(facts).collect();
    rows.join("\n")
}

/// Each of the earlier snapshots becomes each of the later ones.
fn compare(early: &[Snapshot], late: &[Snapshot], events: &[Event]) -> Result<(), TestCaseError> {
    let mut expected: BTreeMap<u64, String> = BTreeMap::new();
    for snapshot in late {
        let facts = all_facts(snapshot);
        let before = expected.insert(snapshot.number(), facts.clone());
        prop_assert_eq!(
            before.unwrap_or(facts.clone()),
            facts,
            "what changes is told"
        );
    }
    for first in early {
        let mut now = first.clone();
        for event in events {
            now.follow(event).unwrap();
            if let Some(expected) = expected.get(&event.number)
                && event.number > first.number()
            {
                prop_assert_eq!(
                    &all_facts(&now),
                    expected,
                    "from {} to {} by {}, from\n{}",
                    first.number(),
                    event.number,
                    story(events, first.number(), event.number),
                    all_facts(first)
                );
            }
        }
    }
    Ok(())
}

fn story(events: &[Event], after: u64, to: u64) -> String {
    let told = events.iter();
    let told = told.filter(|event| event.number > after && event.number <= to);
    let lines: Vec<_> = told
        .map(|event| {
            format!(
                "{} {event} ({} of {:?})",
                event.number, event.incarnation, event.supervisor
            )
        })
        .collect();
    lines.join("\n")
}

/// What was seen of a tree: all of it, and a part.
#[derive(Default)]
struct Seen {
    whole: Vec<Snapshot>,
    parts: Vec<Snapshot>,
}

async fn treat(
    plan: &Branch,
    acts: &[Act],
    every: u64,
    exact: bool,
    part: Index,
) -> Result<(), TestCaseError> {
    let elsewhere = Builder::new_current_thread().build().unwrap();
    let mut garden = Garden {
        workers: Vec::new(),
        pools: Vec::new(),
        nowhere: elsewhere.handle().clone(),
        exact,
    };
    let root = garden.supervisor("r", plan).abort_grace(ms(100));
    let root = if exact {
        root.semantics(Semantics::otp_exact())
    } else {
        root
    };
    let handle = root.handle();
    let chronicle = Chronicle::of(handle.clone(), every);
    let mut seen = Seen::default();
    let looks = tokio::spawn(chronicle.clone().look(handle.events()));
    let holds = tokio::spawn(let_go_of_holds(chronicle.clone()));
    let is_up = root.observer(chronicle.clone()).start().await.is_ok();
    let watched = nested(&handle, part);
    for act in acts.iter().filter(|_| is_up) {
        garden.play(act.clone(), &handle).await;
        let whole = handle.snapshot();
        // What a killed supervisor has left behind is no part of the tree any more.
        let part = watched.as_ref().map(SupervisorHandle::snapshot);
        seen.parts.extend(part.filter(|part| is_part(part, &whole)));
        seen.whole.push(whole);
    }
    settle().await;
    seen.whole.push(handle.snapshot());
    handle.shutdown().await;
    settle().await;
    // Before the tree dies for good: what it says then is heard.
    elsewhere.shutdown_background();
    seen.whole.extend(looks.await.unwrap());
    // Not before: those who were left behind may be held too.
    holds.abort();
    let pages = chronicle.pages();
    let mut early = vec![Snapshot::default()];
    early.extend(some(&pages.early));
    early.extend(some(&seen.whole));
    // One that was taken when the tree was over has no number.
    let late: Vec<_> = seen
        .whole
        .into_iter()
        .filter(|snapshot| snapshot.number() > 0)
        .collect();
    compare(&early, &late, &pages.events)?;
    for pair in seen.parts.windows(2) {
        let life = |part: &Snapshot| part.entries()[0].incarnation;
        if life(&pair[0]) == life(&pair[1]) {
            compare(&pair[..1], &pair[1..], &pages.events)?;
        }
    }
    Ok(())
}

/// Nobody is held for long.
async fn let_go_of_holds(chronicle: Chronicle) {
    let mut clock = tokio::time::interval(ms(20));
    loop {
        clock.tick().await;
        let held = chronicle.pages().held.take();
        drop(held);
    }
}

/// A few of many, from the first to the last.
fn some(snapshots: &[Snapshot]) -> impl Iterator<Item = Snapshot> {
    let step = snapshots.len() / 6 + 1;
    snapshots.iter().step_by(step).cloned()
}

/// How many random cases are tried: so many, or what `PROPTEST_CASES` says.
fn cases(usual: u32) -> u32 {
    let cases = std::env::var("PROPTEST_CASES").ok();
    cases.and_then(|cases| cases.parse().ok()).unwrap_or(usual)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(256), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_snapshot_and_the_events_after_it_give_any_later_one(
        plan in branches(plans()),
        acts in acts(),
        every in 1..12_u64,
        exact in prop::bool::weighted(0.2),
        part in any::<Index>(),
    ) {
        silence_scripted_panics();
        let treated = treat(&plan, &acts, every, exact, part);
        on_the_paused_clock(async { timeout(secs(100_000), treated).await }).unwrap()?;
    }
}

/// A child that fails again and again until it is told to be good.
fn restless(id: String, is_good: &Arc<AtomicBool>) -> ChildSpec {
    let is_good = Arc::clone(is_good);
    worker(id, move |ctx| {
        let is_good = Arc::clone(&is_good);
        async move {
            let _stops = timeout(ms(1), ctx.stopping()).await;
            if !is_good.load(Ordering::SeqCst) {
                return Err("again".into());
            }
            ctx.stopping().await;
            Ok(())
        }
    })
}

/// Takes in what comes, and begins anew if something is missing, until nothing has come for a while.
async fn follow_to_the_end(tree: &mut Snapshot, mut events: EventStream) -> bool {
    while let Ok(Some(event)) = timeout(ms(300), events.next()).await {
        if !event.is_ok_and(|event| tree.follow(&event).is_ok()) {
            return false;
        }
    }
    true
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_snapshot_that_is_taken_while_many_threads_change_the_tree_is_followed_to_the_end() {
    let is_good = Arc::new(AtomicBool::new(false));
    let strategies = [
        Together::OneForOne,
        Together::OneForAll,
        Together::RestForOne,
    ];
    let groups = strategies.into_iter().enumerate().map(|(index, strategy)| {
        let group = Supervisor::new(format!("g{index}"), strategy).unlimited_intensity();
        let children = (0..4).map(|child| restless(format!("c{child}"), &is_good));
        let group = children.fold(group, Supervisor::child);
        ChildSpec::new(group)
    });
    let app = Supervisor::one_for_one("app").unlimited_intensity();
    let handle = groups.fold(app, Supervisor::child).start().await.unwrap();
    let mut followers = Vec::new();
    for round in 0..60 {
        let events = handle.events();
        let mut tree = handle.snapshot();
        if round % 3 == 0 {
            // A whole group vanishes and comes back.
            handle
                .kill_child(format!("g{}", round % 9 / 3))
                .await
                .unwrap_or_default();
        }
        followers.push(tokio::spawn(async move {
            let is_whole = follow_to_the_end(&mut tree, events).await;
            is_whole.then_some(tree)
        }));
        if round == 55 {
            is_good.store(true, Ordering::SeqCst);
        }
        let _rest = timeout(ms(2), pending::<()>()).await;
    }
    let mut whole = 0;
    for follower in followers {
        if let Some(tree) = follower.await.unwrap() {
            whole += 1;
            assert_eq!(all_facts(&tree), all_facts(&handle.snapshot()));
        }
    }
    // Others may have been too slow.
    assert!(whole > 0);
    handle.shutdown().await;
}
