//! One change of a tree.

use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::clock::Span;
use crate::crash::CrashReport;
use crate::exit::{Chain, Deed, Escalation, Exhausted, ExitReason, InitializationError, Surrender};
use crate::path::{ChildPath, Incarnation};
use crate::restart::DelayCause;
use crate::tree::ChildOutline;

/// One change of a tree: what happened to which life of which child.
///
/// Each life has exactly one [`Starting`](EventKind::Starting), and later exactly one of
/// [`Ignored`](EventKind::Ignored), [`StartFailed`](EventKind::StartFailed), or
/// [`Exited`](EventKind::Exited) after [`Started`](EventKind::Started).
/// Prints as one line. Whatever changes in a [`Snapshot`](crate::Snapshot), but for times, is told by an event:
/// [`Snapshot::follow`](crate::Snapshot::follow) takes in one after the other.
///
/// # Examples
///
/// ```
/// # use perennial_core as perennial;
/// use perennial::{Event, Supervisor, worker};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let clock = worker("clock", |ctx| async move { ctx.stopping().await; Ok(()) });
/// let app = Supervisor::one_for_one("app")
///     .observer(|event: &Event| println!("{:>3} {event}", event.number))
///     .child(clock);                                       // "  3 app/clock is started", and so on
/// app.start().await?.shutdown().await;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Event {
    /// Its number in the tree; the first event has 1, and none is left out.
    pub number: u64,
    /// The child that it happened to; for what a supervisor decides, the supervisor.
    pub path: ChildPath,
    /// The life of that child; if it has none just now, its latest one; if it never had any, that of its supervisor.
    pub incarnation: Incarnation,
    /// The life of the supervisor that it is a child of; `None` for the root.
    pub supervisor: Option<Incarnation>,
    /// What happened.
    pub kind: EventKind,
}

/// Whom an event is about.
#[derive(Clone, Copy)]
pub(crate) struct About<'a> {
    pub(crate) path: &'a ChildPath,
    pub(crate) incarnation: Incarnation,
    pub(crate) supervisor: Option<Incarnation>,
}

/// What happened.
///
/// # Examples
///
/// ```
/// # use perennial_core as perennial;
/// use perennial::{Event, EventKind, Supervisor, worker};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let clock = worker("clock", |ctx| async move { ctx.stopping().await; Ok(()) });
/// let alarm = |event: &Event| match &event.kind {
///     EventKind::Exited { reason } if reason.is_abnormal() => println!("{} failed", event.path),
///     EventKind::GaveUp { exhausted } => println!("{} gave up: {exhausted}", event.path),
///     _ => (),
/// };
/// let app = Supervisor::one_for_one("app").observer(alarm).child(clock);
/// app.start().await?.shutdown().await;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum EventKind {
    /// The supervisor has taken its seat: it has these children now, and has started none of them yet.
    Listed {
        /// Its strategy, as a snapshot shows it.
        strategy: &'static str,
        /// Its children in start order.
        children: Arc<[ChildOutline]>,
    },
    /// The supervisor has one more child, at the end of the order, and is about to start it.
    Added {
        /// What it is.
        child: Arc<ChildOutline>,
    },
    /// The supervisor no longer has the child.
    Removed,
    /// The child begins its initialization.
    Starting {
        /// Why it is started.
        cause: StartCause,
    },
    /// Its initialization succeeded: it runs. A supervisor: all its children run.
    Started,
    /// It declined to start.
    Ignored,
    /// It could not start.
    StartFailed {
        /// Why.
        error: InitializationError,
    },
    /// It is asked to stop.
    StopRequested {
        /// How long it may take; `None` means without a limit.
        grace: Option<Duration>,
    },
    /// Its supervisor aborts its task.
    Killed {
        /// What for.
        cause: KillCause,
    },
    /// It is gone.
    Exited {
        /// How it ended.
        reason: ExitReason,
    },
    /// It did not end although its task was aborted; its supervisor goes on without it.
    Unresponsive,
    /// The supervisor gives up and ends: more restarts than its intensity bears.
    GaveUp {
        /// The child, its exits and the limit.
        exhausted: Arc<Exhausted>,
    },
    /// It failed, or was stopped with its group, and waits for its restart.
    Delayed {
        /// How long; [`Duration::MAX`] for a [`DelayCause::Dependency`], which has no time of its own.
        by: Duration,
        /// For what.
        cause: DelayCause,
    },
    /// It waits for its turn to be restarted: its restart has failed and is to be tried again, or its wait is over.
    Retrying {
        /// How its restart failed, if it did. What its supervisor decides is told with [`Crashed`](Self::Crashed).
        crash: Option<Arc<CrashReport>>,
    },
    /// It no longer waits for its restart, or is no longer paused: it is to stay down, or to be started with its group.
    CalledOff,
    /// It was up long enough since its last restart: its [`Backoff`](crate::Backoff) begins anew.
    Recovered,
    /// It did not call [`Context::progress`](crate::Context::progress) in time, and is ended for that.
    Stuck,
    /// It is in one poll for too long, or a task of its scope is: it keeps a thread from all others. Told
    /// once a poll, if the root asks for it by [`stalls_after`](crate::Supervisor::stalls_after).
    Stalled {
        /// How long the poll lasts so far.
        so_far: Duration,
    },
    /// The poll that [`Stalled`](Self::Stalled) told of is over, in whatever way.
    StallOver {
        /// How long it lasted.
        after: Duration,
    },
    /// It has crashed, and its supervisor has decided what follows; beside the event that tells of its end.
    Crashed {
        /// The whole story.
        report: Arc<CrashReport>,
    },
    /// It has used up its own limit of restarts, and stays down.
    Dropped,
    /// [`pause_child`](crate::SupervisorHandle::pause_child) has put it to rest: it is down, and only a call starts it.
    /// One that was never started has no life to tell this of: then it is that of its supervisor.
    Paused,
    /// A new spec has taken the place of its old one: by [`replace_child`](crate::SupervisorHandle::replace_child) or
    /// [`apply`](crate::SupervisorHandle::apply). Told between the end of the last life of the old spec and the start
    /// of the first of the new one; in whose name says [`Paused`](Self::Paused).
    Replaced {
        /// What the child is now.
        child: Arc<ChildOutline>,
    },
    /// Too much has failed: the supervisor begins no restart for that time.
    StormPause {
        /// How long.
        pause: Duration,
    },
    /// The supervisor ends satisfied: a child ended in the way that it waits for.
    Satisfied {
        /// Which child.
        child: ChildPath,
    },
    /// The supervisor gives up and ends: a child ended in a way that restarts cannot mend.
    Hopeless {
        /// Which child, and how it ended.
        escalation: Arc<Escalation>,
    },
    /// The supervisor ends, as one of its children could not start.
    Escalated {
        /// Which child, and why.
        error: InitializationError,
    },
    /// The supervisor ends by itself, as its significant children have ended.
    AutoShutdown {
        /// The significant child that ended last.
        child: ChildPath,
    },
    /// Who can read its configuration anew is asked to: an [`Application`](crate::Application) got
    /// SIGHUP, or [`request_reload`](crate::SupervisorHandle::request_reload) was called.
    ReloadRequested,
}

