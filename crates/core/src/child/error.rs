//! What can be wrong with a spec, and why calls come back without what was asked for.

use std::fmt;
use std::time::Duration;

use snafu::Snafu;

use super::{Applied, Supervisable};
use crate::exit::{ExitReason, InitializationError, Panic};
use crate::path::{ChildId, ChildPath};

/// Why [`start_child`](crate::SupervisorHandle::start_child) started nothing.
///
/// # Examples
///
/// ```
/// # use perennial_core as perennial;
/// use perennial::{StartChildError, Supervisor, worker};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let clock = worker("clock", |ctx| async move { ctx.stopping().await; Ok(()) });
/// let handle = Supervisor::one_for_one("app").start().await?;
/// handle.start_child(clock.clone()).await?;
/// match handle.start_child(clock).await {
///     Err(StartChildError::AlreadyStarted { id }) => assert_eq!(id, "clock"),
///     other => panic!("{other:?}"),
/// }
/// # handle.shutdown().await;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Snafu)]
#[snafu(module, visibility(pub(crate)))]
#[non_exhaustive]
pub enum StartChildError {
    /// A child of that id runs, or starts or stops just now.
    #[snafu(display("child {id} is already started"))]
    AlreadyStarted {
        /// The id.
        id: ChildId,
    },
    /// A child of that id is known but does not run; `restart_child` starts it.
    #[snafu(display("child {id} is already present"))]
    AlreadyPresent {
        /// The id.
        id: ChildId,
    },
    /// The dynamic supervisor has as many children as it may have, those in restart included.
    #[snafu(display("there are {max} children already"))]
    MaxChildren {
        /// How many it may have.
        max: usize,
    },
    /// The child could not start. Its spec is not kept.
    #[snafu(display("the child could not start"))]
    Initialization {
        /// Why.
        source: InitializationError,
    },
    /// A sibling that the child needs does not run, though it is not done either: start that one first.
    #[snafu(display("child {id} needs a sibling that does not run"))]
    DependencyDown {
        /// The id of the child that was to be started.
        id: ChildId,
    },
    /// The spec is faulty.
    #[snafu(display("the child spec is faulty"))]
    Spec {
        /// What is wrong with it.
        source: SpecError,
    },
    /// The child was stopped before it ran. By `terminate_child`: then its spec stays, as after any such call.
    #[snafu(display("the child was stopped before it ran"))]
    Cancelled,
    /// The supervisor is a dynamic one: it starts children of its template only, through its own handle.
    #[snafu(display("the supervisor is dynamic"))]
    Dynamic,
    /// The supervisor is about to end.
    #[snafu(display("the supervisor is shutting down"))]
    ShuttingDown,
    /// The supervisor does not run.
    #[snafu(display("supervisor {id} is not running"))]
    NotRunning {
        /// The supervisor.
        id: ChildId,
    },
    /// The supervisor ended before it answered.
    #[snafu(display("the supervisor ended before it answered: {reason}"))]
    Ended {
        /// How it ended.
        reason: ExitReason,
    },
}

