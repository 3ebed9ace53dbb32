//! What is drawn: trees of supervisors whose children need each other, and what happens to them.
//!
//! All of it is data, so that a case that fails prints and shrinks.

use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use proptest::sample::select;

use super::super::super::machine::Settings;
use super::super::super::protocol::{Exit, Slot, Traits};
use super::super::super::strategy::{AutoShutdown, StartMode, StopMode, Strategy as Restarts};
use super::super::world::{EXITS, JUDGED};
use crate::child::{InitPolicy, Replace, Semantics, ShutdownStrategy};
use crate::dynamic;
use crate::restart::{Backoff, ExitVerdict, Intensity, Jitter, OnLimit, Plan, Restart, StormGuard};

/// How many children a supervisor has at most.
const WIDTH: usize = 6;

/// A child spec; with a branch it is that of a supervisor.
#[derive(Clone, Debug)]
pub(super) struct Child {
    pub(super) traits: Traits,
    pub(super) plan: Plan,
    /// There is nothing to initialize: it is up as soon as it is started.
    pub(super) at_once: bool,
    pub(super) below: Option<Arc<Branch>>,
}

/// A supervisor to be.
#[derive(Clone, Debug)]
pub(super) enum Branch {
    List {
        settings: Settings,
        start: StartMode,
        stop: StopMode,
        children: Vec<Child>,
        /// By child, whom it needs; without circles.
        needs: Vec<Vec<Slot>>,
    },
    Dynamic(dynamic::Settings),
}

/// Something that happens to a tree; the numbers choose to whom, and fit into any tree.
#[derive(Clone, Debug)]
pub(super) enum Act {
    /// A child that is told to start or to end does so.
    Obey(u16),
    /// A child ends like that.
    Exit(u16, Exit),
    /// A child declines to start.
    Decline(u16),
    /// A child that is told to end while it starts has started just before.
    StartLate(u16),
    /// The task of a child is aborted from outside.
    Kill(u16),
    /// A child says that it gets on.
    Progress(u16),
    /// A supervisor hears what was said to it first.
    Hear(u16),
    /// A supervisor is called.
    Call(u16, Call),
    /// So much time passes.
    Pass(u64),
    /// The root is to stop.
    Stop,
}

#[derive(Clone, Debug)]
pub(super) enum Call {
    /// With a new child, which needs those rows.
    Add(Box<Child>, Vec<u16>),
    AddKnown,
    Terminate,
    Restart,
    Delete,
    Pause,
    Resume,
    /// With that new spec, which needs those rows as far as there is no circle.
    Replace(Box<Child>, Vec<u16>, Replace),
    /// Terminate and delete, as one.
    Discard,
}

impl Branch {
    /// Whether a supervisor in it hears no stop while it starts a child, which may take as long as it likes.
    pub(super) fn may_block(&self) -> bool {
        match self {
            Self::Dynamic(_) => false,
            Self::List {
                settings, children, ..
            } => {
                let below = |child: &Child| child.below.as_ref().is_some_and(|it| it.may_block());
                settings.semantics.blocking || children.iter().any(below)
            }
        }
    }
}

pub(super) fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn intensity() -> impl Strategy<Value = Intensity> {
    let limited = (0..8_u32, select(vec![100_u64, 1_000, 2_500]));
    let limited = limited.prop_map(|(restarts, period)| Intensity::new(restarts, ms(period)));
    prop_oneof![2 => limited, 1 => Just(Intensity::unlimited())]
}

fn storm_guard() -> impl Strategy<Value = Option<StormGuard>> {
    let guard = (1..4_u32, 0..500_u64, 0..100_u64).prop_map(|(threshold, pause, spacing)| {
        StormGuard::new(threshold)
            .half_life(ms(1_000))
            .pause(ms(pause))
            .spacing(ms(spacing))
    });
    prop::option::weighted(0.2, guard)
}