/// Why a child is started.
///
/// # Examples
///
/// ```
/// # use perennial_core as perennial;
/// use perennial::{Event, EventKind, StartCause, Supervisor, worker};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let clock = worker("clock", |ctx| async move { ctx.stopping().await; Ok(()) });
/// let app = Supervisor::one_for_one("app").child(clock).observer(|event: &Event| {
///     if let EventKind::Starting { cause: StartCause::Restart } = event.kind {
///         println!("{} comes back", event.path);
///     }
/// });
/// app.start().await?.shutdown().await;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum StartCause {
    /// Its supervisor starts.
    FirstStart,
    /// [`start_child`](crate::SupervisorHandle::start_child) was called.
    Added,
    /// [`restart_child`](crate::SupervisorHandle::restart_child) was called.
    Requested,
    /// [`resume_child`](crate::SupervisorHandle::resume_child) was called.
    Resumed,
    /// It has a new spec: [`Replaced`](EventKind::Replaced) was told just before.
    Replaced,
    /// It failed, or it is restarted with its group.
    Restart,
}

/// Why a supervisor aborts the task of a child.
///
/// # Examples
///
/// ```
/// # use perennial_core as perennial;
/// use perennial::{Event, EventKind, KillCause, Supervisor};
///
/// let app = Supervisor::one_for_one("app").observer(|event: &Event| {
///     if let EventKind::Killed { cause: KillCause::GraceOver } = event.kind {
///         println!("{} needs more time for its stop", event.path);
///     }
/// });
/// # let _: Supervisor = app;
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum KillCause {
    /// It is to stop, and its shutdown strategy is [`Brutal`](crate::ShutdownStrategy::Brutal).
    Brutal,
    /// It was asked to stop, and did not in time.
    GraceOver,
    /// It is to stop, and somebody else had aborted its task before.
    Doomed,
    /// It did not start in time.
    InitTimeout,
}