/// Why a call about one child was not carried out.
///
/// # Examples
///
/// ```
/// # use perennial_core as perennial;
/// use perennial::{ChildError, Supervisor, worker};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let clock = worker("clock", |ctx| async move { ctx.stopping().await; Ok(()) });
/// let handle = Supervisor::one_for_one("app").child(clock).start().await?;
/// let missing = handle.terminate_child("cache").await;
/// assert!(matches!(missing, Err(ChildError::NotFound { id }) if id == "cache"));
/// let running = handle.delete_child("clock").await;        // terminate it first
/// assert!(matches!(running, Err(ChildError::Running { .. })));
/// # handle.shutdown().await;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Snafu)]
#[snafu(module, visibility(pub(crate)))]
#[non_exhaustive]
pub enum ChildError {
    /// There is no child of that id.
    #[snafu(display("there is no child {id}"))]
    NotFound {
        /// The id.
        id: ChildId,
    },
    /// The child runs.
    #[snafu(display("child {id} is running"))]
    Running {
        /// The id.
        id: ChildId,
    },
    /// The child does not run.
    #[snafu(display("child {id} is not running"))]
    Down {
        /// The id.
        id: ChildId,
    },
    /// The child initializes.
    #[snafu(display("child {id} is starting"))]
    Starting {
        /// The id.
        id: ChildId,
    },
    /// The child is about to be started again, alone or with its group.
    #[snafu(display("child {id} is restarting"))]
    Restarting {
        /// The id.
        id: ChildId,
    },
    /// The child was told to end and has not yet.
    #[snafu(display("child {id} is stopping"))]
    Stopping {
        /// The id.
        id: ChildId,
    },
    /// The child is paused: `resume_child` starts it.
    #[snafu(display("child {id} is paused"))]
    Paused {
        /// The id.
        id: ChildId,
    },
    /// The child is down, but not paused: `restart_child` starts it.
    #[snafu(display("child {id} is not paused"))]
    NotPaused {
        /// The id.
        id: ChildId,
    },
    /// A sibling that the child needs does not run, though it is not done either: start that one first.
    #[snafu(display("child {id} needs a sibling that does not run"))]
    DependencyDown {
        /// The id of the child that was to be started.
        id: ChildId,
    },
    /// The new spec of the child is faulty; the old one stays.
    #[snafu(display("the new spec of the child is faulty"))]
    Spec {
        /// What is wrong with it.
        source: SpecError,
    },
    /// The child could not start. Its spec stays.
    #[snafu(display("child {id} could not start"))]
    Initialization {
        /// The id.
        id: ChildId,
        /// Why.
        source: InitializationError,
    },
    /// The child was stopped before it ran.
    #[snafu(display("child {id} was stopped before it ran"))]
    Cancelled {
        /// The id.
        id: ChildId,
    },
    /// The supervisor is a dynamic one: its children are neither restarted nor deleted by calls.
    #[snafu(display("the supervisor is dynamic"))]
    Dynamic,
    /// The supervisor is about to end.
    #[snafu(display("the supervisor is shutting down"))]
    ShuttingDown,
    /// The supervisor does not run.
    #[snafu(display("supervisor {supervisor} is not running"))]
    NotRunning {
        /// The supervisor.
        supervisor: ChildId,
    },
    /// The supervisor ended before it answered.
    #[snafu(display("the supervisor ended before it answered: {reason}"))]
    Ended {
        /// How it ended.
        reason: ExitReason,
    },
}

/// Why a supervisor has not come to have the children that [`apply`](crate::SupervisorHandle::apply) was given.
///
/// # Examples
///
/// ```
/// # use perennial_core as perennial;
/// use perennial::{ApplyError, Supervisor, worker};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let clock = worker("clock", |ctx| async move { ctx.stopping().await; Ok(()) });
/// let handle = Supervisor::one_for_one("app").child(clock.clone()).start().await?;
/// let wanted = [clock.clone(), clock];                     // twice the same id
/// let refused = handle.apply(wanted).await;
/// assert!(matches!(refused, Err(ApplyError::Spec { .. })));
/// # handle.shutdown().await;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Snafu)]
#[snafu(module, visibility(pub(crate)))]
#[non_exhaustive]
pub enum ApplyError {
    /// The list is faulty, and nothing was changed.
    #[snafu(display("the list of children is faulty"))]
    Spec {
        /// What is wrong with it.
        source: SpecError,
    },
    /// Some of what was to be done could not be done; all else was.
    #[snafu(display("{} could not be changed as wanted", Names(failed)))]
    Incomplete {
        /// What was done.
        applied: Applied,
        /// What was not, and why.
        failed: Vec<ApplyFailure>,
    },
    /// The supervisor is a dynamic one: its children are made by its template, one by one.
    #[snafu(display("the supervisor is dynamic"))]
    Dynamic,
    /// The supervisor does not run.
    #[snafu(display("supervisor {supervisor} is not running"))]
    NotRunning {
        /// The supervisor.
        supervisor: ChildId,
    },
    /// The supervisor ended before it answered.
    #[snafu(display("the supervisor ended before it answered: {reason}"))]
    Ended {
        /// How it ended.
        reason: ExitReason,
    },
}