fn settings() -> impl Strategy<Value = Settings> {
    let strategies = select(vec![
        Restarts::OneForOne,
        Restarts::OneForAll,
        Restarts::RestForOne,
    ]);
    let auto = select(vec![
        AutoShutdown::Never,
        AutoShutdown::Never,
        AutoShutdown::AnySignificant,
        AutoShutdown::AllSignificant,
    ]);
    let semantics = (any::<bool>(), prop::bool::weighted(0.1));
    let rest = (intensity(), storm_guard(), abort_grace(), semantics);
    (strategies, auto, rest).prop_map(|(strategy, auto_shutdown, rest)| Settings {
        strategy,
        auto_shutdown,
        intensity: rest.0,
        storm_guard: rest.1,
        abort_grace: rest.2,
        semantics: Semantics {
            whole_seconds: rest.3.0,
            blocking: rest.3.1,
            ..Semantics::default()
        },
    })
}

fn abort_grace() -> impl Strategy<Value = Duration> {
    select(vec![ms(50), ms(1_000)])
}

fn traits() -> impl Strategy<Value = Traits> {
    let restart = select(vec![
        Restart::Permanent,
        Restart::Permanent,
        Restart::Transient,
        Restart::Temporary,
    ]);
    let shutdown = select(vec![
        ShutdownStrategy::Graceful(ms(200)),
        ShutdownStrategy::Graceful(ms(3_000)),
        ShutdownStrategy::Brutal,
        ShutdownStrategy::Infinite,
    ]);
    let init_policy = prop_oneof![
        1 => Just(InitPolicy::Fatal),
        4 => Just(InitPolicy::FatalOnFirstStart),
    ];
    let init_timeout = select(vec![Some(ms(500)), Some(ms(5_000)), None]);
    (restart, shutdown, init_policy, init_timeout, any::<bool>()).prop_map(
        |(restart, shutdown, init_policy, init_timeout, significant)| Traits {
            restart,
            significant: significant && restart != Restart::Permanent,
            shutdown,
            init_policy,
            init_timeout,
        },
    )
}

fn plan() -> impl Strategy<Value = Plan> {
    let jitter = select(vec![Jitter::None, Jitter::Equal, Jitter::Full]);
    let backoff = (1..300_u64, jitter, any::<bool>()).prop_map(|(base, jitter, at_once)| {
        let backoff = Backoff::exponential(ms(base), ms(1_000)).jitter(jitter);
        let backoff = backoff.stable_after(ms(700));
        if at_once {
            backoff
        } else {
            backoff.not_at_once()
        }
    });
    let then = select(vec![
        OnLimit::Escalate,
        OnLimit::Drop,
        OnLimit::Quarantine(ms(50)),
        OnLimit::Quarantine(ms(300)),
    ]);
    let limit = (0..3_u32, select(vec![100_u64, 2_000]), then)
        .prop_map(|(restarts, period, then)| (Intensity::new(restarts, ms(period)), then));
    let watchdog = select(vec![ms(150), ms(2_000)]);
    let some = (
        prop::option::weighted(0.3, backoff),
        prop::option::weighted(0.3, limit),
        prop::option::weighted(0.2, watchdog),
        any::<u64>(),
    );
    some.prop_map(|(backoff, limit, watchdog, seed)| Plan {
        backoff,
        limit,
        watchdog,
        seed,
    })
}

fn worker() -> impl Strategy<Value = Child> {
    (traits(), plan(), any::<bool>()).prop_map(|(traits, plan, at_once)| Child {
        traits,
        plan,
        at_once,
        below: None,
    })
}

fn modes() -> impl Strategy<Value = (StartMode, StopMode)> {
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
    (starts, stops)
}

/// Who needs whom among up to [`WIDTH`] children, in no order of their places in the list.
fn needs() -> impl Strategy<Value = (Vec<usize>, Vec<(usize, usize)>)> {
    let rank = Just(Vec::from_iter(0..WIDTH)).prop_shuffle();
    let edges = prop_oneof![
        1 => Just(Vec::new()),
        2 => prop::collection::vec((0..WIDTH, 0..WIDTH), 1..2 * WIDTH),
    ];
    (rank, edges)
}

fn list(child: impl Strategy<Value = Child>) -> impl Strategy<Value = Branch> {
    let children = prop::collection::vec(child, 0..=WIDTH);
    (settings(), modes(), children, needs()).prop_map(|(settings, modes, mut children, needs)| {
        for child in &mut children {
            child.traits.significant &= settings.auto_shutdown != AutoShutdown::Never;
        }
        let (rank, edges) = needs;
        let mut needs = vec![Vec::new(); children.len()];
        for (a, b) in edges {
            if rank[a] < rank[b] && a.max(b) < children.len() {
                needs[b].push(a);
            }
        }
        Branch::List {
            settings,
            start: modes.0,
            stop: modes.1,
            children,
            needs,
        }
    })
}

