//! The tree: districts of a hundred workers each, under every kind of supervisor and with every kind of setting.

use std::sync::atomic::AtomicU64;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use perennial::{
    Backoff, ChildSpec, DynamicHandle, DynamicSupervisor, Event, ExitReason, ExitVerdict,
    InitPolicy, Intensity, OnLimit, PartitionSupervisor, Restart, ShutdownStrategy, StartMode,
    StopMode, StormGuard, Strategy, Supervisor, TaskSupervisor, TaskSupervisorHandle,
};

use super::ledger::Ledger;
use super::subject::Subject;
use super::world::{Kind, World};

/// The id of the root.
pub(super) const ROOT: &str = "chaos";
/// Workers in each district: in three halls, in a crowd, in shards, and some of its own.
pub(super) const DISTRICT: usize = 3 * HALL + CROWD + SHARDS + OWN;
const HALL: usize = 20;
/// Those in the middle of a hall stand in a hall of their own.
const INNER: usize = 5;
/// How many a crowd is filled up to.
pub(super) const CROWD: usize = 20;
const SHARDS: usize = 8;
const OWN: usize = 12;
/// How many errands may run in each district.
const ERRANDS: usize = 10;

/// How long a child may take to stop, by its index.
const GRACES: [Duration; 4] = [
    Duration::from_millis(20),
    Duration::from_millis(50),
    Duration::from_millis(100),
    Duration::from_millis(200),
];
/// How long a start may take.
const START: Duration = Duration::from_millis(300);
/// How long half of the supervisors wait for a child that was aborted.
const ABORT: Duration = Duration::from_millis(200);
/// Within what time those with a watchdog have to say that they get on.
const WATCH: Duration = Duration::from_millis(400);

/// The tree before it runs, and who starts children at run time.
#[derive(Debug)]
pub(super) struct Site {
    pub(super) root: Supervisor,
    pub(super) crowds: Vec<DynamicHandle<usize>>,
    pub(super) errands: Vec<TaskSupervisorHandle>,
}

impl Site {
    /// So many districts, whose events go to the ledger.
    pub(super) fn new(world: &Arc<World>, districts: usize, ledger: Arc<Mutex<Ledger>>) -> Self {
        let write = move |event: &Event| {
            // It is only written to, and read when the tree is over.
            let mut ledger = ledger.lock().expect("no panic while it is locked");
            ledger.note(event);
        };
        let root = Supervisor::one_for_one(ROOT);
        let mut site = Self {
            root: root.unlimited_intensity().observer(write),
            crowds: Vec::new(),
            errands: Vec::new(),
        };
        for number in 0..districts {
            let district = site.district(world, number);
            site.root = site.root.child(nested(district));
        }
        site
    }

    fn district(&mut self, world: &Arc<World>, number: usize) -> Supervisor {
        let strategy = [
            Strategy::OneForOne,
            Strategy::RestForOne,
            Strategy::OneForOne,
            Strategy::OneForAll,
        ][number % 4];
        let district = Supervisor::new(format!("d{number}"), strategy).unlimited_intensity();
        let mut district = side_by_side(district, number);
        let (crowd, errands) = (crowd(world), TaskSupervisor::new("errands"));
        let errands = errands.max_children(ERRANDS).abort_grace(ABORT);
        self.crowds.push(crowd.handle());
        self.errands.push(errands.handle());
        for (id, strategy) in [
            ("one", Strategy::OneForOne),
            ("all", Strategy::OneForAll),
            ("rest", Strategy::RestForOne),
        ] {
            district = district.child(nested(hall(world, id, strategy, number)));
        }
        let shards = PartitionSupervisor::new("shards", SHARDS, |index| subject(world, index));
        // There is none without a limit.
        let shards = shards.intensity(u32::MAX, Duration::from_secs(1));
        district = district.child(nested(crowd)).child(nested(errands));
        district = district.child(nested(shards));
        // None of those that take the whole district with them.
        let own = (0..OWN).map(|index| subject(world, index % 8));
        own.enumerate().fold(district, |district, (place, spec)| {
            district.child(spec.id(format!("own-{place}")))
        })
    }
}

