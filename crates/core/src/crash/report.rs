//! What is told of one crash.

use std::sync::Arc;
use std::time::Duration;

use crate::exit::ExitReason;
use crate::path::{ChildId, ChildPath, Incarnation};
use crate::restart::DelayCause;

/// How many siblings a report names; the others are only counted.
pub(crate) const NAMED: usize = 8;

/// The story of one crash: an abnormal end of a child that nobody had asked for.
///
/// A failed start is one too, and so is a failure while the child stops. Told as
/// [`EventKind::Crashed`](crate::EventKind::Crashed) as soon as its supervisor has decided what follows; the latest ones of each
/// child stand in the [`Snapshot`](crate::Snapshot). Prints in at most 12 lines, with the whole chain of errors.
/// Cheap to clone.
///
/// # Examples
///
/// ```
/// # use perennial_core as perennial;
/// use perennial::{CrashDecision, Event, EventKind, Supervisor, worker};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let log = |event: &Event| {
///     if let EventKind::Crashed { report } = &event.kind {
///         println!("{report}");
///     }
/// };
/// let broken = worker("broken", |_| async { Err("no disk".into()) });
/// let app = Supervisor::one_for_one("app").observer(log).child(broken);
/// let mut events = app.handle().events();
/// app.start().await?.wait().await;
///
/// let mut decisions = Vec::new();
/// while let Some(Ok(event)) = events.next().await {
///     if let EventKind::Crashed { report } = event.kind {
///         decisions.push(report.decision);
///     }
/// }
/// assert_eq!(decisions[..3], [CrashDecision::Restarted; 3]);
/// assert_eq!(decisions[3], CrashDecision::GaveUp { own_limit: false });
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CrashReport {
    /// Which child.
    pub path: ChildPath,
    /// Which life of it.
    pub incarnation: Incarnation,
    /// What it was doing.
    pub phase: CrashPhase,
    /// How it ended; its [`error`](ExitReason::error) has the whole chain.
    pub exit: ExitReason,
    /// How long it had run; `None` if it was never up.
    pub uptime: Option<Duration>,
    /// How often it had been restarted before, since its supervisor started.
    pub restarts: u64,
    /// What its supervisor decided.
    pub decision: CrashDecision,
    pub(crate) siblings: Option<Arc<Siblings>>,
}

/// What a child was doing when it crashed.
///
/// # Examples
///
/// ```
/// # use perennial_core as perennial;
/// use perennial::{CrashPhase, Event, EventKind, Supervisor};
///
/// let app = Supervisor::one_for_one("app").observer(|event: &Event| {
///     if let EventKind::Crashed { report } = &event.kind
///         && report.phase == CrashPhase::Stop
///     {
///         println!("{} loses data at its stop: {}", report.path, report.exit);
///     }
/// });
/// # let _: Supervisor = app;
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CrashPhase {
    /// It initialized.
    Initialization,
    /// It ran.
    Run,
    /// It was told to stop.
    Stop,
}