fn dynamic() -> impl Strategy<Value = Branch> {
    let limits = (intensity(), storm_guard(), abort_grace(), 0..5_usize);
    limits.prop_map(|(intensity, storm_guard, abort_grace, max_children)| {
        Branch::Dynamic(dynamic::Settings {
            intensity,
            storm_guard,
            abort_grace,
            max_children,
            semantics: Semantics::default(),
        })
    })
}

/// A supervisor as a child of another one: it ends when all below it have, unless its spec says otherwise.
fn nested(branch: impl Strategy<Value = Branch>) -> impl Strategy<Value = Child> {
    let shutdown = prop_oneof![
        6 => Just(ShutdownStrategy::Infinite),
        1 => Just(ShutdownStrategy::Brutal),
        1 => Just(ShutdownStrategy::Graceful(ms(400))),
    ];
    (traits(), plan(), shutdown, branch).prop_map(|(traits, plan, shutdown, branch)| Child {
        traits: Traits {
            shutdown,
            init_timeout: None,
            ..traits
        },
        // A supervisor says nothing of its progress.
        plan: Plan {
            watchdog: None,
            ..plan
        },
        at_once: false,
        below: Some(Arc::new(branch)),
    })
}

/// Draws a tree of up to three levels below its root.
pub(super) fn trees() -> impl Strategy<Value = Branch> {
    let some = prop_oneof![6 => worker(), 1 => nested(dynamic())];
    let child = some.prop_recursive(3, 24, WIDTH as u32, |child| {
        nested(list(prop_oneof![2 => worker(), 1 => child]))
    });
    list(prop_oneof![2 => worker(), 1 => child])
}

fn exits() -> impl Strategy<Value = Exit> {
    // Those that end all are rare, or few trees would live for long.
    let (plain, judged) = (select(EXITS.to_vec()), select(JUDGED.to_vec()));
    let mild = judged.clone().prop_map(|exit| match exit {
        Exit::Permanent | Exit::Satisfied | Exit::Judged(ExitVerdict::Escalate) => Exit::Planned,
        exit => exit,
    });
    prop_oneof![20 => Just(Exit::Abnormal), 10 => plain, 10 => mild, 1 => judged]
}

fn calls() -> impl Strategy<Value = Call> {
    let new = || (worker(), prop::collection::vec(any::<u16>(), 0..3));
    let when = select(vec![Replace::Now, Replace::AtNextRestart]);
    let replace = (new(), when);
    prop_oneof![
        3 => new().prop_map(|(child, needs)| Call::Add(Box::new(child), needs)),
        1 => Just(Call::AddKnown),
        2 => Just(Call::Terminate),
        2 => Just(Call::Restart),
        1 => Just(Call::Delete),
        1 => Just(Call::Pause),
        2 => Just(Call::Resume),
        4 => replace.prop_map(|((child, needs), when)| Call::Replace(Box::new(child), needs, when)),
        1 => Just(Call::Discard),
    ]
}

/// Draws what happens, one thing after the other.
pub(super) fn acts() -> impl Strategy<Value = Vec<Act>> {
    let who = any::<u16>;
    let act = prop_oneof![
        10 => who().prop_map(Act::Obey),
        6 => (who(), exits()).prop_map(|(who, exit)| Act::Exit(who, exit)),
        1 => who().prop_map(Act::Decline),
        1 => who().prop_map(Act::StartLate),
        2 => who().prop_map(Act::Kill),
        2 => who().prop_map(Act::Progress),
        6 => who().prop_map(Act::Hear),
        5 => (who(), calls()).prop_map(|(who, call)| Act::Call(who, call)),
        4 => (0..400_u64).prop_map(Act::Pass),
        1 => (0..4_000_u64).prop_map(Act::Pass),
    ];
    // A request to stop ends everything, so it is rare.
    let act = prop_oneof![600 => act, 1 => Just(Act::Stop)];
    prop::collection::vec(act, 0..150)
}