/// A change of one child that an [`apply`](crate::SupervisorHandle::apply) could not make.
///
/// # Examples
///
/// ```
/// # use perennial_core as perennial;
/// use perennial::{ApplyError, Supervisor, worker};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use perennial::{BoxError, Context, InitializationError, Started, Supervisable, async_trait};
///
/// struct Broken;
///
/// #[async_trait]
/// impl Supervisable for Broken {
///     fn name(&self) -> &str { "broken" }
///     async fn initialize(&self, _: Context) -> Result<Started<'_>, InitializationError> {
///         Err(InitializationError::new("no such file"))
///     }
/// }
///
/// let clock = worker("clock", |ctx| async move { ctx.stopping().await; Ok(()) });
/// let handle = Supervisor::one_for_one("app").start().await?;
/// match handle.apply([Broken.into(), clock]).await {
///     Err(ApplyError::Incomplete { applied, failed }) => {
///         assert_eq!(applied.added, ["clock"]);
///         assert_eq!(failed[0].id(), "broken");
///     }
///     other => panic!("{other:?}"),
/// }
/// # handle.shutdown().await;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Snafu)]
#[snafu(module, visibility(pub(crate)))]
#[non_exhaustive]
pub enum ApplyFailure {
    /// It is not wanted, and is still there.
    #[snafu(display("child {id} could not be removed"))]
    Remove {
        /// Which child.
        id: ChildId,
        /// Why.
        source: ChildError,
    },
    /// It has not come to run with its new spec.
    #[snafu(display("child {id} could not be replaced"))]
    Replace {
        /// Which child.
        id: ChildId,
        /// Why.
        source: ChildError,
    },
    /// It is wanted, and is not there.
    #[snafu(display("child {id} could not be added"))]
    Add {
        /// Which child.
        id: ChildId,
        /// Why.
        source: StartChildError,
    },
}

/// Why a supervisor told nothing about its children.
///
/// # Examples
///
/// ```
/// # use perennial_core as perennial;
/// use perennial::{CallError, Supervisor};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let app = Supervisor::one_for_one("app");
/// let handle = app.handle();                               // there is nobody to ask yet
/// let answer = handle.which_children().await;
/// assert!(matches!(answer, Err(CallError::NotRunning { .. })));
/// let handle = app.start().await?;
/// assert!(handle.which_children().await?.is_empty());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Snafu)]
#[snafu(module, visibility(pub(crate)))]
#[non_exhaustive]
pub enum CallError {
    /// It does not run.
    #[snafu(display("supervisor {id} is not running"))]
    NotRunning {
        /// The supervisor.
        id: ChildId,
    },
    /// It ended before it answered.
    #[snafu(display("the supervisor ended before it answered: {reason}"))]
    Ended {
        /// How it ended.
        reason: ExitReason,
    },
}

/// Why there is no supervisor at a path.
///
/// # Examples
///
/// ```
/// # use perennial_core as perennial;
/// use perennial::{PathError, Supervisor, worker};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let clock = worker("clock", |ctx| async move { ctx.stopping().await; Ok(()) });
/// let storage = Supervisor::one_for_one("storage");
/// let handle = Supervisor::one_for_one("app").child(clock).child(storage).start().await?;
/// assert_eq!(handle.supervisor("storage")?.id(), "storage");
/// assert!(matches!(handle.supervisor("clock"), Err(PathError::Worker { .. })));
/// assert!(matches!(handle.supervisor("web"), Err(PathError::NotFound { .. })));
/// # handle.shutdown().await;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Snafu)]
#[snafu(module, visibility(pub(crate)))]
#[non_exhaustive]
pub enum PathError {
    /// A supervisor on the way has no child of that id.
    #[snafu(display("{supervisor} has no child {id}"))]
    NotFound {
        /// The last supervisor on the way.
        supervisor: ChildId,
        /// What was not found there.
        id: ChildId,
    },
    /// There is a worker at that path.
    #[snafu(display("child {id} is not a supervisor"))]
    Worker {
        /// The worker.
        id: ChildId,
    },
    /// A supervisor on the way does not run.
    #[snafu(display("supervisor {id} is not running"))]
    NotRunning {
        /// The supervisor.
        id: ChildId,
    },
}

