//! A picture of a tree at one moment.

use std::sync::Arc;
use std::time::Duration;

use crate::crash::Crashes;
use crate::exit::ExitReason;
use crate::meter::{Busy, Memory};
use crate::path::{ChildPath, Incarnation};
use crate::place::Place;
use crate::restart::DelayCause;

/// The strategy of a supervisor whose children share one spec.
pub(crate) const DYNAMIC: &str = "dynamic";

/// A whole tree, or the part below one supervisor, at one moment.
///
/// Prints as a tree in ASCII; [`to_dot`](Self::to_dot) and [`to_mermaid`](Self::to_mermaid) print it
/// for others. Taking it never waits for a supervisor, and each supervisor's part is consistent in itself.
/// With the events that come after its [`number`](Self::number) it can be kept up to date: see [`follow`](Self::follow).
///
/// # Examples
///
/// ```
/// # use perennial_core as perennial;
/// use perennial::{Supervisor, worker};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let clock = worker("clock", |ctx| async move { ctx.stopping().await; Ok(()) });
/// let handle = Supervisor::one_for_one("app").child(clock).start().await?;
/// println!("{}", handle.snapshot());
/// assert_eq!(handle.snapshot().entries().len(), 2);
/// # handle.shutdown().await;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct Snapshot {
    pub(crate) number: u64,
    pub(crate) entries: Vec<SnapshotEntry>,
}

/// One child of a [`Snapshot`]: a supervisor or a worker.
///
/// # Examples
///
/// ```
/// # use perennial_core as perennial;
/// use perennial::{Supervisor, worker};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let clock = worker("clock", |ctx| async move { ctx.stopping().await; Ok(()) });
/// let handle = Supervisor::one_for_one("app").child(clock).start().await?;
/// let snapshot = handle.snapshot();
/// let clock = snapshot.find("app/clock").ok_or("there is no clock")?;
/// assert_eq!((clock.depth, clock.restarts), (1, 0));
/// # handle.shutdown().await;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SnapshotEntry {
    /// Where it stands.
    pub path: ChildPath,
    /// How many levels it stands below the supervisor that the snapshot was taken of.
    pub depth: usize,
    /// Worker or supervisor.
    pub kind: ChildKind,
    /// The strategy, if it is a supervisor that runs: `one-for-one`, `one-for-all`, `rest-for-one` or `dynamic`.
    pub strategy: Option<&'static str>,
    /// Where it runs; `Here` is where its supervisor does.
    pub place: Place,
    /// The [`version`](crate::ChildSpec::version) of its spec, if that says one.
    pub version: Option<Arc<str>>,
    /// How far it is.
    pub state: ChildState,
    /// Its present life, if it has one.
    pub incarnation: Option<Incarnation>,
    /// How often it was restarted since its supervisor started.
    pub restarts: u64,
    /// How long its present life runs.
    pub uptime: Option<Duration>,
    /// How long it is in its present poll, if that is longer than the
    /// [`stalls_after`](crate::Supervisor::stalls_after) of the root; of the tasks of its scope the longest.
    pub stalled_for: Option<Duration>,
    /// How its life before ended.
    pub last_exit: Option<ExitReason>,
    /// In what time it is restarted, if it waits for that.
    pub restart_in: Option<Duration>,
    /// For what it waits then.
    pub delayed_by: Option<DelayCause>,
    /// Whether its state counts for the [`Health`](crate::Health) of the tree.
    pub impact: HealthImpact,
    /// The number of the last event that is in here: all that was told of the child up to that one is shown. Not less
    /// than the [`number`](Snapshot::number) of the snapshot, which was there first.
    pub last_event: u64,
    /// Whether it was ever up since its supervisor started.
    pub has_run: bool,
    /// Whether it is about to be ended because its watchdog heard nothing of it.
    pub is_stuck: bool,
    /// Whether it is a supervisor that has given up, and is about to end.
    pub has_given_up: bool,
    /// Its latest crashes, oldest first; `crash_reports` of them at most.
    pub crashes: Crashes,
    /// How many of its crashes are kept: see [`Supervisor::crash_reports`](crate::Supervisor::crash_reports).
    pub crash_reports: usize,
    /// Its children, if it is a supervisor.
    pub counts: Option<Counts>,
    /// The time of its polls since its supervisor started; `None` if that is not measured.
    pub busy: Option<Busy>,
    /// The time of the polls of its present life; `None` if it has none, or if that is not measured.
    pub busy_in_life: Option<Busy>,
    /// What it has allocated itself, without its children; `None` if that is not measured. In print a
    /// supervisor has the sum of all below it.
    pub memory: Option<Memory>,
    /// Its present life, or the latest that it had.
    pub(crate) latest: Option<Incarnation>,
    /// How far its supervisor believes it to be that has not heard of its end yet.
    pub(crate) unheard: Option<ChildState>,
}