/// A supervisor with workers of all sorts, and another one amid them; in every other district they need each
/// other, and start and stop in another way each time.
fn hall(world: &Arc<World>, id: &'static str, strategy: Strategy, number: usize) -> Supervisor {
    let needs = number % 2 == 1;
    // Those with odd numbers are to have all ways too.
    let mut hall = side_by_side(group(id, strategy), number / 2);
    for index in 0..HALL - INNER {
        let spec = subject(world, index);
        hall = hall.child(if needs {
            spec.after(needed_by(index))
        } else {
            spec
        });
        if index == HALL / 2 {
            let inner = side_by_side(group("inner", strategy), number);
            let inner = (0..INNER).fold(inner, |inner, index| inner.child(subject(world, index)));
            let inner = nested(inner);
            hall = hall.child(if needs { inner.after(["w3"]) } else { inner });
        }
    }
    hall
}

/// Whom a worker of a hall needs: two before it and one behind, so that there are chains and branches and the list is
/// not the order.
fn needed_by(index: usize) -> Vec<String> {
    let whom: &[usize] = match index {
        0 => &[14],
        3 | 4 => &[0],
        6 => &[3, 4],
        // One that may be quarantined, and one that may be dropped.
        7 => &[2],
        9 => &[11, 6],
        12 => &[7, 9],
        13 => &[12],
        _ => &[],
    };
    whom.iter().map(|index| format!("w{index}")).collect()
}

/// One of the ways in which children start and stop beside each other.
fn side_by_side(supervisor: Supervisor, turn: usize) -> Supervisor {
    let starts = [
        StartMode::Sequential,
        StartMode::Concurrent,
        StartMode::Waves,
    ];
    let stops = [StopMode::Ordered, StopMode::Concurrent, StopMode::Waves];
    supervisor
        .start_mode(starts[turn % 3])
        .stop_mode(stops[(turn + turn / 3) % 3])
}

fn group(id: &'static str, strategy: Strategy) -> Supervisor {
    let group = Supervisor::new(id, strategy).unlimited_intensity();
    match strategy {
        Strategy::OneForAll => group,
        _ => group.abort_grace(ABORT).storm_guard(guard()),
    }
}

fn crowd(world: &Arc<World>) -> DynamicSupervisor<usize> {
    let world = Arc::clone(world);
    let crowd = DynamicSupervisor::new("crowd", move |index: usize| subject(&world, index % 9));
    let crowd = crowd.max_children(CROWD).unlimited_intensity();
    crowd.abort_grace(ABORT).storm_guard(guard())
}

fn guard() -> StormGuard {
    StormGuard::new(30)
        .half_life(Duration::from_secs(1))
        .pause(Duration::from_millis(200))
        .spacing(Duration::from_millis(2))
}

/// A supervisor that is tried again when it cannot start again, and whatever its children call permanent.
fn nested(supervisor: impl Into<ChildSpec>) -> ChildSpec {
    let spec = supervisor.into();
    spec.init_policy(InitPolicy::FatalOnFirstStart)
        .classify(|exit| exit.is_permanent().then_some(ExitVerdict::Restart))
}

/// A worker; those from 8 on may take their supervisor with them.
pub(super) fn subject(world: &Arc<World>, index: usize) -> ChildSpec {
    let is_brutal = index % 8 == 7;
    let grace = match is_brutal {
        true => Duration::ZERO,
        false => GRACES[index % GRACES.len()],
    };
    let spec = ChildSpec::new(Subject {
        world: Arc::clone(world),
        name: format!("w{index}"),
        index,
        grace,
        escalates: index == 8,
        lives: AtomicU64::new(0),
        _alive: world.token(Kind::Spec),
    });
    let spec = spec
        .shutdown(ShutdownStrategy::Graceful(grace))
        .init_policy(InitPolicy::FatalOnFirstStart)
        .init_timeout(START);
    let often = Intensity::new(3, Duration::from_secs(2));
    match index % 8 {
        _ if index == 9 => spec.limit(often, OnLimit::Escalate),
        1 => {
            let cap = Duration::from_millis(300);
            let backoff = Backoff::exponential(Duration::from_millis(10), cap);
            spec.backoff(backoff.seed(world.seed))
        }
        2 => spec.limit(often, OnLimit::Quarantine(Duration::from_millis(500))),
        3 => spec.limit(often, OnLimit::Drop),
        4 => spec.watchdog(WATCH),
        5 => spec.restart(Restart::Transient),
        6 => spec.classify(classify),
        7 => spec.shutdown(ShutdownStrategy::Brutal),
        _ => spec,
    }
}

fn classify(exit: &ExitReason) -> Option<ExitVerdict> {
    match exit {
        ExitReason::Failed(_) => Some(ExitVerdict::RestartAfter(Duration::from_millis(20))),
        ExitReason::Panicked(_) => Some(ExitVerdict::Restart),
        ExitReason::Normal => Some(ExitVerdict::Stop),
        _ => None,
    }
}