/// Everything that is wrong with a tree or a child spec, each with its place.
///
/// # Examples
///
/// ```
/// # use perennial_core as perennial;
/// use perennial::{Fault, Supervisor, worker};
///
/// let mailer = worker("mailer", |_| async { Ok(()) });
/// let app = Supervisor::one_for_one("app").child(mailer.clone()).child(mailer);
/// let error = app.check().expect_err("two children have the same id");
/// let (path, fault) = error.faults().next().expect("it names each fault");
/// assert_eq!((path.to_string(), fault), ("app/mailer".to_string(), &Fault::DuplicateId));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpecError {
    pub(crate) faults: Vec<(ChildPath, Fault)>,
}

/// One thing that is wrong with a spec.
///
/// # Examples
///
/// ```
/// # use perennial_core as perennial;
/// use perennial::{Fault, Supervisor, worker};
///
/// let mailer = worker("mailer", |_| async { Ok(()) }).significant();   // but permanent
/// let error = Supervisor::one_for_one("app").child(mailer).check().expect_err("it is faulty");
/// let faults: Vec<&Fault> = error.faults().map(|(_, fault)| fault).collect();
/// assert!(faults.contains(&&Fault::SignificantPermanent));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Fault {
    /// The id is empty or contains a `/`.
    InvalidId,
    /// A sibling before it has the same id.
    DuplicateId,
    /// It is significant and permanent: it would always be restarted, so its end could not count.
    SignificantPermanent,
    /// It is significant, but its supervisor has no auto shutdown.
    SignificantWithoutAutoShutdown,
    /// The period of the restart intensity is zero.
    ZeroPeriod,
    /// A dynamic supervisor may have no children at all.
    NoChildrenAllowed,
    /// It needs a sibling that there is not.
    UnknownDependency {
        /// The id that nobody has.
        id: ChildId,
    },
    /// It needs a sibling that needs it in turn.
    DependencyCycle {
        /// Each of these needs the next one, and the last the first.
        cycle: Vec<ChildId>,
    },
    /// It is to say that it is ready, but has no time for that.
    NoTimeToBeReady,
    /// It is a supervisor, and is to say itself that it is ready or that it gets on: that is for workers.
    SaysNothing,
    /// Its backoff waits for nothing, shrinks, or begins above its cap.
    Backoff,
    /// Its own limit has a period of zero.
    ZeroLimitPeriod,
    /// Its watchdog gives it no time at all.
    ZeroWatchdog,
    /// Its runtime of its own is to have no threads.
    NoThreads,
    /// It is the root of a tree and is to run elsewhere: a root runs where it is started.
    PlacedRoot,
    /// Its storm guard has a threshold or a half-life of zero.
    StormGuard,
    /// A partition supervisor is to have no partitions.
    NoPartitions,
}