/// What a child is, as long as its supervisor has it.
///
/// # Examples
///
/// ```
/// # use perennial_core as perennial;
/// use perennial::{ChildOutline, Event, EventKind, Supervisor};
///
/// fn list(children: &[ChildOutline]) {
///     for child in children {
///         println!("{}: {:?}, {}", child.path, child.kind, child.place);
///     }
/// }
/// let app = Supervisor::one_for_one("app").observer(|event: &Event| {
///     if let EventKind::Listed { children, .. } = &event.kind {
///         list(children);
///     }
/// });
/// # let _: Supervisor = app;
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChildOutline {
    /// Where it stands.
    pub path: ChildPath,
    /// Worker or supervisor.
    pub kind: ChildKind,
    /// Where it runs.
    pub place: Place,
    /// The [`version`](crate::ChildSpec::version) of its spec, if that says one.
    pub version: Option<Arc<str>>,
    /// Whether its state counts for the health of the tree.
    pub impact: HealthImpact,
    /// How many of its crashes are kept.
    pub crash_reports: usize,
}

/// What a child is: a leaf of the tree or a supervisor of its own.
///
/// # Examples
///
/// ```
/// # use perennial_core as perennial;
/// use perennial::{ChildKind, Supervisor, worker};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let clock = worker("clock", |ctx| async move { ctx.stopping().await; Ok(()) });
/// let storage = Supervisor::one_for_one("storage").child(clock);
/// let handle = Supervisor::one_for_one("app").child(storage).start().await?;
/// let snapshot = handle.snapshot();
/// let workers = snapshot.entries().iter().filter(|entry| entry.kind == ChildKind::Worker);
/// assert_eq!(workers.count(), 1);
/// # handle.shutdown().await;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ChildKind {
    /// A leaf.
    #[default]
    Worker,
    /// A supervisor.
    Supervisor,
}

/// Whether the state of a child counts for the [`Health`](crate::Health) of its tree.
///
/// Children are required unless their specs say otherwise, but those of a
/// [`DynamicSupervisor`](crate::DynamicSupervisor) are optional: each is one of many.
///
/// # Examples
///
/// ```
/// # use perennial_core as perennial;
/// use perennial::{HealthImpact, Supervisor, worker};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let metrics = worker("metrics", |_| async { Err("no collector".into()) })
///     .backoff(perennial::Backoff::constant(std::time::Duration::from_secs(60)).not_at_once())
///     .health(HealthImpact::Optional);
/// let handle = Supervisor::one_for_one("app").child(metrics).start().await?;
/// assert!(handle.health().ready.is_ok());
/// # handle.shutdown().await;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum HealthImpact {
    /// The tree is only ready while it runs.
    #[default]
    Required,
    /// How it fares, and all below it, says nothing of the tree.
    Optional,
}

/// How far a child is.
///
/// # Examples
///
/// ```
/// # use perennial_core as perennial;
/// use perennial::{ChildState, Supervisor, worker};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let clock = worker("clock", |ctx| async move { ctx.stopping().await; Ok(()) });
/// let handle = Supervisor::one_for_one("app").child(clock).start().await?;
/// assert_eq!(handle.which_child("clock").await?.state, ChildState::Running);
/// handle.terminate_child("clock").await?;
/// assert_eq!(handle.which_child("clock").await?.state, ChildState::Idle);
/// # handle.shutdown().await;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ChildState {
    /// It does not run, and nobody is about to start it; OTP's `undefined`.
    Idle,
    /// It initializes.
    Starting,
    /// It runs.
    Running,
    /// Its restart failed and is to be tried again.
    Restarting,
    /// It failed, or was stopped with its group, and waits for its restart; for what says
    /// [`delayed_by`](SnapshotEntry::delayed_by).
    Backoff,
    /// It has used up its own limit of restarts, and is left alone for a time.
    Quarantined,
    /// It was told to end.
    Stopping,
    /// [`pause_child`](crate::SupervisorHandle::pause_child) has put it to rest: only a call starts it.
    Paused,
}