impl EventKind {
    /// Whether somebody should look at it.
    pub(crate) fn is_trouble(&self) -> bool {
        match self {
            Self::StartFailed { .. } | Self::Killed { .. } | Self::Unresponsive => true,
            Self::GaveUp { .. } | Self::Escalated { .. } | Self::Hopeless { .. } => true,
            Self::Stuck | Self::Dropped | Self::StormPause { .. } => true,
            Self::Stalled { .. } => true,
            Self::Delayed { .. } | Self::Recovered | Self::Satisfied { .. } => false,
            // The end itself was told.
            Self::Crashed { .. } | Self::Retrying { .. } | Self::CalledOff => false,
            Self::Listed { .. } | Self::Added { .. } | Self::Removed => false,
            Self::Exited { reason } => reason.is_abnormal(),
            Self::Starting { .. } | Self::Started | Self::Ignored => false,
            Self::StopRequested { .. } | Self::AutoShutdown { .. } => false,
            Self::ReloadRequested | Self::StallOver { .. } => false,
            Self::Paused | Self::Replaced { .. } => false,
        }
    }
}

impl StartCause {
    /// What is done, in words.
    fn as_deed(self) -> &'static str {
        match self {
            Self::Restart => "is restarted",
            Self::Resumed => "is resumed",
            Self::FirstStart | Self::Added | Self::Requested | Self::Replaced => "is started",
        }
    }
}

impl fmt::Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.path, self.kind)
    }
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Listed { children, .. } => list(f, children.len()),
            Self::Added { .. } => f.write_str("is added"),
            Self::Removed => f.write_str("is removed"),
            Self::Starting { cause } => f.write_str(cause.as_deed()),
            Self::Started => f.write_str("runs"),
            Self::Ignored => f.write_str("declined to start"),
            Self::StartFailed { error } => {
                write!(f, "could not start: {}", error.story())
            }
            Self::StopRequested { grace: Some(grace) } => {
                write!(f, "is to stop within {}", Span(*grace))
            }
            Self::StopRequested { grace: None } => f.write_str("is to stop"),
            Self::Killed { .. } => f.write_str("is killed"),
            Self::Exited { reason } => write!(f, "exited: {reason}"),
            Self::Unresponsive => f.write_str("is unresponsive: its task does not end"),
            Self::GaveUp { exhausted } => {
                write!(f, "{}", Deed(exhausted))?;
                match exhausted.source() {
                    Some(source) => write!(f, ": {}", Chain(source)),
                    None => Ok(()),
                }
            }
            Self::Delayed {
                cause: DelayCause::Dependency,
                ..
            } => write!(f, "is restarted later: {}", DelayCause::Dependency),
            Self::Delayed { by, cause } => {
                write!(f, "is restarted in {}: {cause}", Span(*by))
            }
            Self::Retrying { .. } => f.write_str("waits for its turn to be restarted"),
            Self::CalledOff => f.write_str("no longer waits to be started"),
            Self::Recovered => f.write_str("has recovered"),
            Self::Stuck => f.write_str("is stuck: it makes no progress"),
            Self::Stalled { so_far } => {
                let so_far = Span(whole_millis(*so_far));
                write!(f, "is in one poll for {so_far} so far: it keeps a thread")
            }
            Self::StallOver { after } => {
                write!(f, "has left its poll after {}", Span(whole_millis(*after)))
            }
            Self::Crashed { report } => write!(f, "crashed: {}", report.decision),
            Self::Dropped => f.write_str("stays down: its restarts are used up"),
            Self::Paused => f.write_str("is paused"),
            Self::Replaced { child } => replace(f, child.version.as_deref()),
            Self::StormPause { pause } => {
                write!(
                    f,
                    "begins no restart for {}: too much has failed",
                    Span(*pause)
                )
            }
            Self::Satisfied { child } => write!(f, "ends satisfied by {child}"),
            Self::Hopeless { escalation } => {
                write!(f, "{}", Surrender(escalation))?;
                match escalation.source() {
                    Some(source) => write!(f, ": {}", Chain(source)),
                    None => Ok(()),
                }
            }
            Self::Escalated { error } => write!(f, "ends: {}", error.story()),
            Self::AutoShutdown { child } => write!(f, "ends, as {child} has ended"),
            Self::ReloadRequested => f.write_str("is to read its configuration anew"),
        }
    }
}

fn list(f: &mut fmt::Formatter<'_>, children: usize) -> fmt::Result {
    match children {
        1 => f.write_str("has 1 child"),
        count => write!(f, "has {count} children"),
    }
}

fn replace(f: &mut fmt::Formatter<'_>, version: Option<&str>) -> fmt::Result {
    match version {
        Some(version) => write!(f, "has a new spec, version {version}"),
        None => f.write_str("has a new spec"),
    }
}

/// A time that was measured, as exact as people read it.
fn whole_millis(time: Duration) -> Duration {
    Duration::from_millis(u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
}