/// Something that is allowed, but probably not meant.
///
/// # Examples
///
/// ```
/// # use perennial_core as perennial;
/// use std::time::Duration;
/// use perennial::{Lint, Supervisor, worker};
///
/// let mailer = worker("mailer", |_| async { Ok(()) });                 // it has 5 s to stop
/// let app = Supervisor::one_for_all("app").intensity(3, Duration::from_secs(1)).child(mailer);
/// let lints = app.check().expect("a lint is no fault");
/// assert!(matches!(lints[0], Lint::StopOutlastsPeriod { .. }));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Lint {
    /// To stop the children of a group can take longer than the period of the intensity: with OTP's
    /// clock such a group could fail for ever without its supervisor giving up.
    StopOutlastsPeriod {
        /// The supervisor.
        path: ChildPath,
        /// How long its children may take to stop, added up.
        stop: Duration,
        /// The period of its intensity.
        period: Duration,
    },
    /// A supervisor below the root has an observer: only that of the root is told the events.
    UnheardObserver {
        /// The supervisor.
        path: ChildPath,
    },
    /// A temporary child has a backoff or a limit of its own, but it is never restarted.
    NeverRestarted {
        /// The child.
        path: ChildPath,
    },
    /// A supervisor bears any number of restarts, and nothing holds those of this child back: if it fails at once, it
    /// is restarted again and again as fast as the machine can.
    HotRestarts {
        /// The child.
        path: ChildPath,
    },
    /// The restarts of one period are used up before the backoff of this child makes it wait for the first time.
    IdleBackoff {
        /// The child.
        path: ChildPath,
        /// How many restarts its supervisor bears.
        restarts: u32,
    },
    /// A child's quarantine ends before the restarts that led to it leave the period of its limit: its first failure
    /// afterwards may take it back there.
    ShortQuarantine {
        /// The child.
        path: ChildPath,
        /// How long it is left alone.
        quarantine: Duration,
        /// The period of its limit.
        period: Duration,
    },
    /// A supervisor ends when all its significant children have ended, but this one is a supervisor that never
    /// ends by itself in good order: the automatic shutdown cannot come.
    EndlessSignificant {
        /// The child.
        path: ChildPath,
    },
    /// A supervisor below the root says after what time a poll is a stall: only the root is asked.
    UnusedStallDetector {
        /// The supervisor.
        path: ChildPath,
    },
    /// A supervisor below the root has a meter, or is to measure busy time: only that of the root is asked.
    UnusedMeter {
        /// The supervisor.
        path: ChildPath,
    },
}

/// Why a task of a [`Scope`](crate::Scope) yielded no result.
///
/// # Examples
///
/// ```
/// # use perennial_core as perennial;
/// use perennial::{ScopedTaskError, Supervisor, worker};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let clock = worker("clock", |ctx| async move {
///     let chime = ctx.scope().spawn(std::future::pending::<()>());
///     chime.abort();
///     assert!(matches!(chime.await, Err(ScopedTaskError::Cancelled)));
///     ctx.stopping().await;
///     Ok(())
/// });
/// let handle = Supervisor::one_for_one("app").child(clock).start().await?;
/// assert!(handle.shutdown().await.is_clean());
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Snafu)]
#[snafu(module, visibility(pub(crate)))]
#[non_exhaustive]
pub enum ScopedTaskError {
    /// It was aborted: by its handle, or because the life that it belongs to has ended. Or that life was
    /// over before, and it was never spawned.
    #[snafu(display("the task was cancelled"))]
    Cancelled,
    /// It panicked, and the child with it.
    #[snafu(display("the task panicked: {panic}"))]
    Panicked {
        /// What it said.
        panic: Panic,
    },
}

/// What a look at the spec of a supervisor finds; see [`Supervisable::findings`].
///
/// # Examples
///
/// ```
/// # use perennial_core as perennial;
/// use perennial::{ChildPath, Findings, Supervisable, Supervisor};
///
/// let inner = Supervisor::one_for_one("storage");
/// let findings: Findings = inner.findings(&ChildPath::root("app").join("storage"));
/// println!("{findings:?}");                                // a type that wraps `inner` hands this on
/// ```
#[derive(Clone, Debug, Default)]
pub struct Findings {
    pub(crate) faults: Vec<(ChildPath, Fault)>,
    pub(crate) lints: Vec<Lint>,
}

impl Findings {
    /// Adds what is to be said of all that is below `child`, which stands at `path`.
    pub(crate) fn add_below(&mut self, child: &dyn Supervisable, path: ChildPath) {
        // A loop, not recursion, as trees may be deep.
        let mut open = vec![(path, child)];
        while let Some((path, child)) = open.pop() {
            let found = child.findings(&path);
            self.faults.extend(found.faults);
            self.lints.extend(found.lints);
            for spec in child.children().iter().rev() {
                open.push((path.join(&spec.settings.id), spec.child.as_ref()));
            }
        }
    }

    pub(crate) fn verdict(self) -> Result<Vec<Lint>, SpecError> {
        if self.faults.is_empty() {
            Ok(self.lints)
        } else {
            Err(SpecError {
                faults: self.faults,
            })
        }
    }
}