/// What a supervisor decided after a crash.
///
/// # Examples
///
/// ```
/// # use perennial_core as perennial;
/// use perennial::{CrashDecision, Supervisor, worker};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let import = worker("import", |_| async { Err("no disk".into()) })
///     .classify(|_| Some(perennial::ExitVerdict::Stop));
/// let app = Supervisor::one_for_one("app").child(import);
/// let mut events = app.handle().events();
/// let handle = app.start().await?;
/// while let Some(Ok(event)) = events.next().await {
///     if let perennial::EventKind::Crashed { report } = event.kind {
///         assert_eq!(report.decision, CrashDecision::StaysDown);
///         break;
///     }
/// }
/// # handle.shutdown().await;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum CrashDecision {
    /// It is restarted at once, with its group if its supervisor has one: see
    /// [`siblings`](CrashReport::siblings).
    Restarted,
    /// It is restarted later.
    Delayed {
        /// In what time; [`Duration::MAX`] for a [`DelayCause::Dependency`].
        by: Duration,
        /// For what it waits.
        cause: DelayCause,
    },
    /// Its restart has failed, and whether and when that is tried again is decided next. A snapshot may show it for a
    /// moment, and [`EventKind::Retrying`](crate::EventKind::Retrying) has it; it is not told as a crash.
    Retried,
    /// It stays down, as its restart type or its classifier says.
    StaysDown,
    /// It stays down, as it has used up its own limit of restarts.
    Dropped,
    /// Its supervisor gives up: one restart too many.
    GaveUp {
        /// Whether that is the child's own limit, and not its supervisor's intensity.
        own_limit: bool,
    },
    /// Its supervisor gives up: no restart can mend such an end.
    Escalated,
    /// Its supervisor ends: the child could not start.
    Unstartable,
    /// Its supervisor ends satisfied: it was waiting for this end.
    Satisfied,
    /// Its supervisor ends, as its significant children have ended.
    AutoShutdown,
    /// Nothing: it was about to be stopped anyway.
    Stopped,
}

/// Who is stopped because of a crash, in start order.
#[derive(Clone, Debug)]
pub(crate) struct Siblings {
    /// [`NAMED`] of them at most.
    pub(crate) names: Vec<ChildId>,
    pub(crate) count: usize,
}

impl CrashReport {
    /// The siblings that are stopped because of it, in start order; 8 at most.
    ///
    /// After [`CrashDecision::Restarted`] they are restarted with it; if its supervisor ends they stay down.
    #[must_use]
    pub fn siblings(&self) -> &[ChildId] {
        self.siblings.as_ref().map_or(&[], |stopped| &stopped.names)
    }

    /// How many siblings are stopped because of it.
    #[must_use]
    pub fn sibling_count(&self) -> usize {
        self.siblings.as_ref().map_or(0, |stopped| stopped.count)
    }

    /// Whether it is still to be decided what follows.
    pub(crate) fn is_open(&self) -> bool {
        self.decision == CrashDecision::Retried
    }
}

impl CrashPhase {
    /// What the child was doing that ended like this, `told` to end or not; `None` if that is no crash.
    pub(crate) fn of(exit: &ExitReason, told: bool) -> Option<Self> {
        match exit {
            ExitReason::Normal | ExitReason::Shutdown => None,
            ExitReason::ShutdownWith(_) | ExitReason::Planned => None,
            ExitReason::InitializationFailed(error) if told && error.is_cancelled() => None,
            ExitReason::InitializationFailed(_) => Some(Self::Initialization),
            // It was told to end because of that.
            ExitReason::Stuck(_) => Some(Self::Run),
            // As it did not end in time, which the report of the stop tells.
            ExitReason::Killed if told => None,
            ExitReason::Failed(_) | ExitReason::Permanent(_) if told => Some(Self::Stop),
            ExitReason::Panicked(_) | ExitReason::Unresponsive if told => Some(Self::Stop),
            ExitReason::Exhausted(_) | ExitReason::Escalated(_) if told => Some(Self::Stop),
            ExitReason::Failed(_) | ExitReason::Permanent(_) => Some(Self::Run),
            ExitReason::Panicked(_) | ExitReason::Unresponsive => Some(Self::Run),
            ExitReason::Exhausted(_) | ExitReason::Escalated(_) => Some(Self::Run),
            ExitReason::Killed => Some(Self::Run),
        }
    }
}

impl CrashDecision {
    /// Whether the supervisor of the child ends because of it.
    pub(crate) fn ends_supervisor(self) -> bool {
        match self {
            Self::GaveUp { .. } | Self::Escalated | Self::Unstartable => true,
            Self::Satisfied | Self::AutoShutdown => true,
            Self::Restarted | Self::Delayed { .. } | Self::Retried => false,
            Self::StaysDown | Self::Dropped | Self::Stopped => false,
        }
    }
}