/// How many children a supervisor has.
///
/// # Examples
///
/// ```
/// # use perennial_core as perennial;
/// use perennial::{Supervisor, worker};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let clock = worker("clock", |ctx| async move { ctx.stopping().await; Ok(()) });
/// let handle = Supervisor::one_for_one("app").child(clock).start().await?;
/// handle.terminate_child("clock").await?;
/// let counts = handle.count_children().await?;
/// assert_eq!((counts.specs, counts.active), (1, 0));       // its spec stays
/// # handle.shutdown().await;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Counts {
    /// Child specs, running or not; 1 for a dynamic supervisor, whose children share one.
    pub specs: usize,
    /// Children that run.
    pub active: usize,
    /// Children that are supervisors.
    pub supervisors: usize,
    /// Children that are workers.
    pub workers: usize,
}

impl Snapshot {
    /// The number of the last event of the tree when its taking began: what came later is to be followed.
    #[must_use]
    pub fn number(&self) -> u64 {
        self.number
    }

    /// All children in start order, each supervisor before its own children.
    #[must_use]
    pub fn entries(&self) -> &[SnapshotEntry] {
        &self.entries
    }

    /// The child at `path`, written as it prints: `app/storage/database`.
    #[must_use]
    pub fn find(&self, path: &str) -> Option<&SnapshotEntry> {
        self.entries
            .iter()
            .find(|entry| entry.path.to_string() == path)
    }
}

impl SnapshotEntry {
    /// A child that was never started, as of that event.
    #[inline]
    pub(crate) fn new(outline: ChildOutline, depth: usize, last_event: u64) -> Self {
        Self {
            path: outline.path,
            depth,
            kind: outline.kind,
            strategy: None,
            place: outline.place,
            version: outline.version,
            state: ChildState::Idle,
            incarnation: None,
            restarts: 0,
            uptime: None,
            stalled_for: None,
            last_exit: None,
            restart_in: None,
            delayed_by: None,
            impact: outline.impact,
            last_event,
            has_run: false,
            is_stuck: false,
            has_given_up: false,
            crashes: Crashes::default(),
            crash_reports: outline.crash_reports,
            counts: None,
            busy: None,
            busy_in_life: None,
            memory: None,
            latest: None,
            unheard: None,
        }
    }

    /// The root of a tree in that life, when it has just begun to start.
    pub(crate) fn root(path: ChildPath, life: Incarnation, last_event: u64) -> Self {
        let outline = ChildOutline {
            path,
            kind: ChildKind::Supervisor,
            // It runs where it was started.
            place: Place::Here,
            version: None,
            impact: HealthImpact::Required,
            // Nobody is there to keep them.
            crash_reports: 0,
        };
        Self {
            state: ChildState::Starting,
            incarnation: Some(life),
            latest: Some(life),
            uptime: Some(Duration::ZERO),
            ..Self::new(outline, 0, last_event)
        }
    }
}

impl Counts {
    /// Those of a supervisor without children; if it is `dynamic`, they would share one spec.
    pub(crate) fn none(dynamic: bool) -> Self {
        Self {
            specs: usize::from(dynamic),
            ..Self::default()
        }
    }

    /// Counts one more child of such a supervisor.
    pub(crate) fn count(&mut self, child: &SnapshotEntry, dynamic: bool) {
        let up = matches!(child.state, ChildState::Running | ChildState::Stopping);
        self.specs += usize::from(!dynamic);
        self.active += usize::from(up && child.incarnation.is_some());
        match child.kind {
            ChildKind::Worker => self.workers += 1,
            ChildKind::Supervisor => self.supervisors += 1,
        }
    }
}

impl ChildState {
    /// Of a child that waits for its restart, for that reason.
    pub(crate) fn waiting(cause: DelayCause) -> Self {
        match cause {
            DelayCause::Quarantine => Self::Quarantined,
            DelayCause::Backoff { .. } | DelayCause::Verdict => Self::Backoff,
            DelayCause::Storm | DelayCause::Dependency => Self::Backoff,
        }
    }

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Starting => "starting",
            Self::Running => "running",
            Self::Restarting => "restarting",
            Self::Backoff => "backoff",
            Self::Quarantined => "quarantine",
            Self::Stopping => "stopping",
            Self::Paused => "paused",
        }
    }
}

impl std::fmt::Display for ChildState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}