impl ApplyFailure {
    /// Which child could not be changed.
    #[must_use]
    pub fn id(&self) -> &ChildId {
        match self {
            Self::Remove { id, .. } | Self::Replace { id, .. } | Self::Add { id, .. } => id,
        }
    }
}

/// The children that could not be changed, in words.
struct Names<'a>(&'a [ApplyFailure]);

impl fmt::Display for Names<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, failure) in self.0.iter().enumerate() {
            f.write_str(if index == 0 { "" } else { ", " })?;
            write!(f, "{}", failure.id())?;
        }
        Ok(())
    }
}

impl SpecError {
    /// What is wrong, and where.
    pub fn faults(&self) -> impl Iterator<Item = (&ChildPath, &Fault)> {
        self.faults.iter().map(|(path, fault)| (path, fault))
    }
}

impl fmt::Display for SpecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (path, fault)) in self.faults.iter().enumerate() {
            if index > 0 {
                f.write_str("; ")?;
            }
            write!(f, "{path} {fault}")?;
        }
        Ok(())
    }
}

impl std::error::Error for SpecError {}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::UnknownDependency { id } => {
                return write!(f, "is to start after {id}, but has no such sibling");
            }
            Self::DependencyCycle { cycle } => {
                f.write_str("can never start: it waits for itself, as ")?;
                for id in cycle {
                    write!(f, "{id} -> ")?;
                }
                return match cycle.first() {
                    Some(first) => write!(f, "{first}"),
                    None => Ok(()),
                };
            }
            Self::NoTimeToBeReady => "is to say that it is ready, but has no time for that",
            Self::SaysNothing => {
                "is a supervisor, which can neither say that it is ready nor that it gets on"
            }
            Self::InvalidId => "has an invalid id: it must not be empty and must not contain '/'",
            Self::DuplicateId => "has the id of a sibling before it",
            Self::SignificantPermanent => {
                "is significant and permanent: a significant child must be transient or temporary"
            }
            Self::SignificantWithoutAutoShutdown => {
                "is significant, but its supervisor has no auto shutdown"
            }
            Self::ZeroPeriod => "has a restart intensity with a period of zero",
            Self::NoChildrenAllowed => "is a dynamic supervisor with at most 0 children",
            Self::Backoff => {
                "has an impossible backoff: its base must be above zero and not above its cap, its factor 1 or more"
            }
            Self::ZeroLimitPeriod => "has a restart limit of its own with a period of zero",
            Self::ZeroWatchdog => "has a watchdog that gives it no time",
            Self::NoThreads => "has a runtime of its own with 0 threads",
            Self::PlacedRoot => {
                "is a root with a place of its own: it runs where it is started, so put it below another supervisor"
            }
            Self::StormGuard => "has a storm guard with a threshold or a half-life of zero",
            Self::NoPartitions => "is a partition supervisor with 0 partitions",
        })
    }
}

impl fmt::Display for Lint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::StopOutlastsPeriod { path, stop, period } => write!(
                f,
                "{path} may take {stop:?} to stop a group, longer than its period of {period:?}"
            ),
            Self::UnheardObserver { path } => {
                write!(
                    f,
                    "{path} has an observer, but only that of the root is told events"
                )
            }
            Self::UnusedStallDetector { path } => {
                write!(f, "{path} is to find stalls, but only the root is asked")
            }
            Self::UnusedMeter { path } => {
                write!(f, "{path} has a meter, but only that of the root is asked")
            }
            Self::NeverRestarted { path } => write!(
                f,
                "{path} is temporary, so its backoff and its limit never apply"
            ),
            Self::HotRestarts { path } => write!(
                f,
                "{path} may be restarted any number of times, and nothing makes it wait"
            ),
            Self::IdleBackoff { path, restarts } => write!(
                f,
                "{path} has a backoff that never waits: its supervisor bears {restarts} restarts"
            ),
            Self::ShortQuarantine {
                path,
                quarantine,
                period,
            } => write!(
                f,
                "{path} is left alone for {quarantine:?}, less than the period of its limit of {period:?}"
            ),
            Self::EndlessSignificant { path } => write!(
                f,
                "{path} is significant, but a supervisor that does not end by itself"
            ),
        }
    }
}
