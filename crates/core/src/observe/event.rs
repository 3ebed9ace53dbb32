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

/// One change of a tree: what happened to which life of which child.
///
/// Each life has exactly one [`Starting`](EventKind::Starting), and later exactly one of
/// [`Ignored`](EventKind::Ignored), [`StartFailed`](EventKind::StartFailed), or
/// [`Exited`](EventKind::Exited) after [`Started`](EventKind::Started).
/// Prints as one line.
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
///     .child(clock);                                       // "  2 app/clock is started", and so on
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
    /// The life of that child.
    pub incarnation: Incarnation,
    /// What happened.
    pub kind: EventKind,
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
    Killed,
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
    /// One that never ran has no life to tell this of: then it is that of its supervisor.
    Paused,
    /// A new spec has taken the place of its old one: by [`replace_child`](crate::SupervisorHandle::replace_child) or
    /// [`apply`](crate::SupervisorHandle::apply). Told between the end of the last life of the old spec and the start
    /// of the first of the new one; in whose name says [`Paused`](Self::Paused).
    Replaced {
        /// The version that the new one says it is.
        version: Option<Arc<str>>,
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

impl EventKind {
    /// Whether somebody should look at it.
    pub(crate) fn is_trouble(&self) -> bool {
        match self {
            Self::StartFailed { .. } | Self::Killed | Self::Unresponsive => true,
            Self::GaveUp { .. } | Self::Escalated { .. } | Self::Hopeless { .. } => true,
            Self::Stuck | Self::Dropped | Self::StormPause { .. } => true,
            Self::Stalled { .. } => true,
            Self::Delayed { .. } | Self::Recovered | Self::Satisfied { .. } => false,
            // The end itself was told.
            Self::Crashed { .. } => false,
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
            Self::Killed => f.write_str("is killed"),
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
            Self::Replaced { version: None } => f.write_str("has a new spec"),
            Self::Replaced {
                version: Some(version),
            } => {
                write!(f, "has a new spec, version {version}")
            }
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
            Self::Escalated { error } => {
                write!(f, "ends: {}", error.story())
            }
            Self::AutoShutdown { child } => write!(f, "ends, as {child} has ended"),
            Self::ReloadRequested => f.write_str("is to read its configuration anew"),
        }
    }
}

/// A time that was measured, as exact as people read it.
fn whole_millis(time: Duration) -> Duration {
    Duration::from_millis(u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
}
